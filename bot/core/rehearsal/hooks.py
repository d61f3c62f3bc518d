"""What a chart's hooks would do (Helm's pkg/action/hooks.go).

Hooks carry no ownership marks. Before a hook runs, its deletion policy `before-hook-creation` removes the old
object; without that policy a server-side apply goes over it. An object of the old manifest that became a hook
is deleted with the rest of what the new manifest lacks.
"""

from dataclasses import replace

from bot.core.model import Finding, Level, ObjectRef
from bot.core.objects import with_metadata
from bot.core.planned import ObjectPlan
from bot.core.question import Apply, Create, Found, NoSuchKind, Refused
from bot.core.rehearsal.asking import Asking, ask
from bot.core.rehearsal.case import CRD, Identity, Outcome, Piece, Stage, last_of_each
from bot.core.rehearsal.objects import applied, back_in_place, created, in_place, other_name
from bot.core.rehearsal.outcome import outcome, warnings
from bot.core.rehearsal.refusals import refusal
from bot.core.release import Hook

BEFORE, SUCCEEDED = "before-hook-creation", "hook-succeeded"


def hooks_for(
    stage: Stage, hooks: tuple[Hook, ...], events: tuple[str, str]
) -> list[tuple[Piece, Hook, str]]:
    """The hooks of these two events, in the order in which they run, one entry per object.

    The text names the events. Test hooks never run here.
    """
    ordered: list[tuple[Piece, Hook, str]] = []
    for event in events:
        running = [hook for hook in hooks if event in hook.events]
        for hook in sorted(running, key=lambda h: (h.weight, stage.case.ref(h.manifest).name)):
            ordered.append((Piece(stage.case.ref(hook.manifest), hook.manifest), hook, event))
    names: dict[Identity, list[str]] = {}
    for piece, _, event in ordered:
        names.setdefault(piece.ref.identity, []).append(event)
    kept = {id(piece) for piece in last_of_each([piece for piece, _, _ in ordered])}
    return [
        (piece, hook, ",".join(dict.fromkeys(names[piece.ref.identity])))
        for piece, hook, _ in ordered
        if id(piece) in kept
    ]


def rehearse_hook(stage: Stage, piece: Piece, hook: Hook, events: str) -> Asking[Outcome]:
    """One hook object, over all the events that it runs at."""
    ref, live = piece.ref, stage.live.get(piece.ref.identity)
    if not ref.name:
        error = Finding(
            Level.ERROR,
            "invalid-object",
            f"The {events} hook of kind {ref.kind} has no metadata.name; Helm's apply needs one.",
            "Give the hook a name.",
            ref,
        )
        return Outcome((), (error,))
    if not stage.served(ref):
        found = refusal(NoSuchKind(), ref, stage.case.masker)
        return Outcome((ObjectPlan(ref, "create", hook=events),), (found,))
    body = Piece(ref, in_place(piece.manifest, ref))
    if live is None:
        result = yield from created(stage, ref, body.manifest, source=piece.manifest, hook=events)
    elif (BEFORE in hook.delete_policies and ref.kind != CRD) or _deleted_first(stage, ref, events):
        result = yield from _replaced(stage, body, piece, events)
    elif stage.client_side:
        result = yield from _created_over(stage, body, events)
    else:
        result = yield from applied(stage, body, live, source=piece.manifest, hook=events)
    return _and_then(stage, result, hook, events)


def _deleted_first(stage: Stage, ref: ObjectRef, events: str) -> bool:
    """Whether it goes with the objects that the new manifest lacks, before the hook runs."""
    in_base = any(piece.ref.identity == ref.identity for piece in stage.base)
    in_new = any(piece.ref.identity == ref.identity for piece in stage.targets)
    return in_base and not in_new and "pre-" not in events


def _replaced(stage: Stage, body: Piece, piece: Piece, events: str) -> Asking[Outcome]:
    """The old object goes, the new one comes: asked under another name, since the old one still stands."""
    ref, live = body.ref, stage.live[body.ref.identity]
    asked = with_metadata(body.manifest, name=other_name(ref.name))
    answer = yield from ask(Create(asked) if stage.client_side else Apply(asked))
    match answer:
        case Found(result, said):
            return outcome(
                stage,
                ref,
                before=live,
                after=back_in_place(result, asked, body.manifest),
                source=piece.manifest,
                action="replace",
                hook=events,
                findings=warnings(stage.case, ref, said),
            )
        case Refused() | NoSuchKind():
            return Outcome(
                (ObjectPlan(ref, "replace", hook=events),), (refusal(answer, ref, stage.case.masker),)
            )
        case _:
            raise AssertionError(f"no answer to an apply: {answer}")


def _created_over(stage: Stage, body: Piece, events: str) -> Asking[Outcome]:
    answer = yield from ask(Create(body.manifest))
    if isinstance(answer, Refused):
        error = refusal(answer, body.ref, stage.case.masker)
        return Outcome((ObjectPlan(body.ref, "unchanged", hook=events),), (error,))
    return Outcome((ObjectPlan(body.ref, "create", hook=events),))


def _and_then(stage: Stage, result: Outcome, hook: Hook, events: str) -> Outcome:
    """What Helm still does to the object after the hook ran."""
    succeeded = SUCCEEDED in hook.delete_policies
    if not result.plans or result.failed:
        return result
    (plan,) = result.plans
    was_object = any(piece.ref.identity == plan.ref.identity for piece in stage.base)
    still = any(piece.ref.identity == plan.ref.identity for piece in stage.targets)
    goes = succeeded and plan.ref.kind != CRD
    swept = was_object and not still and "post-" not in events
    if not goes and not swept:
        return result
    findings = result.findings
    if swept and not goes:
        findings = (*findings, _swept(plan.ref, events))
    # What stood before is gone afterwards; what did not stand comes and goes.
    gone = plan.before is not None and (swept or was_object or plan.action == "replace")
    if gone or (goes and plan.before is not None):
        plan = replace(plan, action="delete", changes=(), noise=(), after=None)
    return Outcome((replace(plan, deleted_after=True),), findings)


def _swept(ref: ObjectRef, events: str) -> Finding:
    return Finding(
        Level.WARNING,
        "hook-deleted",
        f"{ref} was an object of the release and becomes a {events} hook: Helm deletes it at the end, with "
        "what the new manifest lacks.",
        "Give the hook another name.",
        ref,
    )
