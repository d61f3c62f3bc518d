"""Taking up work that nobody does: of processes that are gone, and what this one lost hold of."""

import asyncio
from collections import defaultdict
from collections.abc import Awaitable, Callable, Sequence

import structlog
from dbos import DBOS, WorkflowStatus

from bot.adapters.engine.place import Place, PlaceLost
from bot.adapters.engine.waiting import bring_forward

log = structlog.get_logger()

_EVERY = 1.0
_STRAY = 5.0
"""Seconds that work may be marked as ours without running here: it may just be on its way."""


class Takeover:
    """`here` are the ids that run in this process."""

    def __init__(
        self, place: Place, here: Callable[[], set[str]], wake: Callable[[str], Awaitable[None]]
    ) -> None:
        self._place = place
        self._here = here
        self._wake = wake
        self._strays: dict[str, float] = {}

    async def go_on(self) -> None:
        """Looks each second, until it is cancelled."""
        while True:
            await asyncio.sleep(_EVERY)
            try:
                await self.look()
            except Exception:
                log.exception("engine.takeover_failed")

    async def look(self) -> None:
        """Once. Does nothing while this process has no place of its own."""
        if not self._place.fence.is_open:
            return
        alive = await _begun(None, "PENDING", "DELAYED")
        if brought := await bring_forward([each for each in alive if each.status == "DELAYED"]):
            log.warning("engine.brought_forward", works=brought)
        pending = [each for each in alive if each.status == "PENDING"]
        await self._gather_strays([each for each in pending if each.executor_id == self._place.executor])
        others = {each.executor_id for each in pending} - {self._place.executor, None}
        for executor in sorted(str(each) for each in others):
            try:
                async with self._place.vacated(executor) as gone:
                    if gone:
                        await self._take_over(executor)
            except PlaceLost:
                return

    async def _take_over(self, executor: str) -> None:
        left = await _begun(executor, "PENDING")  # again: a peer may have been faster
        await _queue_again(left)
        for each in left:
            await self._wake(each.workflow_id)  # whoever would have called it found nobody
        if left:
            log.warning("engine.took_over", executor=executor, works=len(left))

    async def _gather_strays(self, ours: Sequence[WorkflowStatus]) -> None:
        now, here = asyncio.get_running_loop().time(), self._here()
        strays = {each.workflow_id: each for each in ours if each.workflow_id not in here}
        self._strays = {name: self._strays.get(name, now) for name in strays}
        due = [strays[name] for name, since in self._strays.items() if now - since >= _STRAY]
        if due:
            await _queue_again(due)
            log.warning("engine.took_up_strays", works=len(due))


async def _begun(executor: str | None, *states: str) -> list[WorkflowStatus]:
    return await DBOS.list_workflows_async(
        status=list(states), executor_id=executor, load_input=False, load_output=False
    )


async def _queue_again(works: Sequence[WorkflowStatus]) -> None:
    """Whoever runs it still is disowned by this: what it writes into the engine's records is refused."""
    by_queue = defaultdict(list)
    for each in works:
        by_queue[each.queue_name].append(each.workflow_id)
    for queue, names in by_queue.items():
        await DBOS.resume_workflows_async(names, queue_name=queue)
