"""After a deploy: did the cluster take it?"""

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import replace

from bot.app.diagnosing import Diagnosing
from bot.app.plan.planner import Planner
from bot.app.ports import Checkout, Cluster, Clusters
from bot.app.ports.cluster import ReleaseHead
from bot.app.ports.timing import UNTIMED, Phases
from bot.app.probing import Probing
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef, Target
from bot.core.moved import moved
from bot.core.planned import ObjectPlan, Plan, ReleasePlan, Rollback
from bot.core.redact.masking import Masker
from bot.core.release import StoredRelease
from bot.core.verify.outcome import ReleaseCheck, Verdict, left_of
from bot.core.verify.rollout import RolloutState, has_rollout
from bot.core.verify.symptoms import Symptoms

__all__ = ["Verdict", "Verifier"]


class Verifier:
    """Compares the cluster with the plan that was deployed."""

    def __init__(
        self,
        planner: Planner,
        clusters: Clusters,
        probing: Probing,
        rollback: Callable[[Rollback], Planner] | None = None,
        diagnosing: Diagnosing | None = None,
        phases: Phases = UNTIMED,
    ) -> None:
        self.probing = probing
        self._planner = planner
        self._clusters = clusters
        self._rollback = rollback
        self._diagnosing = diagnosing
        self._phases = phases

    async def look(self, target: Target, approved: Plan, tree: Checkout, *, is_last: bool = False) -> Verdict:
        """One look: revisions, rollouts, and a fresh plan of the merged tree that must be empty.

        It costs one list of Helm's Secrets for each namespace, the record of each release that was touched,
        and the reads of `Cluster.rollouts`. The fresh plan, which costs most, is made when nothing else is to
        be waited for, or at the last look. Probes are not asked here.
        """
        touched = [release for release in approved.releases if release.action != "none"]
        try:
            with self._phases("rollouts"):
                checks = await self._checks(target, touched)
        except (ClusterUnreachable, ClusterForbids) as error:
            return Verdict(False, False, unread=(f"The cluster could not be read: {error.what}.",))
        seen = Verdict(False, False, tuple(checks))
        if any(one.state == "bad" for one in checks):
            return replace(seen, settled=True)
        waits = any(one.state == "waiting" for one in checks)
        if waits and not is_last:
            return seen
        fresh = (await self._planner_of(approved).prepare(target, tree)).plan
        if not fresh.complete:
            return replace(seen, unread=("A fresh plan could not be made.", *_messages(fresh)))
        left = left_of(fresh)
        return replace(seen, left=left, settled=bool(left) or not waits, good=not left and not waits)

    async def moved(self, target: Target, sealed: Plan, tree: Checkout) -> tuple[str, ...]:
        """What differs between the sealed plan and one that is made now, in plain sentences."""
        return tuple(moved(sealed, (await self._planner_of(sealed).prepare(target, tree)).plan))

    async def symptoms(
        self, target: Target, plan: Plan, keys: Collection[str], masker: Masker
    ) -> tuple[Symptoms, ...]:
        """What the cluster says of these releases of a plan, masked; the masker learns on the way."""
        wanted = [one for one in plan.releases if one.key in keys and one.action != "uninstall"]
        return await self._diagnosing(target, wanted, masker) if self._diagnosing and wanted else ()

    def _planner_of(self, plan: Plan) -> Planner:
        """What makes the same plan again."""
        return self._rollback(plan.rollback) if plan.rollback and self._rollback else self._planner

    async def _checks(self, target: Target, touched: Sequence[ReleasePlan]) -> list[ReleaseCheck]:
        refs = {one.key: _with_state(one.objects) for one in touched if one.action != "uninstall"}
        async with self._clusters.open(target) as cluster:
            newest = await _newest(cluster, {release.namespace for release in touched}, touched)
            wrong = {one.key: _wrong(one, newest.get(one.key)) for one in touched}
            asked = [ref for key, of in refs.items() if not wrong[key] for ref in of]
            states = dict(zip(asked, await cluster.rollouts(asked) if asked else [], strict=True))
        return [
            _check(one, wrong[one.key], newest.get(one.key), refs.get(one.key, ()), states) for one in touched
        ]


async def _newest(
    cluster: Cluster, namespaces: set[str], touched: Sequence[ReleasePlan]
) -> dict[str, StoredRelease | AuthorError]:
    """The newest revision of each of these releases, as its Secret says."""
    if not touched:
        return {}
    wanted = {(release.namespace, release.name) for release in touched}
    heads: dict[tuple[str, str], ReleaseHead] = {}
    for head in await cluster.releases(namespaces):
        if (head.namespace, head.name) in wanted:
            heads.setdefault((head.namespace, head.name), head)
    found: dict[str, StoredRelease | AuthorError] = {}
    async for head, stored in cluster.bodies(list(heads.values())):
        if stored is not None:
            found[f"{head.namespace}/{head.name}"] = stored
    return found


def _wrong(release: ReleasePlan, live: StoredRelease | AuthorError | None) -> str:
    """What of its revision is not as planned; empty where all is."""
    if isinstance(live, AuthorError):
        return f"{release.key}: {live.what}"
    gone = live is None or live.status == "uninstalled"
    if release.action == "uninstall":
        return "" if gone else f"{release.key} is still there."
    if live is None or gone:
        return f"{release.key} is not there."
    if live.status != "deployed":
        return f"{release.key} is {live.status} at revision {live.revision}."
    if live.revision <= (release.revision_from or 0):
        return f"{release.key} is still at revision {live.revision}."
    if live.chart_version != release.chart_to:
        return f"{release.key} runs chart version {live.chart_version}, not {release.chart_to}."
    return ""


def _check(
    release: ReleasePlan,
    wrong: str,
    live: StoredRelease | AuthorError | None,
    refs: Sequence[ObjectRef],
    states: dict[ObjectRef, RolloutState],
) -> ReleaseCheck:
    if wrong:
        return ReleaseCheck(release.key, "bad", (wrong,))
    if release.action == "uninstall":
        return ReleaseCheck(release.key, "good", (f"{release.key} is uninstalled.",))
    revision = live.revision if isinstance(live, StoredRelease) else None
    of = [(ref, states[ref]) for ref in refs]
    failed = [f"{release.key}: {ref}: {state.message}" for ref, state in of if state.failed]
    waiting = [f"{release.key}: {ref}: {s.message}" for ref, s in of if not s.ready and not s.failed]
    ready = sum(state.ready for _, state in of)
    if failed:
        return ReleaseCheck(release.key, "bad", (*failed, *waiting), revision, len(of), ready)
    if waiting:
        return ReleaseCheck(release.key, "waiting", tuple(waiting), revision, len(of), ready)
    runs = f"{release.key} runs {release.chart_name} {release.chart_to}."
    return ReleaseCheck(release.key, "good", (runs,), revision, len(of), ready)


def _with_state(objects: Iterable[ObjectPlan]) -> list[ObjectRef]:
    stays = [item for item in objects if item.hook is None and item.action != "delete"]
    return [item.ref for item in stays if has_rollout(item.ref)]


def _messages(plan: Plan) -> tuple[str, ...]:
    return tuple(finding.message for finding in plan.all_findings[:5])
