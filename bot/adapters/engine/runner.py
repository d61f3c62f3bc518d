"""One piece of work as the engine runs it: tried, waited for, tried again, and stopped without loss."""

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import AsyncExitStack, contextmanager
from typing import Any, NoReturn, TypeAlias

import structlog
from dbos import DBOS
from sqlalchemy.exc import DBAPIError

from bot.adapters.engine.deaths import Deaths, given_up
from bot.adapters.engine.place import Place, PlaceLost
from bot.adapters.engine.queues import COMMANDS_AT_ONCE, QUEUES, keeps_turn, turn_of
from bot.adapters.engine.waiting import LONGEST, tries_before
from bot.core.errors import AuthorError, TransientError
from bot.core.trace import trace_of
from bot.core.work import Again, Done, Outcome, Work, from_json, key

log = structlog.get_logger()

Handler: TypeAlias = Callable[[Work], Awaitable[Outcome]]
OnFailure: TypeAlias = Callable[[Work, Exception], Awaitable[None]]

RETRY_DELAYS = (2.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0)
"""Seconds between the tries of work that something outside failed: eight tries in a quarter of an hour."""

PutOff: TypeAlias = Callable[[Work, str, float], Awaitable[None]]

WAKE = "wake"
"""The topic of the message that ends a wait."""


class WorkFailed(Exception):
    """The engine's record that a piece of work ended badly; what happened was logged and told before."""


class HandedOn(WorkFailed):
    """The engine's record that a try ended and that the next one is a workflow of its own."""


