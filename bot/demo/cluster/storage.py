"""The objects of a simulated cluster, its resourceVersions, and what happened to them in order."""

import asyncio
import copy
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.demo.cluster.resources import Resource

Object: TypeAlias = dict[str, Any]
Key: TypeAlias = tuple[str, str]
"""Namespace (empty where there is none) and name."""
Logs: TypeAlias = Mapping[tuple[str, str], str]
"""What containers say, by namespace and name of the container."""

_REMEMBERED = 20_000


@dataclass(frozen=True, slots=True)
class Happening:
    """One change: ADDED, MODIFIED or DELETED. `before` is the object as it was, None when it is new."""

    revision: int
    type: str
    group: str
    plural: str
    after: Object
    before: Object | None


class Storage:
    """Objects by resource; every version of an API group shows the same objects."""

    def __init__(self) -> None:
        self.revision = 100
        self._objects: dict[tuple[str, str], dict[Key, Object]] = {}
        self._history: deque[Happening] = deque(maxlen=_REMEMBERED)
        self._listeners: set[asyncio.Queue[Happening]] = set()

    def get(self, group: str, plural: str, key: Key) -> Object | None:
        """A copy of the object, or None."""
        found = self._objects.get((group, plural), {}).get(key)
        return copy.deepcopy(found)

    def all(self, group: str, plural: str, namespace: str = "") -> list[Object]:
        """Copies of all objects of a resource, by namespace and name; no namespace means all of them."""
        held = self._objects.get((group, plural), {})
        return [copy.deepcopy(held[key]) for key in sorted(held) if not namespace or key[0] == namespace]

    def every(self) -> list[tuple[str, str, Object]]:
        """Group, plural and a copy of each object there is."""
        return [
            (group, plural, copy.deepcopy(one))
            for (group, plural), held in sorted(self._objects.items())
            for _, one in sorted(held.items())
        ]

    def put(self, resource: Resource, manifest: Object) -> Object:
        """Keeps the object under a new resourceVersion, and tells the listeners."""
        held = self._objects.setdefault((resource.group, resource.plural), {})
        key = key_of(manifest)
        before = held.get(key)
        stored = self._stamped(manifest)
        held[key] = stored
        self._tell("ADDED" if before is None else "MODIFIED", resource.group, resource.plural, stored, before)
        return copy.deepcopy(stored)

    def take(self, group: str, plural: str, key: Key) -> Object | None:
        """Removes the object and tells the listeners; the object as it was at its end."""
        before = self._objects.get((group, plural), {}).pop(key, None)
        if before is None:
            return None
        last = self._stamped(before)
        self._tell("DELETED", group, plural, last, before)
        return copy.deepcopy(last)

    def since(self, revision: int) -> list[Happening] | None:
        """What happened after `revision`; None when that is too long ago to know."""
        if self._history and len(self._history) == _REMEMBERED and self._history[0].revision > revision + 1:
            return None
        return [one for one in self._history if one.revision > revision]

    @contextmanager
    def listening(self) -> Iterator[asyncio.Queue[Happening]]:
        """A queue that gets everything that happens from now on."""
        queue: asyncio.Queue[Happening] = asyncio.Queue()
        self._listeners.add(queue)
        try:
            yield queue
        finally:
            self._listeners.discard(queue)

    def clear(self) -> None:
        """Removes every object, and tells the listeners."""
        for group, plural, one in self.every():
            self.take(group, plural, key_of(one))

    def _stamped(self, manifest: Object) -> Object:
        self.revision += 1
        stored = copy.deepcopy(manifest)
        stored["metadata"]["resourceVersion"] = str(self.revision)
        return stored

    def _tell(self, type_: str, group: str, plural: str, after: Object, before: Object | None) -> None:
        happening = Happening(self.revision, type_, group, plural, after, before)
        self._history.append(happening)
        for queue in self._listeners:
            queue.put_nowait(happening)


def key_of(manifest: Object) -> Key:
    """Where the object is kept."""
    metadata = manifest["metadata"]
    return metadata.get("namespace", ""), metadata["name"]
