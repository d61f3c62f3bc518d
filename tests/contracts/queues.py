"""The port `Queue` with somebody who decides how each piece of work ends, for memory and for the engine."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Protocol

from dbos import DBOS, WorkflowStatus

from bot.adapters.clock import utc_now
from bot.adapters.engine.queue import Engine
from bot.adapters.memory import MemoryQueue
from bot.app.ports.keeping import Clock, Queue
from bot.core.errors import TransientError
from bot.core.work import Again, Done, Outcome, Work

PATIENCE = 15.0


class Broken(Exception):
    """A bug of the handler."""


class Desk(Protocol):
    """Where work arrives. What `begun` gave must be ended by `done`, `fail` or `wait`."""

    async def submit(self, work: Work) -> bool: ...
    async def begun(self) -> Work: ...
    async def done(self, work: Work) -> None: ...
    async def fail(self, work: Work) -> None: ...
    async def wait(self, work: Work) -> None: ...
    async def idle(self) -> bool:
        """Whether nothing is due."""
        ...

    @property
    def queue(self) -> Queue:
        """What it is the desk of."""
        ...


class MemoryDesk:
    def __init__(self) -> None:
        self._queue = MemoryQueue()

    @property
    def queue(self) -> Queue:
        return self._queue

    async def submit(self, work: Work) -> bool:
        return await self._queue.submit(work)

    async def begun(self) -> Work:
        work = self._queue.take()
        assert work is not None
        return work

    async def done(self, work: Work) -> None:
        self._queue.end(work)

    async def fail(self, work: Work) -> None:
        self._queue.end(work, failed=True)

    async def wait(self, work: Work) -> None:
        self._queue.wait(work)

    async def idle(self) -> bool:
        return self._queue.take() is None


class EngineDesk:
    def __init__(
        self, url: str, clock: Clock = utc_now, retry_delays: Sequence[float] = (0.01, 0.01)
    ) -> None:
        self.failures: asyncio.Queue[tuple[Work, Exception]] = asyncio.Queue()
        self.engine = Engine(
            url,
            self._handle,
            on_failure=self._failed,
            poll=0.02,
            retry_delays=retry_delays,
            purge_every=0.05,
            clock=clock,
        )
        self.deaf = 0
        self._begun: asyncio.Queue[Work] = asyncio.Queue()
        self._ends: dict[Work, asyncio.Future[Outcome]] = {}

    @property
    def queue(self) -> Queue:
        return self.engine

    async def _handle(self, work: Work) -> Outcome:
        self._ends[work] = asyncio.get_running_loop().create_future()
        self._begun.put_nowait(work)
        return await self._ends[work]

    async def _failed(self, work: Work, error: Exception) -> None:
        if self.deaf:
            self.deaf -= 1
            raise TransientError("nobody listens now")
        self.failures.put_nowait((work, error))

    async def submit(self, work: Work) -> bool:
        return await self.engine.submit(work)

    async def begun(self) -> Work:
        async with asyncio.timeout(PATIENCE):
            return await self._begun.get()

    async def done(self, work: Work) -> None:
        async with self._settled():
            self._ends[work].set_result(Done())

    async def fail(self, work: Work, error: Exception | None = None) -> None:
        async with self._settled():
            self._ends[work].set_exception(error or Broken())

    def try_again(self, work: Work) -> None:
        """It meets something that passes."""
        self._ends[work].set_exception(TransientError("GitLab did not answer"))

    async def put_off(self, until: float | None = None) -> None:
        """Waits until the engine holds work back; `until` ends that then (seconds, the machine's clock)."""
        held: list[WorkflowStatus] = []
        async with asyncio.timeout(PATIENCE):
            while not held:
                held = await DBOS.list_workflows_async(status="DELAYED")
                await asyncio.sleep(0.01)
        if until is not None:
            for each in held:
                await DBOS.set_workflow_delay_async(each.workflow_id, delay_until_epoch_ms=int(until * 1000))

    async def wait(self, work: Work, seconds: float = 3600) -> None:
        self._ends[work].set_result(Again(seconds))

    async def idle(self) -> bool:
        return self._begun.empty() and not await self._left()

    async def _left(self) -> int:
        """How much has not ended."""
        return sum(each.works for each in (await self.engine.backlog()).values())

    @asynccontextmanager
    async def _settled(self) -> AsyncIterator[None]:
        """Goes on when the engine has written down how what ends inside has ended."""
        before = await self._left()
        yield
        async with asyncio.timeout(PATIENCE):
            while before and await self._left() >= before and self._begun.empty():  # noqa: ASYNC110 - another side ends it
                await asyncio.sleep(0.01)


@asynccontextmanager
async def open_desk(
    url: str, clock: Clock = utc_now, retry_delays: Sequence[float] = (0.01, 0.01)
) -> AsyncIterator[EngineDesk]:
    desk = EngineDesk(url, clock, retry_delays)
    async with desk.engine:
        try:
            yield desk
        finally:
            for end in desk._ends.values():
                if not end.done():
                    end.set_result(Done())
