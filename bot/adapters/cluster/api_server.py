"""Clusters through the official client, `kubernetes.aio`.

It finds the cluster, checks its certificates and logs in; requests carry plain JSON. Typed models
would drop fields that they do not know and take 130 MB more; discovery is our own (cluster_discovery.py).
"""

import asyncio
import os
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.bodies import Bodies, BodyOf
from bot.adapters.cluster.discovery import Discovered, Served, discover
from bot.adapters.cluster.questions import answer_to, call_for, kind_of, known_without_asking
from bot.adapters.cluster.reads import listed
from bot.adapters.cluster.recall import SETTLING, Recall
from bot.adapters.cluster.releases import heads, record
from bot.adapters.cluster.remembering import Remembering
from bot.adapters.cluster.rollouts import rollouts
from bot.adapters.cluster.wire import SECONDS_PER_REQUEST, Wire
from bot.app.ports.cluster import Cluster, ReleaseHead, RolloutState
from bot.app.together import together
from bot.core.errors import ClusterUnreachable
from bot.core.helm_record import base_revision, stored_release
from bot.core.model import ObjectRef, Target
from bot.core.question import UNANSWERED, Answer, Apply, Found, NoSuchKind, Question, Read, Refused
from bot.core.release import Capabilities, LiveRelease, StoredRelease

# A revision can be superseded and removed between the list and the read of its Secret.
_LOOKS_AT_A_RELEASE = 3


class KubernetesCluster:
    """The port Cluster over one API server. Use within the event loop that made it; safe concurrently."""

    def __init__(self, wire: Wire, recall: Recall | None = None) -> None:
        self._wire = wire
        self._recall = recall
        self._remembering: Remembering | None = None
        self._discovered: Discovered | None = None
        self._capabilities: Capabilities | None = None
        self._discovering = asyncio.Lock()
        self._looked_twice: set[tuple[str, str]] = set()
        self._bodies = Bodies(wire, recall)

    @property
    def requests(self) -> Counter[str]:
        """How many requests went out so far, by verb (discover, get, list, review, apply …)."""
        return self._wire.requests

    async def capabilities(self) -> Capabilities:
        """As the port says; what another discovery finds later does not change it."""
        discovered = await self._apis()
        return self._capabilities or discovered.capabilities

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        """As the port says."""
        return {kind: served.namespaced for kind, served in (await self._apis()).kinds.items()}

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        """As the port says."""
        if namespaces is None:
            listed = {"": await heads(self._wire)}
        else:
            names = sorted(set(namespaces))
            lists = await together(heads(self._wire, namespace) for namespace in names)
            listed = dict(zip(names, lists, strict=True))
        self._bodies.among(listed)
        return tuple(head for found in listed.values() for head in found)

    def bodies(self, heads: Collection[ReleaseHead]) -> AsyncIterator[BodyOf]:
        """As the port says."""
        return self._bodies.of(heads)

    async def release(self, namespace: str, name: str) -> LiveRelease | None:
        """As the port says. Raises AuthorError (`release-record`) for a record that cannot be read."""
        for _ in range(_LOOKS_AT_A_RELEASE):
            statuses = {head.revision: head.status for head in await heads(self._wire, namespace, name)}
            if not statuses:
                return None
            base, newest = base_revision(statuses), max(statuses)
            found = await together(self._stored(namespace, name, number) for number in sorted({base, newest}))
            revisions = {stored.revision: stored for stored in found if stored is not None}
            if base in revisions and newest in revisions:
                return LiveRelease(base=revisions[base], newest=revisions[newest])
        raise ClusterUnreachable(f"The release {namespace}/{name} changes faster than it can be read.")

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        """As the port says. ValueError for an object without the namespace that its kind needs."""
        await self._look_again_for({kind_of(question) for question in questions})
        apis = await self._apis()
        if self._recall is None:
            return await self._asked(questions)
        if self._remembering is None:
            version = apis.capabilities.kube_version
            self._remembering = Remembering(self._wire, self._recall, version)
        recalled = await self._remembering.known(questions, apis.kinds)
        left = [index for index in range(len(questions)) if index not in recalled.answers]
        asked = await self._asked([questions[index] for index in left])
        found = {**recalled.answers, **dict(zip(left, asked, strict=True))}
        answers = [found[index] for index in range(len(questions))]
        self._remembering.keep(questions, answers, recalled)
        return answers

    async def _asked(self, questions: Sequence[Question]) -> list[Answer]:
        """The answers as the API server gives them now."""
        known = await listed(questions, (await self._apis()).kinds, self._wire.send)

        async def answer(question: Question) -> Answer:
            found = known.get(question) if isinstance(question, Read) else None
            return found or await self._answer(question)

        return await together(answer(question) for question in questions)

    async def namespace_exists(self, name: str) -> bool:
        """As the port says."""
        (answer,) = await self._asked([Read(ObjectRef("v1", "Namespace", "", name))])
        return isinstance(answer, Found)

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        """As the port says."""
        return await rollouts(refs, self._asked)

    async def _stored(self, namespace: str, name: str, revision: int) -> StoredRelease | None:
        secret = await record(self._wire, namespace, name, revision)
        # Unpacking megabytes and parsing their hooks would hold up everybody else on this loop.
        return None if secret is None else await asyncio.to_thread(stored_release, secret)

    async def _answer(self, question: Question) -> Answer:
        served = await self._served(kind_of(question))
        if served is None:
            return NoSuchKind()
        if (known := known_without_asking(question, served)) is not None:
            return known
        call = call_for(question, served)
        try:
            reply = await self._wire.send(call)
        except ClusterUnreachable as error:
            if isinstance(question, Apply) and question.advisory:
                return Refused(UNANSWERED, "Timeout", str(error))
            raise
        if (answer := answer_to(question, call, reply)) is not None:
            return answer
        # The path is unknown: its API went away since it was discovered.
        await self._apis(again=True)
        if await self._served(kind_of(question)) is None:
            return NoSuchKind()
        raise ClusterUnreachable(f"The API server serves {served.plural}, but not its path ({call.what}).")

    async def _served(self, kind: tuple[str, str]) -> Served | None:
        return (await self._apis()).kinds.get(kind)

    async def _look_again_for(self, kinds: Collection[tuple[str, str]]) -> None:
        """Discovers once more, once for each kind, since a CRD may have come in the meantime."""
        missing = {kind for kind in kinds if kind not in (await self._apis()).kinds} - self._looked_twice
        if missing:
            self._looked_twice |= missing
            await self._apis(again=True)

    async def _apis(self, *, again: bool = False) -> Discovered:
        async with self._discovering:
            if self._discovered is None or again:
                self._discovered = await discover(self._wire)
                self._capabilities = self._capabilities or self._discovered.capabilities
            return self._discovered


