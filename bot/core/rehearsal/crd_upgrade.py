"""The CRDs of a chart's crds/ where the target upgrades them with the release (`deploy.crds: upgrade`).

Each is applied server-side before the release, as field manager `helm`. None is ever deleted.
"""

from collections.abc import Iterable, Sequence
from dataclasses import replace

from bot.core.diff import within
from bot.core.model import Finding, Level, Manifest, ObjectRef
from bot.core.objects import mappings
from bot.core.planned import ObjectPlan
from bot.core.question import UNANSWERED, Apply, Found, Refused
from bot.core.rehearsal.asking import Asking, ask, together
from bot.core.rehearsal.case import CRD, Outcome, Piece, Stage
from bot.core.rehearsal.crds import rehearse_first
from bot.core.rehearsal.outcome import outcome, warnings
from bot.core.rehearsal.refusals import managers_in, refusal

HELM = frozenset({"helm"})


def upgrade_crds(stage: Stage, pieces: Sequence[Piece]) -> Asking[Outcome]:
    """What upgrading them would do; those that are as the chart has them are left out."""
    outcomes = yield from together([_upgraded(stage, piece) for piece in pieces])
    plans = tuple(plan for one in outcomes for plan in one.plans if plan.action != "unchanged")
    findings = tuple(finding for one in outcomes for finding in one.findings)
    failed = any(finding.level is Level.ERROR for finding in findings)
    return Outcome(plans, findings if failed or not plans else (_upgrades(plans), *findings))


def to_upgrade(crds: Iterable[Manifest], plans: Iterable[ObjectPlan]) -> tuple[Manifest, ...]:
    """Those CRDs of crds/ that a plan changes or creates."""
    names = {plan.ref.name for plan in plans if plan.ref.kind == CRD and plan.action in ("create", "update")}
    return tuple(crd for crd in crds if (crd.get("metadata") or {}).get("name") in names)


def may_take(causes: Iterable[tuple[str, str, str]], *, force: bool) -> bool:
    """Whether conflicting fields are taken: by wish of the release, or from Helm itself, which made the CRD.

    Helm 3 wrote CRDs by another kind of write than an apply, and so as another manager of the same name.
    """
    return force or managers_in(causes) == HELM


def _upgraded(stage: Stage, piece: Piece) -> Asking[Outcome]:
    ref, live = piece.ref, stage.live.get(piece.ref.identity)
    if live is None:
        return (yield from rehearse_first(stage, piece))
    if within(piece.manifest.get("spec"), live.get("spec")):
        return Outcome()
    if lost := lost_versions(live, piece.manifest):
        return Outcome((), (_would_lose(ref, lost),))
    answer = yield from ask(Apply(piece.manifest, advisory=True))
    if isinstance(answer, Refused) and answer.status == 409:
        if not may_take(answer.causes, force=stage.case.desired.force_conflicts):
            return Outcome((), (_conflict(refusal(answer, ref, stage.case.masker), ref),))
        answer = yield from ask(Apply(piece.manifest, force=True, advisory=True))
    match answer:
        case Found(result, said):
            found = warnings(stage.case, ref, said)
            return outcome(stage, ref, before=live, after=result, source=piece.manifest, findings=found)
        case Refused(status) if status == UNANSWERED:
            after = {**live, "spec": piece.manifest.get("spec")}
            found = (_unanswered(ref),)
            return outcome(stage, ref, before=live, after=after, source=piece.manifest, findings=found)
        case Refused():
            return Outcome((), (refusal(answer, ref, stage.case.masker),))
        case _:
            raise AssertionError(f"no answer to an apply: {answer}")


def lost_versions(live: Manifest, new: Manifest) -> list[str]:
    """Versions in which objects may be stored (status.storedVersions) and which the new CRD lacks."""
    stored = (live.get("status") or {}).get("storedVersions")
    has = {version.get("name") for version in mappings((new.get("spec") or {}).get("versions"))}
    return [str(name) for name in stored if name not in has] if isinstance(stored, list) else []


def _upgrades(plans: Sequence[ObjectPlan]) -> Finding:
    parts = [
        f"{plan.ref.name} ({'new' if plan.action == 'create' else f'{len(plan.changes)} changes'})"
        for plan in plans
    ]
    return Finding(
        Level.INFO,
        "crds-upgraded",
        f"CRDs of the chart's crds/ will be upgraded before the release: {', '.join(parts)}. Helm itself "
        "would leave them as they are (deploy.crds: upgrade).",
    )


def _would_lose(ref: ObjectRef, lost: Sequence[str]) -> Finding:
    names = ", ".join(lost)
    return Finding(
        Level.ERROR,
        "crd-stored-version",
        f"{ref}: the chart's crds/ has no version {names} any more, in which objects may still be stored "
        "(status.storedVersions). Without it they could not be read, and would be lost.",
        "Store them in a version that stays (read and write each object, or a StorageVersionMigration), take "
        "the old one out of the CRD's status.storedVersions, then plan again.",
        ref,
    )


def _conflict(found: Finding, ref: ObjectRef) -> Finding:
    fix = (
        "Let Helm own it once (kubectl apply --server-side --field-manager=helm --force-conflicts) with the "
        f"chart's {ref.name}. Or set force_conflicts for this release, which takes fields of all its objects."
    )
    return replace(found, fix=fix)


def _unanswered(ref: ObjectRef) -> Finding:
    return Finding(
        Level.WARNING,
        "crd-not-checked",
        f"{ref} will be upgraded, but the API server did not answer in time what that would make of it.",
        "The difference that is shown leaves out what the API server fills in.",
        ref,
    )
