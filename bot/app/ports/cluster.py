"""A Kubernetes cluster, in our words. Each docstring is the contract; one suite tests it."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Protocol

from bot.core.errors import AuthorError
from bot.core.model import ObjectRef, Target
from bot.core.question import Answer, Question
from bot.core.release import Capabilities, LiveRelease, StoredRelease
from bot.core.verify.rollout import RolloutState

__all__ = ["Cluster", "Clusters", "ReleaseHead", "RolloutState"]


@dataclass(frozen=True, slots=True)
class ReleaseHead:
    """One revision's label set, from a metadata-only list of Helm's Secrets. `ours`: Purser deployed it."""

    name: str
    namespace: str
    revision: int
    status: str
    resource_version: str
    ours: bool = False


class Cluster(Protocol):
    """One API server, read only: every write in here is a dry run.

    All calls raise ClusterUnreachable or ClusterForbids besides what they say; a ListOf that is forbidden is
    answered as Refused.
    """

    async def capabilities(self) -> Capabilities:
        """Version and served APIs (cached for the life of this object)."""
        ...

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        """All revisions by metadata, newest first per release; None means all namespaces."""
        ...

    async def release(self, namespace: str, name: str) -> LiveRelease | None:
        """The release with its base revision by Helm's rule, or None."""
        ...

    def bodies(
        self, heads: Collection[ReleaseHead]
    ) -> AsyncIterator[tuple[ReleaseHead, StoredRelease | AuthorError | None]]:
        """What the Secrets of these revisions keep, each once, in any order.

        Read one by one where they are few, else page by page, as fast as they are taken. None where a
        Secret is gone; an AuthorError (`release-record`) where it cannot be read.
        """
        ...

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """One answer per question, in order, asked concurrently within a bound."""
        ...

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        """(apiVersion, kind) -> whether it lives in namespaces; every kind served (cached, one discovery)."""
        ...

    async def namespace_exists(self, name: str) -> bool: ...

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        """Whether each object has become what its spec says; one that is not there is not ready.

        Kinds that are many are read as one list for each namespace. Pods are looked at for workloads that are
        not ready, StorageClasses for claims that are not bound, where the identity may read them.
        """
        ...


class Clusters(Protocol):
    """Opens the cluster of a target."""

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """Raises AuthorError (`cluster-config`) where kubeconfig or context do not exist."""
        ...