class KubernetesClusters:
    """The port Clusters. `environment` is where KUBECONFIG is looked up; by default the process's own.

    `settling` is for how long the circumstances of a dry run must have stood before its answer is kept.
    Where nothing `remembers`, each cluster is read anew: for who looks so rarely that it would be forgotten.
    """

    def __init__(
        self,
        environment: Mapping[str, str] = os.environ,
        *,
        seconds_per_request: float = SECONDS_PER_REQUEST,
        requests: Counter[str] | None = None,
        settling: float = SETTLING,
        remembers: bool = True,
    ) -> None:
        self._remembers = remembers
        self._settling = settling
        self._environment = environment
        self._seconds = seconds_per_request
        self._recalls: dict[tuple[str, ...], Recall | None] = {}
        self.requests: Counter[str] = Counter() if requests is None else requests

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """As the port says; nothing is sent before the first call of the cluster."""
        return self._open(target)

    @asynccontextmanager
    async def _open(self, target: Target) -> AsyncIterator[KubernetesCluster]:
        client = await client_for(target, self._environment)
        wire = Wire(client, seconds=self._seconds, requests=self.requests)
        try:
            yield KubernetesCluster(wire, self._recall(client.server, target))
        finally:
            await wire.close()

    def _recall(self, server: str, target: Target) -> Recall | None:
        """None at the first opening: who opens a cluster once has nothing to remember for."""
        if not self._remembers:
            return None
        key = (server, target.kubeconfig or "", target.context or "")
        if key not in self._recalls:
            self._recalls[key] = None
        elif self._recalls[key] is None:
            self._recalls[key] = Recall(settling=self._settling)
            return self._recalls[key]
        return self._recalls[key]
