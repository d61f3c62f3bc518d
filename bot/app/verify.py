"""After a deploy: did the cluster take it?"""

from collections.abc import Iterable
from dataclasses import dataclass

from bot.app.planner import Planner
from bot.app.ports import Checkout, Clusters
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef, Target
from bot.core.moved import moved
from bot.core.planned import ObjectPlan, Plan

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "Job", "CustomResourceDefinition")


@dataclass(frozen=True, slots=True)
class Verdict:
    """`settled` is false while there is hope in waiting; `good` is the answer once settled.

    `lines` are plain sentences for the note, the first reason first.
    """

    settled: bool
    good: bool
    lines: tuple[str, ...]


class Verifier:
    """Compares the cluster with the plan that was deployed."""

    def __init__(self, planner: Planner, clusters: Clusters) -> None:
        self._planner = planner
        self._clusters = clusters

    async def look(self, target: Target, approved: Plan, tree: Checkout) -> Verdict:
        """One look: revisions, rollouts, and a fresh plan of the merged tree that must be empty."""
        try:
            wrong = await self._revisions(target, approved)
            if wrong:
                return Verdict(True, False, tuple(wrong))
            waiting, failed = await self._rollouts(target, approved)
        except (ClusterUnreachable, ClusterForbids) as error:
            return Verdict(False, False, (f"The cluster could not be read: {error.what}.",))
        if failed:
            return Verdict(True, False, tuple(failed))
        fresh = (await self._planner.prepare(target, tree)).plan
        if not fresh.complete:
            return Verdict(False, False, ("A fresh plan could not be made.", *_messages(fresh)))
        left = [f"{r.key} would still be changed ({r.action})." for r in fresh.releases if r.action != "none"]
        if left:
            return Verdict(True, False, tuple(left))
        if waiting:
            return Verdict(False, False, tuple(waiting))
        return Verdict(True, True, _summary(approved))

    async def moved(self, target: Target, sealed: Plan, tree: Checkout) -> tuple[str, ...]:
        """What differs between the sealed plan and one that is made now, in plain sentences."""
        return tuple(moved(sealed, (await self._planner.prepare(target, tree)).plan))

    async def _revisions(self, target: Target, approved: Plan) -> list[str]:
        wrong: list[str] = []
        async with self._clusters.open(target) as cluster:
            for release in approved.releases:
                if release.action == "none":
                    continue
                live = await cluster.release(release.namespace, release.name)
                gone = live is None or live.newest.status == "uninstalled"
                if release.action == "uninstall":
                    if not gone:
                        wrong.append(f"{release.key} is still there.")
                elif live is None or gone:
                    wrong.append(f"{release.key} is not there.")
                elif live.newest.status != "deployed":
                    wrong.append(f"{release.key} is {live.newest.status} at revision {live.newest.revision}.")
                elif live.newest.revision <= (release.revision_from or 0):
                    wrong.append(f"{release.key} is still at revision {live.newest.revision}.")
                elif live.newest.chart_version != release.chart_to:
                    runs = live.newest.chart_version
                    wrong.append(f"{release.key} runs chart version {runs}, not {release.chart_to}.")
        return wrong

    async def _rollouts(self, target: Target, approved: Plan) -> tuple[list[str], list[str]]:
        refs = [ref for release in approved.releases for ref in _workloads(release.objects)]
        if not refs:
            return [], []
        async with self._clusters.open(target) as cluster:
            states = await cluster.rollouts(refs)
        pairs = list(zip(refs, states, strict=True))
        waiting = [f"{ref}: {s.message}" for ref, s in pairs if not s.ready and not s.failed]
        failed = [f"{ref}: {s.message}" for ref, s in pairs if s.failed]
        return waiting, failed


def _workloads(objects: Iterable[ObjectPlan]) -> list[ObjectRef]:
    stays = [item for item in objects if item.hook is None and item.action != "delete"]
    return [item.ref for item in stays if item.ref.kind in WORKLOADS]


def _messages(plan: Plan) -> tuple[str, ...]:
    return tuple(finding.message for finding in plan.all_findings[:5])


def _summary(approved: Plan) -> tuple[str, ...]:
    lines = []
    for release in approved.releases:
        match release.action:
            case "none":
                continue
            case "uninstall":
                lines.append(f"{release.key} is uninstalled.")
            case "install" | "upgrade":
                lines.append(f"{release.key} runs {release.chart_name} {release.chart_to}.")
    return (*lines, "Rollouts are done, and a fresh plan is empty.")
