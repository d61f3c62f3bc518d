"""What was changed by hand since the deployed revision, and whether this upgrade sets it back."""

from collections.abc import Mapping, Sequence

from bot.core.diff import comparable, same
from bot.core.drift.fields import Drifted, as_kept, drifted, pointer_to
from bot.core.model import Level, Manifest, ObjectRef
from bot.core.objects import owned_by
from bot.core.planned import Change, Drift, ObjectPlan
from bot.core.pointer import resolve
from bot.core.rehearsal.case import Outcome, Piece, Stage


def drift_since(stage: Stage, outcomes: Sequence[Outcome]) -> Outcome:
    """The drift of every object that stays, after what the steps found out about it."""
    plans = {plan.ref.identity: plan for one in outcomes for plan in one.plans}
    failing = {finding.object for one in outcomes for finding in one.findings if finding.level is Level.ERROR}
    found: list[Drift] = []
    for piece in stage.base:
        plan = plans.get(piece.ref.identity)
        if plan is None or plan.hook is not None or plan.action in ("delete", "replace"):
            continue
        refused = plan.ref in failing
        live = stage.live.get(piece.ref.identity)
        if live is not None:
            found += _of_object(stage, piece, live, plan, refused=refused)
        elif _whole(stage) and piece.ref.identity not in stage.case.overlay.gone:
            found.append(_deleted(stage, plan.ref, refused=refused))
    return Outcome(drift=tuple(found))


def _whole(stage: Stage) -> bool:
    """Whether all of the base stood at its end: no revision failed half-way, then or since."""
    live = stage.case.live
    return live is not None and live.newest.status == "deployed" and live.base == live.newest


def _deleted(stage: Stage, ref: ObjectRef, *, refused: bool) -> Drift:
    return Drift(stage.case.desired.name, ref, (Change("", "remove"),), reverts=None if refused else True)


def _of_object(stage: Stage, piece: Piece, live: Manifest, plan: ObjectPlan, *, refused: bool) -> list[Drift]:
    release = stage.case.desired
    base = as_kept(owned_by(piece.manifest, release.name, release.namespace))
    fields = drifted(base, live)
    if not fields:
        return []
    was, now = stage.case.masker.pair(base, comparable(live))
    grouped: dict[tuple[tuple[str, ...], str, bool | None], list[Change]] = {}
    for one in fields:
        reverts = None if refused else _reverts(one, plan)
        if one.gone and not _removed_by_hand(stage, reverts):
            continue
        change = change_of(one, was or {}, now or {})
        if change is not None:
            grouped.setdefault((one.managers, one.time, reverts), []).append(change)
    return [
        Drift(release.name, plan.ref, tuple(changes), managers, time, reverts)
        for (managers, time, reverts), changes in grouped.items()
    ]


def _removed_by_hand(stage: Stage, reverts: bool | None) -> bool:
    """Whether what is not there was there: a creation of client-side Helm drops unknown fields silently."""
    return _whole(stage) and (reverts is True or not stage.client_side)


def _reverts(one: Drifted, plan: ObjectPlan) -> bool | None:
    if plan.before is None or plan.after is None:
        return None
    there = pointer_to(plan.after, one.steps)
    if one.gone:
        return there is not None
    here = pointer_to(plan.before, one.steps)
    if there is None or here is None:
        return True
    return not same(resolve(plan.before, here), resolve(plan.after, there))


def change_of(one: Drifted, was: Mapping[str, object], now: Mapping[str, object]) -> Change | None:
    """The change from `was`, the masked object as applied, to `now`, the masked one as it stands."""
    old = pointer_to(was, one.steps)
    if old is None:
        return None
    if one.gone:
        return Change(old, "remove", resolve(was, old))
    new = pointer_to(now, one.steps)
    return None if new is None else Change(new, "replace", resolve(was, old), resolve(now, new))
