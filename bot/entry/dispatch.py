"""From the inbox into the queue: what was answered is worked on, whatever dies in between."""

import asyncio
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, nullcontext
from typing import Protocol

import structlog

from bot.app.ports.keeping import Queue
from bot.core.errors import TransientError
from bot.core.trail.chain import Happening
from bot.core.webhook.delivery import Delivery
from bot.core.work import BranchWork, PlanWork, WakeWork, Work, key, lane
from bot.entry.doorbell import Doorbell

log = structlog.get_logger()

_BATCH = 200
_TOLD_AT_ONCE = 25
_LOST = 1.0


class Inbox(Protocol):
    """Deliveries that are answered and not handed over yet."""

    async def waiting(self, limit: int = 100) -> list[Delivery]: ...

    async def handed_over(self, keys: Collection[str]) -> None: ...

    async def forget(self) -> int: ...


class Trail(Protocol):
    """Where it is written down."""

    async def record_all(self, happenings: Sequence[Happening]) -> None: ...


class Dispatcher:
    """Hands over what is in the inbox, in order, each time the bell rings. `async with` it.

    A delivery may be handed over twice (a kill between queue and inbox): the queue knows work by its key.
    `look_again` are the seconds after which it looks without a ring, `yield_for` those for which a
    hand-over waits at most while deliveries are being answered. Of several processes that share the inbox one
    hands over at a time: `turn` waits until it is this one.
    """

    def __init__(
        self,
        inbox: Inbox,
        queue: Queue,
        trail: Trail,
        bell: Doorbell,
        *,
        look_again: float = 5.0,
        yield_for: float = 0.25,
        forget_every: float = 3600.0,
        turn: Callable[[], AbstractAsyncContextManager[None]] = nullcontext,
    ) -> None:
        self._inbox = inbox
        self._queue = queue
        self._trail = trail
        self._bell = bell
        self._look_again = look_again
        self._yield_for = yield_for
        self._forget_every = forget_every
        self._turn = turn
        self._tasks: list[asyncio.Task[None]] = []

    async def __aenter__(self) -> "Dispatcher":
        self._bell.ring()
        self._tasks = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._forget())]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _dispatch(self) -> None:
        while True:
            await self._bell.rung(self._look_again)
            try:
                async with self._turn():
                    while await self.drain():
                        pass
            except TransientError as error:
                log.warning("dispatch.waits", reason=error.what)
                await asyncio.sleep(_LOST)
                self._bell.ring()
            except Exception:
                log.exception("dispatch.failed")
                await asyncio.sleep(self._look_again)
                self._bell.ring()

    async def _forget(self) -> None:
        while True:
            try:
                log.info("inbox.forgot", deliveries=await self._inbox.forget())
            except Exception:
                log.exception("inbox.forget_failed")
            await asyncio.sleep(self._forget_every)

    async def drain(self) -> int:
        """Hands over one batch; gives how many deliveries it held."""
        await self._bell.quiet(self._yield_for)
        batch = await self._inbox.waiting(_BATCH)
        wakes = {work for delivery in batch for work in delivery.works if isinstance(work, WakeWork)}
        lasting = list(_lasting(batch))
        newest = _newest([work for _, work in lasting])
        for delivery, work in lasting:
            if not _is_push(work) or newest[lane(work)] is work:
                await self._bell.quiet(self._yield_for)
                fresh = await self._queue.submit(work)
                name = "work.queued" if fresh else "work.known"
                log.info(name, work=key(work), delivery_event=delivery.event)
        for wake in wakes:
            await self._queue.submit(wake)
        told = [_happening(delivery, work) for delivery, work in lasting]
        for start in range(0, len(told), _TOLD_AT_ONCE):
            await self._bell.quiet(self._yield_for)
            await self._trail.record_all(told[start : start + _TOLD_AT_ONCE])
        if batch:
            await self._bell.quiet(self._yield_for)
            await self._inbox.handed_over([delivery.key for delivery in batch])
        return len(batch)


def _lasting(batch: list[Delivery]) -> Iterator[tuple[Delivery, Work]]:
    """Work that the queue keeps, in order."""
    for delivery in batch:
        for work in delivery.works:
            if not isinstance(work, WakeWork):
                yield delivery, work


def _newest(works: Sequence[Work]) -> Mapping[str, Work]:
    """The last push of each lane: the queue would put it into the place of those before it."""
    return {lane(work): work for work in works if _is_push(work)}


def _is_push(work: Work) -> bool:
    return isinstance(work, PlanWork) and work.note_id is None


def _happening(delivery: Delivery, work: Work) -> Happening:
    return Happening(
        "delivery",
        delivery.project,
        None if isinstance(work, WakeWork | BranchWork) else work.iid,
        {"event": delivery.event, "work": key(work), "digest": delivery.digest},
        once=f"delivery:{delivery.key}:{key(work)}",
    )
