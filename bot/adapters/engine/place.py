"""A process's place among others at one database: who lives, whose turn it is, who leads.

`Alone` is the place on SQLite, where there are no others; `bot/adapters/engine/seat.py` that on PostgreSQL.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Protocol
from weakref import WeakValueDictionary

from bot.core.errors import TransientError


class PlaceLost(TransientError):
    """This process has lost its place: others may be doing its work by now."""


class Fence:
    """Until when this process may act on the world, by a clock that runs while it is paused.

    Open until an engine that shares its database begins to watch it.
    """

    def __init__(self) -> None:
        self._until = math.inf

    @staticmethod
    def now() -> float:
        """Seconds since the machine started, its sleep included."""
        return time.clock_gettime(time.CLOCK_BOOTTIME)

    def allow(self, until: float) -> None:
        """From now on, until `now()` is that."""
        self._until = until

    @property
    def is_open(self) -> bool:
        """Whether it may."""
        return self.now() < self._until

    def check(self) -> None:
        """Raises PlaceLost where it may not."""
        if not self.is_open:
            raise PlaceLost("this process has lost its place at the database")


class Turns:
    """Within one process, one at a time of each name."""

    def __init__(self) -> None:
        self._locks: WeakValueDictionary[str, asyncio.Lock] = WeakValueDictionary()

    @asynccontextmanager
    async def of(self, name: str) -> AsyncIterator[None]:
        """Waits for the turn."""
        lock = self._locks.setdefault(name, asyncio.Lock())
        async with lock:
            yield


class Place(Protocol):
    """`executor` names the process. `moved` of `take` is told in the loop that it is held, or lost."""

    executor: str
    fence: Fence

    async def take(self, moved: Callable[[bool], None]) -> None:
        """Raises AuthorError or TransientError where it cannot be had."""
        ...

    async def leave(self) -> None: ...

    @property
    def leads(self) -> bool:
        """Whether this one process does what only one of all should."""
        ...

    def turn(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until no process is inside the same name. Raises PlaceLost."""
        ...

    def vacated(self, executor: str) -> AbstractAsyncContextManager[bool]:
        """Whether that process is gone; if so, nobody else takes its work up inside. Raises PlaceLost."""
        ...


class Alone:
    """The only process there can be."""

    leads = True

    def __init__(self, fence: Fence) -> None:
        self.executor = "purser"
        self.fence = fence
        self._turns = Turns()

    async def take(self, moved: Callable[[bool], None]) -> None:
        """See the protocol."""
        moved(True)

    async def leave(self) -> None:
        """See the protocol."""

    def turn(self, name: str) -> AbstractAsyncContextManager[None]:
        """See the protocol."""
        return self._turns.of(name)

    @asynccontextmanager
    async def vacated(self, executor: str) -> AsyncIterator[bool]:
        """See the protocol: whoever it was, it is not here any more."""
        yield executor != self.executor
