"""What a rollback does not bring back, named before anybody relies on it.

Helm's rollback (pkg/action/rollback.go) applies the stored manifest of a revision over the newest one's and
runs the stored `pre-rollback` and `post-rollback` hooks. It renders nothing, and never looks at crds/.
"""

from collections.abc import Sequence

from bot.core.model import Finding, Level
from bot.core.rehearsal.case import CRD, Case, Outcome
from bot.core.release import StoredRelease

_KEEPS_DATA = frozenset({"PersistentVolumeClaim", "PersistentVolume", "StatefulSet", CRD})


def about_rollback(case: Case, outcomes: Sequence[Outcome]) -> Outcome:
    """Findings about what the way back leaves as it is. `case.rollback` is the revision that is meant."""
    back, live = case.rollback, case.live
    if back is None or live is None:
        return Outcome()
    found = [*_emptied(back, outcomes), *_crds(back, live.newest), *_hooks(back, live.newest)]
    if back.status == "failed":
        says = f"Revision {back.revision} failed when it was deployed; going back to it brings that back."
        found.append(Finding(Level.WARNING, "rollback-to-failed", says, "Name a revision that succeeded."))
    if back.apply_method != live.newest.apply_method:
        says = (
            f"Revision {back.revision} was applied {_method(back)}, the newest {_method(live.newest)}: Helm "
            f"goes on {_method(back)}."
        )
        found.append(Finding(Level.INFO, "rollback-method", says))
    return Outcome((), tuple(found))


def _emptied(back: StoredRelease, outcomes: Sequence[Outcome]) -> list[Finding]:
    made = (plan for one in outcomes for plan in one.plans if plan.action == "create" and plan.hook is None)
    return [
        Finding(
            Level.WARNING,
            "rollback-without-data",
            f"{plan.ref} is made anew as revision {back.revision} had it, without the data that it had then.",
            "Restore the data from a copy afterwards.",
            plan.ref,
        )
        for plan in made
        if plan.ref.kind in _KEEPS_DATA
    ]


def _crds(back: StoredRelease, newest: StoredRelease) -> list[Finding]:
    versions = (back.chart_version, newest.chart_version)
    if versions[0] == versions[1]:
        return []
    says = (
        f"The chart goes from {versions[1]} back to {versions[0]}, and Helm never touches what a chart has "
        "in crds/: those CRDs stay as they are."
    )
    fix = f"Where the chart has any, compare them with those of version {versions[0]}."
    return [Finding(Level.INFO, "rollback-leaves-crds", says, fix)]


def _hooks(back: StoredRelease, newest: StoredRelease) -> list[Finding]:
    ran = sorted(
        f"{hook.manifest.get('kind')} {hook.manifest.get('metadata', {}).get('name', '')}".strip()
        for hook in newest.hooks
        if {"pre-install", "post-install", "pre-upgrade", "post-upgrade"} & set(hook.events)
    )
    if not ran:
        return []
    says = (
        f"What hooks did for revision {newest.revision} (a migration, say) stays done: {', '.join(ran)}. "
        f"A rollback runs the pre-rollback and post-rollback hooks of revision {back.revision}, no others."
    )
    return [Finding(Level.WARNING, "rollback-leaves-hooks", says, "Undo by hand what has to be undone.")]


def _method(stored: StoredRelease) -> str:
    return "server-side" if stored.apply_method == "ssa" else "client-side"
