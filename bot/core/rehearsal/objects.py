"""What Helm would do to one object of a release: create it, change it, or fail."""

from dataclasses import replace
from typing import Any

from bot.core.diff import comparable
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.objects import (
    RELEASE_NAME,
    RELEASE_NAMESPACE,
    annotations_of,
    missing_marks,
    owned_by,
    with_metadata,
)
from bot.core.planned import ObjectPlan
from bot.core.question import Apply, Create, Found, NoSuchKind, Question, Read, Refused
from bot.core.rehearsal.asking import Asking, ask
from bot.core.rehearsal.case import Outcome, Piece, Stage
from bot.core.rehearsal.client_side import patched
from bot.core.rehearsal.outcome import outcome, warnings
from bot.core.rehearsal.refusals import refusal
from bot.core.rehearsal.schema import as_defaulted, judged_by_crd, second_opinion

STAND_IN = "default"
"""The namespace in which objects of a namespace that does not exist yet are checked."""

OTHER_NAME = "-purser-rehearsal"
"""Ends the name under which an object is checked while another one of its name still stands."""

_NOT_ABOUT_THE_OBJECT = frozenset({"quota", "forbidden", "exists", "conflict", "namespace-missing"})


def rehearse_object(stage: Stage, piece: Piece) -> Asking[Outcome]:
    """One object of the new manifest. Raises nothing: what would fail is an error finding."""
    ref, live = piece.ref, stage.live.get(piece.ref.identity)
    if not ref.name:
        return _nameless(ref)
    if not stage.served(ref):
        return _unserved(stage, piece)
    denied = _not_ours(stage, ref, live) if live is not None else None
    if live is not None and denied and stage.case.desired.take_ownership:
        marked = in_place(
            owned_by(piece.manifest, stage.case.desired.name, stage.case.desired.namespace), ref
        )
        over = patched if stage.client_side else applied
        made = yield from over(stage, Piece(ref, marked), live, source=piece.manifest)
        return replace(made, findings=(_taken_over(denied), *made.findings))
    if live is not None and denied:
        return _stays(stage, ref, live, denied)
    if ref.namespace in stage.absent and ref.namespace not in stage.coming:
        return Outcome((ObjectPlan(ref, "create"),), (_homeless(ref),))
    release = stage.case.desired
    marked = in_place(owned_by(piece.manifest, release.name, release.namespace), ref)
    if live is None:
        return (yield from created(stage, piece.ref, marked, source=piece.manifest))
    if stage.client_side:
        return (yield from patched(stage, Piece(ref, marked), live, source=piece.manifest))
    return (yield from applied(stage, Piece(ref, marked), live, source=piece.manifest))


def applied(
    stage: Stage, piece: Piece, live: Manifest, *, source: Manifest, hook: str | None = None
) -> Asking[Outcome]:
    """A server-side apply over an object that exists."""
    ref = piece.ref
    answer = yield from ask(Apply(piece.manifest))
    taken: tuple[Finding, ...] = ()
    if (
        isinstance(answer, Refused)
        and answer.status == 409
        and stage.case.desired.force_conflicts
        and hook is None
    ):
        taken = (_taken(refusal(answer, ref, stage.case.masker)),)
        answer = yield from ask(Apply(piece.manifest, force=True))
    match answer:
        case Found(result, said):
            found = (*taken, *warnings(stage.case, ref, said))
            return outcome(stage, ref, before=live, after=result, source=source, hook=hook, findings=found)
        case Refused() | NoSuchKind():
            findings = second_opinion(stage, ref, source, refusal(answer, ref, stage.case.masker))
            if any(found.level is Level.ERROR for found in findings):
                return _stays(stage, ref, live, *findings, hook=hook)
            # What it will be is not known exactly, and it is not nothing.
            merged = as_defaulted(stage, ref, _over(live, piece.manifest))
            return outcome(stage, ref, before=live, after=merged, source=source, hook=hook, findings=findings)
        case _:
            raise AssertionError(f"no answer to an apply: {answer}")


def created(
    stage: Stage, ref: ObjectRef, manifest: Manifest, *, source: Manifest, hook: str | None = None
) -> Asking[Outcome]:
    """A creation. Where the name or the namespace is not free yet, it is checked in another place."""
    asked = manifest
    elsewhere = ref.namespace in stage.absent or ref.identity in stage.case.overlay.gone
    if ref.namespace in stage.absent:
        asked = with_metadata(asked, namespace=STAND_IN)
        stands = yield from ask(Read(replace(ref, namespace=STAND_IN)))
        elsewhere_named = isinstance(stands, Found)
    else:
        elsewhere_named = ref.identity in stage.case.overlay.gone
    if elsewhere_named:
        asked = with_metadata(asked, name=other_name(ref.name))
    answer = yield from ask(_creation(stage, asked))
    match answer:
        case Found(result, said):
            result = back_in_place(result, asked, manifest)
            found = warnings(stage.case, ref, said)
            return outcome(stage, ref, before=None, after=result, source=source, hook=hook, findings=found)
        case Refused() | NoSuchKind():
            error = refusal(answer, ref, stage.case.masker)
            shown = stage.case.masker.manifest(comparable(as_defaulted(stage, ref, manifest)))
            plan = ObjectPlan(ref, "create", hook=hook, after=shown)
            if stage.client_side and error.code == "unknown-field":
                # Helm's client-side creation does not ask for strict validation; the field is dropped.
                return Outcome((plan,), (replace(error, level=Level.WARNING),))
            if elsewhere and error.code in _NOT_ABOUT_THE_OBJECT:
                return Outcome((plan,), (_not_checked(ref, error),))
            return Outcome((plan,), second_opinion(stage, ref, source, error))
        case _:
            raise AssertionError(f"no answer to a creation: {answer}")


