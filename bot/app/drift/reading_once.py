"""A cluster that is asked once: lists of releases are kept while it is open, records until they are used."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from bot.app.ports.cluster import Cluster, ReleaseHead
from bot.core.errors import AuthorError
from bot.core.model import ObjectRef, Target
from bot.core.question import Answer, Question
from bot.core.release import Capabilities, LiveRelease, StoredRelease
from bot.core.verify.rollout import RolloutState


class ReadingOnce:
    """The port Cluster over another one, for one look: a plan, then a comparison.

    What the plan has read is there for the comparison, and let go as that takes it.
    """

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster
        self._lists: dict[frozenset[str] | None, tuple[ReleaseHead, ...]] = {}
        self._bodies: dict[ReleaseHead, StoredRelease | AuthorError | None] = {}

    @property
    def heads(self) -> tuple[ReleaseHead, ...]:
        """Every revision that was listed so far."""
        return tuple(dict.fromkeys(head for listed in self._lists.values() for head in listed))

    async def capabilities(self) -> Capabilities:
        return await self._cluster.capabilities()

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        of = None if namespaces is None else frozenset(namespaces)
        if of not in self._lists:
            self._lists[of] = await self._cluster.releases(namespaces)
        return self._lists[of]

    async def release(self, namespace: str, name: str) -> LiveRelease | None:
        return await self._cluster.release(namespace, name)

    async def bodies(
        self, heads: Collection[ReleaseHead]
    ) -> AsyncIterator[tuple[ReleaseHead, StoredRelease | AuthorError | None]]:
        left = [head for head in heads if head not in self._bodies]
        for head in heads:
            if head in self._bodies:
                yield head, self._bodies.pop(head)
        async for head, body in self._cluster.bodies(left):
            self._bodies[head] = body
            yield head, body

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        return await self._cluster.ask(questions)

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        return await self._cluster.scopes()

    async def namespace_exists(self, name: str) -> bool:
        return await self._cluster.namespace_exists(name)

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        return await self._cluster.rollouts(refs)


class Opened:
    """The port Clusters, for a cluster that is open already and stays so."""

    def __init__(self, cluster: Cluster) -> None:
        self._cluster = cluster

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """As the port says; the target is that of the cluster."""
        return self._open()

    @asynccontextmanager
    async def _open(self) -> AsyncIterator[Cluster]:
        yield self._cluster