class Runner:
    """Runs workflows for one engine, in this process's place. What has one turn is not done at once.

    `put_off` makes the next try of work that keeps no turn. `here` are the ids of the workflows that this
    process runs, `woken` those of them that have a wake-up call which nobody took yet.
    """

    def __init__(
        self,
        handle: Handler,
        on_failure: OnFailure | None,
        retry_delays: Sequence[float],
        place: Place,
        deaths: Deaths,
        put_off: PutOff,
    ) -> None:
        self._place = place
        self._deaths = deaths
        self._put_off = put_off
        self._commands = asyncio.Semaphore(COMMANDS_AT_ONCE)
        self._handle = handle
        self._on_failure = on_failure
        self._retry_delays = tuple(retry_delays)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._resting: set[asyncio.Task[Any]] = set()
        self._calm = asyncio.Event()
        self.here: Counter[str] = Counter()
        self.woken: set[str] = set()
        self.stopping = False

    async def stop(self, patience: float) -> None:
        """Begins nothing any more, lets what is under way end within so many seconds, cuts off the rest."""
        self.stopping = True
        self._look_whether_calm()
        try:
            async with asyncio.timeout(patience):
                await self._calm.wait()
        except TimeoutError:
            log.warning("engine.cut_off", tasks=len(self._tasks - self._resting))
        await asyncio.gather(*self.cut(), return_exceptions=True)

    def cut(self) -> "set[asyncio.Task[Any]]":
        """Cancels all that runs here: the records say that it is under way, and somebody takes it up."""
        tasks = set(self._tasks)
        for task in tasks:
            task.cancel()
        return tasks

    async def run(self, fields: dict[str, Any]) -> str:
        """The workflow: everything that is not a step must come out the same when it is replayed."""
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._gone)
            self._look_whether_calm()
        workflow = str(DBOS.workflow_id)
        self.here[workflow] += 1
        try:
            return await self._try_for_long(fields, workflow)
        except DBAPIError as error:
            # The database could not write down how it went: it is under way still, and is taken up again.
            log.error("work.unrecorded", reason=str(error.orig))
            raise asyncio.CancelledError from None
        finally:
            self.here -= Counter([workflow])

    async def _try_for_long(self, fields: dict[str, Any], workflow: str) -> str:
        tries = tries_before(workflow)
        while True:
            ended = await DBOS.run_step_async({"name": "attempt"}, self._attempt, fields, tries)
            match ended:
                case {"again": seconds}:
                    tries = 0
                case {"retry": seconds, "put_off": True}:
                    await self._put_off(from_json(fields), workflow, seconds)
                    raise HandedOn
                case {"retry": seconds}:
                    tries += 1
                case {"failed": what}:
                    self.woken.discard(workflow)
                    raise WorkFailed(what)
                case _:
                    self.woken.discard(workflow)
                    return "done"
            with self._rest():
                await DBOS.recv_async(WAKE, timeout_seconds=seconds)
            self.woken.discard(workflow)

    async def _attempt(self, fields: dict[str, Any], tries: int) -> dict[str, Any]:
        """One call of the handler, as JSON for the engine's record."""
        work = from_json(fields)
        workflow = str(DBOS.workflow_id)
        structlog.contextvars.bind_contextvars(work=key(work), trace=trace_of(work))
        async with AsyncExitStack() as stack:
            try:
                with self._rest():
                    await stack.enter_async_context(self._place.turn(turn_of(work)))
                    if QUEUES[type(work)] == "commands":
                        await stack.enter_async_context(self._commands)
                    died = await stack.enter_async_context(self._deaths.apart(workflow))
            except PlaceLost:
                await self._never()
            if self.stopping or not self._place.fence.is_open:
                await self._never()
            if refusal := given_up(died):
                return await self._failed(work, refusal, tries)
            await stack.enter_async_context(self._deaths.counted(workflow))
            return await self._outcome(work, tries)

    async def _never(self) -> NoReturn:
        """Until we are cancelled: nothing new begins here."""
        with self._rest():
            await asyncio.Event().wait()
        raise AssertionError("nobody ends this wait")

    @contextmanager
    def _rest(self) -> Iterator[None]:
        """Around what may be cut off at any time, because nothing is under way and all is written down."""
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("work is done in tasks")
        self._resting.add(task)
        self._look_whether_calm()
        try:
            yield
        finally:
            self._resting.discard(task)
            self._look_whether_calm()

    def _gone(self, task: "asyncio.Task[Any]") -> None:
        self._tasks.discard(task)
        self._look_whether_calm()

    def _look_whether_calm(self) -> None:
        if self._tasks <= self._resting:
            self._calm.set()
        else:
            self._calm.clear()

    async def _outcome(self, work: Work, tries: int) -> dict[str, Any]:
        try:
            outcome = await self._handle(work)
        except TransientError as error:
            if tries < len(self._retry_delays):
                again = self._again(work, tries, error)
                log.warning("work.retried", reason=error.what, seconds=again["retry"], tries=tries + 1)
                return again
            log.error("work.given_up", reason=error.what, tries=tries + 1)
            return await self._failed(work, error, tries)
        except AuthorError as error:
            log.warning("work.refused", reason=error.what, code=error.code)
            return await self._failed(work, error, tries)
        except Exception as error:
            log.exception("work.failed")
            return await self._failed(work, error, tries)
        match outcome:
            case Done():
                return {"done": True}
            case Again(seconds):
                return {"again": seconds}

    def _again(self, work: Work, tries: int, error: TransientError) -> dict[str, Any]:
        seconds = max(self._retry_delays[tries], min(error.retry_after or 0, LONGEST))
        return {"retry": seconds} if keeps_turn(work) else {"retry": seconds, "put_off": True}

    async def _failed(self, work: Work, error: Exception, tries: int) -> dict[str, Any]:
        """Tells of it. Where that is not possible now, the whole is tried again, as often as any work."""
        if self._on_failure:
            try:
                await self._on_failure(work, error)
            except TransientError as untold:
                log.warning("work.failure_untold", reason=untold.what)
                if tries < len(self._retry_delays):
                    return self._again(work, tries, untold)
            except Exception:
                log.exception("work.failure_untold")
        return {"failed": type(error).__name__}
