"""A process's place on PostgreSQL: a session of its own whose advisory locks end with it.

The server is the judge. It ends a session whose process died at once, and one whose process was silent for
`silence` seconds (paused, or on a machine that was cut off) by `idle_session_timeout`. Whoever can take the
lock of another process knows that it is gone.
"""

import asyncio
import hashlib
import threading
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import asyncpg
import structlog

from bot.adapters.engine.place import Fence, PlaceLost, Turns
from bot.core.errors import AuthorError, TransientError

log = structlog.get_logger()

_Answer = TypeVar("_Answer")
_OLDEST = 14
_BEAT = 1.0
_LOOK = 0.05
_LEADER = "leader"
_BROKEN = (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError)


def _number(name: str) -> int:
    """The key of an advisory lock, from a name."""
    return int.from_bytes(hashlib.sha256(f"purser:{name}".encode()).digest()[:8], "big", signed=True)


class Seat:
    """The protocol `Place`. A thread of its own keeps it, so that a busy loop does not lose it.

    A lost seat is taken again as soon as the database answers; in between the fence is closed.
    """

    def __init__(self, url: str, executor: str, fence: Fence, silence: float = 10.0) -> None:
        self.executor = executor
        self.fence = fence
        self._url = url
        self._silence = silence
        self._turns = Turns()
        self._moved: Callable[[bool], None] = lambda held: None
        self._home: asyncio.AbstractEventLoop | None = None
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="engine-seat", daemon=True)
        self._keeping: asyncio.Task[None] | None = None
        self._connection: asyncpg.Connection | None = None
        self._asking = asyncio.Lock()
        self._sittings = 0
        self._leads = False

    async def take(self, moved: Callable[[bool], None]) -> None:
        """See the protocol."""
        self._home, self._moved = asyncio.get_running_loop(), moved
        self._thread.start()
        try:
            await self._over_there(self._begin())
        except _BROKEN as error:
            raise TransientError(f"the database cannot be opened: {type(error).__name__}: {error}") from error

    async def leave(self) -> None:
        """Gives back all at once; peers take up what is left."""
        if self._thread.is_alive():
            await self._over_there(self._end())
            self._loop.call_soon_threadsafe(self._loop.stop)
            await asyncio.to_thread(self._thread.join)
        self._loop.close()

    async def _over_there(self, doing: Coroutine[Any, Any, _Answer]) -> _Answer:
        return await asyncio.wrap_future(asyncio.run_coroutine_threadsafe(doing, self._loop))

    @property
    def leads(self) -> bool:
        """See the protocol."""
        return self._leads and self.fence.is_open

    @asynccontextmanager
    async def turn(self, name: str) -> AsyncIterator[None]:
        """See the protocol."""
        async with self._turns.of(name):
            sitting = self._sittings
            try:
                while not await self._over_there(self._try(f"turn:{name}", sitting)):  # noqa: ASYNC110 - a peer ends it
                    await asyncio.sleep(_LOOK)
                yield
            finally:
                await self._over_there(self._give_back(f"turn:{name}", sitting))

    @asynccontextmanager
    async def vacated(self, executor: str) -> AsyncIterator[bool]:
        """See the protocol."""
        sitting = self._sittings
        try:
            yield await self._over_there(self._try(f"executor:{executor}", sitting))
        finally:
            await self._over_there(self._give_back(f"executor:{executor}", sitting))

    # -- what follows runs in the seat's own thread

    async def _begin(self) -> None:
        await self._sit()
        self._keeping = asyncio.create_task(self._keep())

    async def _end(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)
        connection, self._connection = self._connection, None
        self.fence.allow(0)
        if connection is not None:
            connection.terminate()

    async def _keep(self) -> None:
        while True:
            await asyncio.sleep(_BEAT)
            try:
                if self._connection is None:
                    await self._sit()
                elif self._leads:
                    await self._ask("SELECT true", self._sittings)
                else:
                    self._leads = await self._try(_LEADER, self._sittings)
            except (*_BROKEN, PlaceLost) as error:
                self._stand_up(error)

    async def _sit(self) -> None:
        connection = await asyncpg.connect(
            self._url,
            timeout=self._silence / 2,
            command_timeout=self._silence / 2,
            server_settings={"application_name": f"purser {self.executor}"},
        )
        try:
            if connection.get_server_version().major < _OLDEST:
                raise AuthorError(
                    f"PostgreSQL is older than {_OLDEST}",
                    fix=f"Use PostgreSQL {_OLDEST} or newer.",
                    code="database",
                )
            before = self.fence.now()
            await connection.execute(f"SET idle_session_timeout = {round(self._silence * 1000)}")
            lock = _number(f"executor:{self.executor}")
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", lock):
                raise PlaceLost("somebody is taking up the work of this process")
        except BaseException:
            connection.terminate()
            raise
        self._connection = connection
        self._sittings += 1
        self.fence.allow(before + self._silence)
        self._tell(True)

    def _stand_up(self, error: BaseException) -> None:
        """The session is gone, and all that it held."""
        self.fence.allow(0)
        self._leads = False
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.terminate()
            log.warning("engine.place_lost", reason=f"{type(error).__name__}: {error}")
            self._tell(False)

    def _tell(self, held: bool) -> None:
        if self._home is not None and not self._home.is_closed():
            self._home.call_soon_threadsafe(self._moved, held)

    async def _ask(self, query: str, sitting: int, *values: object) -> bool:
        """One answer of the session that this sitting has; each one keeps the seat."""
        async with self._asking:
            if self._connection is None or sitting != self._sittings:
                raise PlaceLost("this process has lost its place at the database")
            before = self.fence.now()
            try:
                found = bool(await self._connection.fetchval(query, *values))
            except _BROKEN as error:
                self._stand_up(error)
                raise PlaceLost("this process has lost its place at the database") from error
            self.fence.allow(before + self._silence)
            return found

    async def _try(self, name: str, sitting: int) -> bool:
        return await self._ask("SELECT pg_try_advisory_lock($1)", sitting, _number(name))

    async def _give_back(self, name: str, sitting: int) -> None:
        """Nothing where the session that had it is gone."""
        try:
            await self._ask("SELECT pg_advisory_unlock($1)", sitting, _number(name))
        except PlaceLost:
            log.debug("engine.turn_gone", turn=name)
