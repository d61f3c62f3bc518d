"""The durable engine behind the port `Queue`: DBOS, kept thin, so that leaving it means rewriting this file.

Each piece of work is one workflow whose id is the work's key and a counter. Its handler is a step: what was
done is not done again after a crash, what was under way is (handlers look before they write).
"""

import asyncio
import contextvars
from collections.abc import Awaitable, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import Any, TypeAlias

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowStatus

from bot.adapters.engine_database import EngineDatabase, quiet
from bot.core.errors import AuthorError, TransientError
from bot.core.work import (
    Again,
    CommandWork,
    DeployWork,
    Done,
    Outcome,
    PlanWork,
    WakeWork,
    Work,
    from_json,
    key,
    lane,
    serial_with,
    to_json,
)

log = structlog.get_logger()

Handler: TypeAlias = Callable[[Work], Awaitable[Outcome]]
OnFailure: TypeAlias = Callable[[Work, Exception], Awaitable[None]]

RETRY_DELAYS = (2.0, 5.0, 15.0, 30.0, 60.0, 180.0, 600.0)
"""Seconds between the tries of work that something outside failed: eight tries in a quarter of an hour."""

_QUEUES = {PlanWork: "plans", DeployWork: "deploys", CommandWork: "commands"}
_QUEUED = ("ENQUEUED", "DELAYED")
_ALIVE = (*_QUEUED, "PENDING")
_WAKE = "wake"


class WorkFailed(Exception):
    """The engine's record that a piece of work ended badly; what happened was logged and told before."""


