"""From the inbox into the queue: what was answered is worked on, whatever dies in between."""

import asyncio
from collections.abc import Collection
from typing import Protocol

import structlog

from bot.app.ports.keeping import Queue, Store
from bot.core.delivery import Delivery
from bot.core.work import WakeWork, Work, key

log = structlog.get_logger()


class Inbox(Protocol):
    """Deliveries that are answered and not handed over yet."""

    async def waiting(self, limit: int = 100) -> list[Delivery]: ...

    async def handed_over(self, keys: Collection[str]) -> None: ...

    async def forget(self) -> int: ...


class Dispatcher:
    """Hands over what is in the inbox, in order. `async with` it; call `notice` after a delivery was kept.

    A delivery may be handed over twice (a kill between queue and inbox): the queue knows work by its key.
    """

    def __init__(
        self,
        inbox: Inbox,
        queue: Queue,
        store: Store,
        *,
        look_again: float = 5.0,
        forget_every: float = 3600.0,
    ) -> None:
        self._inbox = inbox
        self._queue = queue
        self._store = store
        self._look_again = look_again
        self._forget_every = forget_every
        self._noticed = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    def notice(self) -> None:
        """Something new is in the inbox."""
        self._noticed.set()

    async def __aenter__(self) -> "Dispatcher":
        self._noticed.set()
        self._tasks = [asyncio.create_task(self._dispatch()), asyncio.create_task(self._forget())]
        return self

    async def __aexit__(self, *exc: object) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _dispatch(self) -> None:
        while True:
            try:
                async with asyncio.timeout(self._look_again):
                    await self._noticed.wait()
            except TimeoutError:
                pass  # look anyway: a notice may have died with the process before
            self._noticed.clear()
            try:
                while await self.drain():
                    pass
            except Exception:
                log.exception("dispatch.failed")
                await asyncio.sleep(self._look_again)

    async def _forget(self) -> None:
        while True:
            await asyncio.sleep(self._forget_every)
            try:
                log.info("inbox.forgot", deliveries=await self._inbox.forget())
            except Exception:
                log.exception("inbox.forget_failed")

    async def drain(self) -> int:
        """Hands over one batch; gives how many deliveries it held."""
        batch = await self._inbox.waiting()
        wakes: set[Work] = set()
        for delivery in batch:
            for work in delivery.works:
                if isinstance(work, WakeWork):
                    wakes.add(work)
                else:
                    await self._hand_over(delivery, work)
        for wake in wakes:
            await self._queue.submit(wake)
        if batch:
            await self._inbox.handed_over([delivery.key for delivery in batch])
        return len(batch)

    async def _hand_over(self, delivery: Delivery, work: Work) -> None:
        fresh = await self._queue.submit(work)
        log.info("work.queued" if fresh else "work.known", work=key(work), delivery_event=delivery.event)
        if fresh and not isinstance(work, WakeWork):
            await self._store.record(
                "delivery",
                delivery.project,
                work.iid,
                {"event": delivery.event, "work": key(work), "digest": delivery.digest},
                once=f"delivery:{delivery.key}:{key(work)}",
            )
