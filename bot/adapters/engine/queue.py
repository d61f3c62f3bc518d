"""The durable engine behind the port `Queue`: DBOS, kept thin, so that leaving it means rewriting this file.

Each piece of work is one workflow whose id is the work's key and a counter. Its handler is a step: what was
done is not done again after a crash, what was under way is (handlers look before they write).
"""

import asyncio
import contextvars
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractAsyncContextManager
from datetime import datetime, timedelta
from typing import Any

import structlog
from dbos import DBOS, SetEnqueueOptions, SetWorkflowID, WorkflowStatus
from dbos._error import DBOSAwaitedWorkflowCancelledError

from bot.adapters.clock import utc_now
from bot.adapters.engine.backlog import backlog_of
from bot.adapters.engine.database import EngineDatabase, quiet
from bot.adapters.engine.deaths import Deaths
from bot.adapters.engine.place import Alone, Fence
from bot.adapters.engine.queues import QUEUES, declare
from bot.adapters.engine.records import is_push, key_of, number_of, work_of
from bot.adapters.engine.runner import RETRY_DELAYS, WAKE, Handler, OnFailure, Runner, WorkFailed
from bot.adapters.engine.takeover import Takeover
from bot.adapters.engine.waiting import next_of
from bot.app.ports.keeping import Backlog, Clock, UnderWay
from bot.core.errors import TransientError
from bot.core.work import DeployWork, DriftWork, PlanWork, WakeWork, Work, key, lane, serial_with, to_json

log = structlog.get_logger()

ENDED_BY_US = (WorkFailed, DBOSAwaitedWorkflowCancelledError)
"""How work ends that is no news: badly, which was told, or taken back as it was to begin."""
_QUEUED = ("ENQUEUED", "DELAYED")
_ALIVE = (*_QUEUED, "PENDING")
_ENDED = ("SUCCESS", "ERROR", "CANCELLED")
_KEPT = timedelta(days=7)
_PURGED_AT_ONCE = 200


