"""What Helm's Secrets keep: read one by one, or page by page where that is less work for everybody."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import TypeAlias

from bot.adapters.cluster.recall import Recall
from bot.adapters.cluster.releases import deployed, head_of, record
from bot.adapters.cluster.wire import AT_ONCE, Wire
from bot.app.ports.cluster import ReleaseHead
from bot.app.together import together
from bot.core.errors import AuthorError
from bot.core.helm_record import stored_release
from bot.core.model import Manifest
from bot.core.release import Hook, StoredRelease

BodyOf: TypeAlias = tuple[ReleaseHead, StoredRelease | AuthorError | None]

FEW = 10
"""As many Secrets are read one by one, whatever else there is."""


class Bodies:
    """Reads Secrets of one cluster. `among` says what a list has shown; lists are only made where one was.

    With `recall` a record that this process read before is not read again: its resource version, which the
    plan has just listed, is given to one state of one Secret only.
    """

    def __init__(self, wire: Wire, recall: Recall | None = None) -> None:
        self._wire = wire
        self._recall = recall
        self._listed: dict[str, frozenset[ReleaseHead]] = {}

    def among(self, listed: Mapping[str, Sequence[ReleaseHead]]) -> None:
        """What there is of deployed revisions, by the namespace that was listed (empty: all)."""
        for namespace, heads in listed.items():
            self._listed[namespace] = frozenset(head for head in heads if head.status == "deployed")

    async def of(self, heads: Collection[ReleaseHead]) -> AsyncIterator[BodyOf]:
        """See the port. At most a page and a few more are held at the same time."""
        left = set(heads)
        for known in heads:
            if (kept := self._kept(known)) is not None:
                left.discard(known)
                yield known, kept
        for namespace in self._worth_listing(left):
            wanted = {_name(head): head for head in left}
            async for secret in deployed(self._wire, namespace):
                found = head_of(secret)
                head = wanted.get(_name(found)) if found else None
                # Another resource version: it changed since it was listed, and is read again on its own.
                if head is not None and head == found and head in left:
                    left.discard(head)
                    yield head, await self._opened(head, secret)
        rest = sorted(left, key=_name)
        for start in range(0, len(rest), AT_ONCE):
            for body in await together(self._one(head) for head in rest[start : start + AT_ONCE]):
                yield body

    def _worth_listing(self, wanted: Collection[ReleaseHead]) -> list[str]:
        """The namespaces of which at least half of all deployed releases are wanted."""
        found = []
        for namespace, there in sorted(self._listed.items()):
            share = len(there.intersection(wanted))
            if share > FEW and share * 2 >= len(there):
                found.append(namespace)
        return found[:1] if "" in found else found

    async def _one(self, head: ReleaseHead) -> BodyOf:
        secret = await record(self._wire, head.namespace, head.name, head.revision)
        return head, None if secret is None else await self._opened(head, secret)

    async def _opened(self, head: ReleaseHead, secret: Manifest) -> StoredRelease | AuthorError:
        stored = await asyncio.to_thread(opened, secret)
        # It may be another state than the one that was listed.
        if self._recall is not None and isinstance(stored, StoredRelease) and head_of(secret) == head:
            plain = {name: getattr(stored, name) for name in StoredRelease.__slots__}
            hooks = [tuple(getattr(hook, name) for name in Hook.__slots__) for hook in stored.hooks]
            self._recall.put(("record", head), {**plain, "hooks": hooks})
        return stored

    def _kept(self, head: ReleaseHead) -> StoredRelease | None:
        if self._recall is None or (plain := self._recall.get(("record", head))) is None:
            return None
        return StoredRelease(**{**plain, "hooks": tuple(Hook(*hook) for hook in plain["hooks"])})


def opened(secret: Manifest) -> StoredRelease | AuthorError:
    """What the Secret keeps, or why it cannot be read."""
    try:
        return stored_release(secret)
    except AuthorError as error:
        return error


def _name(head: ReleaseHead) -> tuple[str, str, int]:
    return head.namespace, head.name, head.revision