class Engine:
    """The port `Queue` and what does its work. One process per database; several one after the other.

    `handle` does a piece of work (never a WakeWork) and says Done or Again. A TransientError of it is tried
    again after `retry_delays`; then, and for every other exception at once, `on_failure` is told and the work
    ends. `url` is that of the database (SQLite: the engine keeps a file of its own beside it).
    """

    def __init__(
        self,
        url: str,
        handle: Handler,
        *,
        on_failure: OnFailure | None = None,
        plan_workers: int = 4,
        retry_delays: Sequence[float] = RETRY_DELAYS,
        poll: float = 0.25,
    ) -> None:
        self._database = EngineDatabase(url)
        self._handle = handle
        self._on_failure = on_failure
        self._plan_workers = plan_workers
        self._retry_delays = tuple(retry_delays)
        self._poll = poll
        self._submitting = asyncio.Lock()
        self._workflow: Callable[[dict[str, Any]], Any] | None = None
        self._tasks: set[asyncio.Task[Any]] = set()
        self._attempts: set[asyncio.Future[None]] = set()
        self._woken: set[str] = set()
        self._stopping = asyncio.Event()

    async def start(self) -> None:
        """Takes up what was left, and new work. Raises AuthorError where another process has the database."""
        await self._database.open()
        try:
            self._launch()
            await self._declare_queues()
            # What waited when the process ended may have been called meanwhile: it looks once, now.
            for each in await self._of_prefix("", status=list(_ALIVE)):
                await self._wake(each.workflow_id)
        except BaseException:
            await self._close()
            raise

    def _launch(self) -> None:
        quiet(WorkFailed)
        DBOS(config=self._database.settings(self._poll))

        @DBOS.workflow(name="purser.work", max_recovery_attempts=None)
        async def work(fields: dict[str, Any]) -> str:
            return await self._run(fields)

        self._workflow = work
        DBOS.launch()

    async def _declare_queues(self) -> None:
        for name, workers in (("plans", self._plan_workers), ("deploys", None), ("commands", 8)):
            await DBOS.register_queue_async(
                name,
                worker_concurrency=workers,
                partition_concurrency=1,
                polling_interval_sec=self._poll,
                on_conflict="always_update",
            )

    async def stop(self, patience: float = 30.0) -> None:
        """Lets handlers that run finish, for at most `patience` seconds; the next start does the rest."""
        self._stopping.set()
        if self._attempts:
            await asyncio.wait(self._attempts, timeout=patience)
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._close()

    async def _close(self) -> None:
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1) as apart:
            await loop.run_in_executor(apart, lambda: DBOS.destroy(destroy_registry=True))
        # The engine made its own threads the loop's default and has closed them.
        loop.set_default_executor(ThreadPoolExecutor())
        await self._database.close()

    async def __aenter__(self) -> "Engine":
        await self.start()
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.stop()

    async def submit(self, work: Work) -> bool:
        """See the port. A WakeWork wakes whoever waits in its project and is not kept itself.

        A plan of a newer push takes the place of older ones that still queue. The same work again is refused
        while it is alive or done; work that failed may be submitted again. Handlers may call it too.
        """
        # A handler runs inside a step of the engine, which takes no new work in that context.
        return await asyncio.create_task(self._submit(work), context=contextvars.Context())

    async def _submit(self, work: Work) -> bool:
        if isinstance(work, WakeWork):
            waiting = await self._of_prefix(f"deploy:{work.project}:", status=["PENDING"])
            for each in waiting:
                await self._wake(each.workflow_id)
            return bool(waiting)
        async with self._submitting:
            known = await self._of_prefix(lane(work))
            if await self._is_there(work, known):
                return False
            number = 1 + sum(_key_of(each) == key(work) for each in known)
            await self._enqueue(work, f"{key(work)}#{number}")
            if isinstance(work, PlanWork) and work.note_id is None:
                await self._supersede(known)
            return True

    async def _is_there(self, work: Work, known: list[WorkflowStatus]) -> bool:
        if isinstance(work, PlanWork) and work.note_id is None:
            # Only the newest counts: a push back to an earlier head is planned again.
            known = [each for each in known if _is_push(each)][-1:]
        for each in known:
            if _key_of(each) == key(work) and each.status in (*_ALIVE, "SUCCESS"):
                if isinstance(work, DeployWork) and each.status == "PENDING":
                    await self._wake(each.workflow_id)
                return True
        return False

    async def _enqueue(self, work: Work, workflow_id: str) -> None:
        if self._workflow is None:
            raise RuntimeError("submit() before start()")
        with SetWorkflowID(workflow_id), SetEnqueueOptions(queue_partition_key=serial_with(work)):
            await DBOS.enqueue_workflow_async(_QUEUES[type(work)], self._workflow, to_json(work))

    async def _supersede(self, known: list[WorkflowStatus]) -> None:
        older = [each.workflow_id for each in known if each.status in _QUEUED and _is_push(each)]
        if older:
            await DBOS.cancel_workflows_async(older)
            log.info("plan.superseded", plans=len(older))

    async def _of_prefix(self, prefix: str, status: list[str] | None = None) -> list[WorkflowStatus]:
        """Workflows whose ids begin so, oldest first."""
        return await DBOS.list_workflows_async(
            workflow_id_prefix=prefix or None, status=status, load_output=False
        )

    async def _wake(self, workflow_id: str) -> None:
        if workflow_id not in self._woken:
            self._woken.add(workflow_id)
            await DBOS.send_async(workflow_id, True, topic=_WAKE)

    async def depth(self) -> dict[str, int]:
        """How much work waits or is under way, by queue."""
        alive = await DBOS.list_queued_workflows_async(load_input=False, load_output=False)
        return {name: sum(each.queue_name == name for each in alive) for name in _QUEUES.values()}

    async def purge(self, before: datetime) -> int:
        """Forgets work that ended before that time; gives how much."""
        ended = await DBOS.list_workflows_async(
            status=["SUCCESS", "ERROR", "CANCELLED"],
            completed_before=before.isoformat(),
            load_input=False,
            load_output=False,
        )
        if ended:
            await DBOS.delete_workflows_async([each.workflow_id for each in ended])
        return len(ended)

    async def check(self) -> None:
        """Raises where the engine cannot take work."""
        if self._stopping.is_set():
            raise TransientError("the engine is stopping")
        await DBOS.list_workflows_async(limit=1, load_input=False, load_output=False)

    async def _run(self, fields: dict[str, Any]) -> str:
        """The workflow: everything that is not a step must come out the same when it is replayed."""
        if task := asyncio.current_task():
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        tries = 0
        while True:
            ended = await DBOS.run_step_async({"name": "attempt"}, self._attempt, fields, tries)
            match ended:
                case {"again": seconds}:
                    tries = 0
                case {"retry": seconds}:
                    tries += 1
                case {"failed": what}:
                    raise WorkFailed(what)
                case _:
                    return "done"
            await DBOS.recv_async(_WAKE, timeout_seconds=seconds)
            self._woken.discard(str(DBOS.workflow_id))

    async def _attempt(self, fields: dict[str, Any], tries: int) -> dict[str, Any]:
        """One call of the handler, as JSON for the engine's record."""
        if self._stopping.is_set():
            await asyncio.Event().wait()  # until stop() cancels us: nothing new begins
        attempt: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._attempts.add(attempt)
        work = from_json(fields)
        structlog.contextvars.bind_contextvars(work=key(work))
        try:
            return await self._outcome(work, tries)
        finally:
            self._attempts.discard(attempt)
            attempt.set_result(None)

    async def _outcome(self, work: Work, tries: int) -> dict[str, Any]:
        try:
            outcome = await self._handle(work)
        except TransientError as error:
            if tries < len(self._retry_delays):
                seconds = max(self._retry_delays[tries], error.retry_after or 0)
                log.warning("work.retried", reason=error.what, seconds=seconds, tries=tries + 1)
                return {"retry": seconds}
            log.error("work.given_up", reason=error.what, tries=tries + 1)
            return await self._failed(work, error)
        except AuthorError as error:
            log.warning("work.refused", reason=error.what, code=error.code)
            return await self._failed(work, error)
        except Exception as error:
            log.exception("work.failed")
            return await self._failed(work, error)
        match outcome:
            case Done():
                return {"done": True}
            case Again(seconds):
                return {"again": seconds}

    async def _failed(self, work: Work, error: Exception) -> dict[str, Any]:
        if self._on_failure:
            try:
                await self._on_failure(work, error)
            except Exception:
                log.exception("work.failure_untold")
        return {"failed": type(error).__name__}


def _key_of(status: WorkflowStatus) -> str:
    return status.workflow_id.rpartition("#")[0]


def _is_push(status: WorkflowStatus) -> bool:
    """Whether it is a plan that nobody asked for by a command."""
    match status.input:
        case {"args": [{"kind": "plan", "note_id": None}, *_]}:
            return True
        case _:
            return False