class Engine:
    """The port `Queue` and what does its work. Many processes may share a PostgreSQL, one has an SQLite.

    `handle` does a piece of work (never a WakeWork) and says Done or Again. A TransientError of it is tried
    again after `retry_delays`; then, and for every other exception at once, `on_failure` is told and the work
    ends. `url` is that of the database (SQLite: the engine keeps a file of its own beside it). Work that
    ended is forgotten after `kept`; it looks every `purge_every` seconds. `fence` is closed while this
    process has no place at the database, which it loses after `silence` seconds without a sign of life.
    `under_way` counts how often work died with its process; what does so too often is given up.
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
        kept: timedelta = _KEPT,
        purge_every: float = 3600.0,
        clock: Clock = utc_now,
        fence: Fence | None = None,
        silence: float = 10.0,
        under_way: UnderWay | None = None,
    ) -> None:
        self._database = EngineDatabase(url, fence or Fence(), silence)
        self._place = self._database.place
        self._deaths = Deaths(under_way)
        self._runner = Runner(handle, on_failure, retry_delays, self._place, self._deaths, self._put_off)
        self._takeover = Takeover(self._place, lambda: set(self._runner.here), self._wake)
        self._plan_workers = plan_workers
        self._poll = poll
        self._workflow: Callable[[dict[str, Any]], Any] | None = None
        self._kept = kept
        self._purge_every = purge_every
        self._clock = clock
        self._beside: list[asyncio.Task[None]] = []

    async def start(self) -> None:
        """Takes up what was left, and new work. Raises AuthorError where another process has the database."""
        await self._database.open(self._moved)
        try:
            async with self._place.turn("launch"):
                self._launch()
                await declare(self._plan_workers, self._poll)
            # What waited when the process ended may have been called meanwhile: it looks once, now.
            alone = isinstance(self._place, Alone)
            for each in await self._of_prefix("", status=list(_ALIVE)) if alone else ():
                await self._wake(each.workflow_id)
        except BaseException:
            await self._close()
            raise
        self._beside = [
            asyncio.create_task(self._purge_on_time(), name="engine-purge"),
            asyncio.create_task(self._takeover.go_on(), name="engine-takeover"),
        ]

    def _moved(self, held: bool) -> None:
        """The place is ours again, or lost: either way others may have what ran here."""
        if works := len(self._runner.cut()):
            log.warning("engine.work_let_go", works=works, place_held=held)

    def _launch(self) -> None:
        quiet(*ENDED_BY_US)
        DBOS(config=self._database.settings(self._poll))

        @DBOS.workflow(name="purser.work", max_recovery_attempts=None)
        async def work(fields: dict[str, Any]) -> str:
            return await self._runner.run(fields)

        self._workflow = work
        DBOS.launch()

    async def stop(self, patience: float = 30.0) -> None:
        """Lets handlers that run finish, for at most `patience` seconds; the next start does the rest."""
        for task in self._beside:
            task.cancel()
        await asyncio.gather(*self._beside, return_exceptions=True)
        await self._runner.stop(patience)
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
        async with self._place.turn(f"submit:{lane(work)}"):
            known = await self._of_prefix(lane(work))
            if await self._is_there(work, known):
                return False
            number = 1 + max(map(number_of, known), default=0)
            await self._enqueue(work, f"{key(work)}#{number}")
            if isinstance(work, PlanWork) and work.note_id is None:
                await self._supersede(known)
            return True

    async def plans(self, project: str, iid: int, target: str) -> list[PlanWork]:
        """See the port."""
        listing = self._waiting(project, iid, target)
        found = await asyncio.create_task(listing, context=contextvars.Context())
        return [it for each in found if isinstance(it := work_of(each), PlanWork)]

    async def withdraw(self, project: str, iid: int, target: str) -> int:
        """See the port. Deployments and what runs already are not touched."""
        withdrawing = self._withdraw(project, iid, target)
        return await asyncio.create_task(withdrawing, context=contextvars.Context())

    async def _withdraw(self, project: str, iid: int, target: str) -> int:
        waiting = [each.workflow_id for each in await self._waiting(project, iid, target)]
        if waiting:
            await DBOS.cancel_workflows_async(waiting)
        return len(waiting)

    async def _waiting(self, project: str, iid: int, target: str) -> list[WorkflowStatus]:
        """The plans of a merge request and target that are not begun."""
        return await self._of_prefix(f"plan:{project}:{iid}:{target}:", status=list(_QUEUED))

    async def _is_there(self, work: Work, known: list[WorkflowStatus]) -> bool:
        if isinstance(work, PlanWork) and work.note_id is None:
            # Only the newest counts: a push back to an earlier head is planned again.
            known = sorted((each for each in known if is_push(each)), key=number_of)[-1:]
        if isinstance(work, DriftWork) and not work.note_id and any(it.status in _QUEUED for it in known):
            return True  # one that waits will see the same
        for each in known:
            if key_of(each) == key(work) and each.status in (*_ALIVE, "SUCCESS"):
                if isinstance(work, DeployWork) and each.status == "PENDING":
                    await self._wake(each.workflow_id)
                return True
        return False

    async def _enqueue(self, work: Work, workflow_id: str, delay: float | None = None) -> None:
        if self._workflow is None:
            raise RuntimeError("submit() before start()")
        options = SetEnqueueOptions(queue_partition_key=serial_with(work), delay_seconds=delay)
        with SetWorkflowID(workflow_id), options:
            await DBOS.enqueue_workflow_async(QUEUES[type(work)], self._workflow, to_json(work))

    async def _put_off(self, work: Work, workflow_id: str, seconds: float) -> None:
        """The next try of what is that workflow, after so many seconds."""
        await self._enqueue(work, next_of(workflow_id), seconds)

    async def _supersede(self, known: list[WorkflowStatus]) -> None:
        older = [each.workflow_id for each in known if each.status in _QUEUED and is_push(each)]
        if older:
            await DBOS.cancel_workflows_async(older)
            log.info("plan.superseded", plans=len(older))

    async def _of_prefix(self, prefix: str, status: list[str] | None = None) -> list[WorkflowStatus]:
        """Workflows whose ids begin so, oldest first."""
        return await DBOS.list_workflows_async(
            workflow_id_prefix=prefix or None, status=status, load_output=False
        )

    async def _wake(self, workflow_id: str) -> None:
        is_here = workflow_id in self._runner.here  # else who runs it knows whether it was woken
        if not is_here or workflow_id not in self._runner.woken:
            if is_here:
                self._runner.woken.add(workflow_id)
            await DBOS.send_async(workflow_id, True, topic=WAKE)

    async def backlog(self) -> dict[str, Backlog]:
        """What waits or is under way, by queue, whichever process has it."""
        return await backlog_of({*QUEUES.values()}, self._clock())

    async def purge(self, before: datetime) -> int:
        """Forgets work that ended before that time; gives how much."""
        await self._deaths.forget(before)
        purged = 0
        while ended := await DBOS.list_workflows_async(
            status=list(_ENDED),
            completed_before=before.isoformat(),
            limit=_PURGED_AT_ONCE,
            load_input=False,
            load_output=False,
        ):
            await DBOS.delete_workflows_async([each.workflow_id for each in ended])
            purged += len(ended)
        return purged

    async def _purge_on_time(self) -> None:
        while True:
            try:
                if self.leads() and (purged := await self.purge(self._clock() - self._kept)):
                    log.info("engine.purged", works=purged)
            except Exception:
                log.exception("engine.purge_failed")
            await asyncio.sleep(self._purge_every)

    def leads(self) -> bool:
        """Whether this is the one process that does what only one should; another takes over when it dies."""
        return self._place.leads

    def turn(self, name: str) -> AbstractAsyncContextManager[None]:
        """Waits until no other process is inside the same name. Raises PlaceLost, a TransientError."""
        return self._place.turn(name)

    async def check(self) -> None:
        """Raises where the engine cannot take work."""
        if self._runner.stopping:
            raise TransientError("the engine is stopping")
        self._place.fence.check()
        await DBOS.list_workflows_async(limit=1, load_input=False, load_output=False)