def _over(live: Any, manifest: Any) -> Any:
    if isinstance(live, dict) and isinstance(manifest, dict):
        return {**live, **{key: _over(live.get(key), value) for key, value in manifest.items()}}
    return manifest


def _creation(stage: Stage, manifest: Manifest) -> Question:
    return Create(manifest) if stage.client_side else Apply(manifest)


def other_name(name: str) -> str:
    """A name that is free, close to `name`, and no longer than a label may be."""
    return name[: 63 - len(OTHER_NAME)].rstrip("-.") + OTHER_NAME


def back_in_place(result: Manifest, asked: Manifest, meant: Manifest) -> Manifest:
    """What was answered for another name or namespace, as it will be in its own place."""
    if asked is meant:
        return result
    was, now = asked["metadata"], meant["metadata"]
    made: Manifest = _renamed(result, str(was.get("name")), str(now.get("name")))
    return with_metadata(made, name=now.get("name"), namespace=now.get("namespace"))


def _renamed(value: Any, old: str, new: str) -> Any:
    if old == new:
        return value
    if isinstance(value, dict):
        return {key: _renamed(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [_renamed(item, old, new) for item in value]
    return new if value == old else value


def in_place(manifest: Manifest, ref: ObjectRef) -> Manifest:
    """The object with the namespace that it will live in, if its kind has one."""
    return with_metadata(manifest, namespace=ref.namespace or None)


def _not_ours(stage: Stage, ref: ObjectRef, live: Manifest) -> Finding | None:
    """Helm's check before it takes over an object that its base does not hold."""
    if any(piece.ref == ref for piece in stage.base):
        return None
    release = stage.case.desired
    missing = missing_marks(live, release.name, release.namespace)
    if not missing:
        return None
    owner = _other_release(live, release.key)
    whose = f"belongs to release {owner}" if owner else "is not of this release"
    fix = (
        f"Uninstall {owner} first if this release takes its place (to Helm a renamed release is another "
        "one), or give the object another name."
        if owner
        else "Delete it, give the release's object another name, or mark it as this release's (label "
        "app.kubernetes.io/managed-by=Helm, annotations meta.helm.sh/release-name and release-namespace)."
    )
    says = f"{ref} exists already and {whose}: {'; '.join(missing)}."
    return Finding(Level.ERROR, "adoption", stage.case.masker.text(says), stage.case.masker.text(fix), ref)


def _taken_over(denied: Finding) -> Finding:
    """What would refuse the deploy, where the release takes ownership of what it finds."""
    message = f"{denied.message} The release takes it over (take_ownership)."
    return replace(denied, level=Level.WARNING, message=message, fix="")


def _other_release(live: Manifest, own: str) -> str:
    found = annotations_of(live)
    name, namespace = found.get(RELEASE_NAME), found.get(RELEASE_NAMESPACE)
    owner = f"{namespace}/{name}" if name and namespace else ""
    return "" if owner == own else owner


def _stays(stage: Stage, ref: ObjectRef, live: Manifest, *found: Finding, hook: str | None = None) -> Outcome:
    shown = stage.case.masker.manifest(comparable(live))
    return Outcome((ObjectPlan(ref, "unchanged", hook=hook, before=shown, after=shown),), found)


def _unserved(stage: Stage, piece: Piece) -> Outcome:
    ref = piece.ref
    if (ref.api_version, ref.kind) not in stage.kinds:
        return Outcome((ObjectPlan(ref, "create"),), (refusal(NoSuchKind(), ref, stage.case.masker),))
    release = stage.case.desired
    marked = in_place(owned_by(piece.manifest, release.name, release.namespace), ref)
    shown = stage.case.masker.manifest(as_defaulted(stage, ref, marked))
    return Outcome((ObjectPlan(ref, "create", after=shown),), judged_by_crd(stage, ref, piece.manifest))


def _nameless(ref: ObjectRef) -> Outcome:
    error = Finding(
        Level.ERROR,
        "invalid-object",
        f"A {ref.kind} of the chart has no metadata.name (generateName does not work with Helm's apply).",
        "Give the object a name.",
        ref,
    )
    return Outcome((), (error,))


def _homeless(ref: ObjectRef) -> Finding:
    return Finding(
        Level.ERROR,
        "namespace-missing",
        f"{ref}: namespace {ref.namespace} does not exist.",
        "Create the namespace first (create_namespace makes the release's own), or correct its name.",
        ref,
    )


def _not_checked(ref: ObjectRef, error: Finding) -> Finding:
    return Finding(
        Level.INFO,
        "not-checked",
        f"{ref} could not be checked in its place yet, and elsewhere the API server says: {error.message}",
        object=ref,
    )


def _taken(conflict: Finding) -> Finding:
    says = conflict.message.partition(". Helm")[0]
    message = f"{says}. The release takes it (force_conflicts)."
    return Finding(Level.WARNING, "conflict-forced", message, object=conflict.object)
