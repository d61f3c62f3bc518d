"""Releases that a crash left `pending-…`: planned as if marked failed, and marked when that is agreed.

Helm refuses every operation on such a release. Marking its newest revision failed is what lets it go on; it
is done only for a seal of a plan that was made as if, so whoever agreed to it saw what it starts from.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, replace

from bot.app.plan.planner import Planner, Prepared
from bot.app.ports import Checkout, Cluster, Clusters, ReleaseHead
from bot.app.ports.recovery import Records
from bot.core.errors import AuthorError
from bot.core.model import ObjectRef, Target
from bot.core.notes import markdown as md
from bot.core.question import Answer, Question
from bot.core.release import Capabilities, LiveRelease, StoredRelease
from bot.core.verify.rollout import RolloutState

FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Left:
    """A release that is pending: which revision, in which state, since when (RFC 3339), and whose it is.

    `run` is the run or job of Purser's that left it; empty where somebody else did.
    """

    namespace: str
    name: str
    revision: int
    status: str
    since: str = ""
    run: str = ""

    @property
    def key(self) -> str:
        """`namespace/name`."""
        return f"{self.namespace}/{self.name}"

    def __str__(self) -> str:
        whose = f"by Purser's {self.run}" if self.run else "by somebody else's Helm, not by Purser"
        if self.status == "pending-rollback":  # its labels are those of the revision that it goes back to
            whose = "by a rollback (Helm does not keep whose)"
        since = f" at {self.since}" if self.since else ""
        return f"Revision {self.revision} of {self.key} is {self.status}, begun{since} {whose}."


class Recovery:
    """Plans as if what is pending had failed, and makes it so. `planner` works over RecoveringClusters."""

    def __init__(self, planner: Planner, clusters: Clusters, records: Records) -> None:
        self._planner = planner
        self._clusters = clusters
        self._records = records

    async def prepare(self, target: Target, tree: Checkout) -> tuple[Prepared, tuple[Left, ...]]:
        """The plan, and what it takes for failed. Raises as Cluster does."""
        prepared = await self._planner.prepare(target, tree)
        wanted = [(one.namespace, one.name) for one in prepared.plan.releases]
        async with self._clusters.open(target) as cluster:
            heads = await cluster.releases({namespace for namespace, _ in wanted}) if wanted else ()
            newest: dict[tuple[str, str], ReleaseHead] = {}
            for head in heads:
                of = (head.namespace, head.name)
                if of in wanted and head.revision > (newest[of].revision if of in newest else 0):
                    newest[of] = head
            pending = [head for head in newest.values() if is_pending(head.status)]
            found = [await _left(cluster, head) for head in pending]
        return prepared, tuple(sorted(found, key=lambda one: one.key))

    async def mark(self, target: Target, left: Left) -> None:
        """Makes it failed. Raises AuthorError (`release-moved`) where it is not pending any more."""
        await self._records.mark_failed(target, left.namespace, left.name, left.revision)


async def _left(cluster: Cluster, head: ReleaseHead) -> Left:
    live = await cluster.release(head.namespace, head.name)
    stored = live.newest if live else None
    same = stored is not None and stored.revision == head.revision
    return Left(
        head.namespace,
        head.name,
        head.revision,
        head.status,
        stored.updated if stored and same else "",
        stored.labels.get("purser.io/run", "") if stored and same else "",
    )


def pending(left: Sequence[Left]) -> str:
    """What is said of them where they would be marked, as Markdown; empty without any."""
    if not left:
        return ""
    listed = [f"- {md.text(str(one))}" for one in left]
    first = (
        "First it marks as failed what was left half-way. Say it only if none of these is at work any more:"
    )
    return "\n".join([first, "", *listed])


def is_pending(status: str) -> bool:
    """Whether an operation runs, or was killed half-way."""
    return status.startswith("pending-")


class RecoveringClusters:
    """The port Clusters, where whatever is pending is shown as failed."""

    def __init__(self, clusters: Clusters) -> None:
        self._clusters = clusters

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """As the port says."""
        return self._open(target)

    @asynccontextmanager
    async def _open(self, target: Target) -> AsyncIterator[Cluster]:
        async with self._clusters.open(target) as cluster:
            yield _AsRecovered(cluster)


class _AsRecovered:
    """One cluster with the statuses as they will be; everything else is asked of it."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    async def capabilities(self) -> Capabilities:
        return await self._cluster.capabilities()

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        return tuple(
            replace(head, status=FAILED) if is_pending(head.status) else head
            for head in await self._cluster.releases(namespaces)
        )

    async def release(self, namespace: str, name: str) -> LiveRelease | None:
        live = await self._cluster.release(namespace, name)
        return LiveRelease(_failed(live.base), _failed(live.newest)) if live else None

    async def bodies(
        self, heads: Collection[ReleaseHead]
    ) -> AsyncIterator[tuple[ReleaseHead, StoredRelease | AuthorError | None]]:
        async for head, body in self._cluster.bodies(heads):
            yield head, _failed(body) if isinstance(body, StoredRelease) else body

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        return await self._cluster.ask(questions)

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        return await self._cluster.scopes()

    async def namespace_exists(self, name: str) -> bool:
        return await self._cluster.namespace_exists(name)

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        return await self._cluster.rollouts(refs)


def _failed(stored: StoredRelease) -> StoredRelease:
    return replace(stored, status=FAILED) if is_pending(stored.status) else stored
