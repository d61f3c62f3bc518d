"""What Helm's Secrets keep: read one by one, or page by page where that is less work for everybody."""

import asyncio
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from typing import TypeAlias

from bot.adapters.cluster_releases import deployed, head_of, record
from bot.adapters.cluster_wire import AT_ONCE, Wire
from bot.app.ports.cluster import ReleaseHead
from bot.app.together import together
from bot.core.errors import AuthorError
from bot.core.helm_record import stored_release
from bot.core.model import Manifest
from bot.core.release import StoredRelease

BodyOf: TypeAlias = tuple[ReleaseHead, StoredRelease | AuthorError | None]

FEW = 10
"""As many Secrets are read one by one, whatever else there is."""


class Bodies:
    """Reads Secrets of one cluster. `among` says what a list has shown; lists are only made where one was."""

    def __init__(self, wire: Wire) -> None:
        self._wire = wire
        self._listed: dict[str, frozenset[ReleaseHead]] = {}

    def among(self, listed: Mapping[str, Sequence[ReleaseHead]]) -> None:
        """What there is of deployed revisions, by the namespace that was listed (empty: all)."""
        for namespace, heads in listed.items():
            self._listed[namespace] = frozenset(head for head in heads if head.status == "deployed")

    async def of(self, heads: Collection[ReleaseHead]) -> AsyncIterator[BodyOf]:
        """See the port. At most a page and a few more are held at the same time."""
        left = set(heads)
        for namespace in self._worth_listing(left):
            wanted = {_name(head): head for head in left}
            async for secret in deployed(self._wire, namespace):
                found = head_of(secret)
                head = wanted.get(_name(found)) if found else None
                # Another resource version: it changed since it was listed, and is read again on its own.
                if head is not None and head == found and head in left:
                    left.discard(head)
                    yield head, await asyncio.to_thread(opened, secret)
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
        return head, None if secret is None else await asyncio.to_thread(opened, secret)


def opened(secret: Manifest) -> StoredRelease | AuthorError:
    """What the Secret keeps, or why it cannot be read."""
    try:
        return stored_release(secret)
    except AuthorError as error:
        return error


def _name(head: ReleaseHead) -> tuple[str, str, int]:
    return head.namespace, head.name, head.revision
