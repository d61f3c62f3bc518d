"""The inbox: deliveries that were answered, until their work is in the queue.

Concurrent deliveries share one transaction: the writer takes whatever waits, commits once, and lets all go.
"""

import asyncio
from collections.abc import Collection
from datetime import datetime, timedelta

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import utc_now
from bot.adapters.store_gate import upsert
from bot.adapters.tables import deliveries
from bot.app.ports.keeping import Clock
from bot.core.delivery import Delivery
from bot.core.work import from_json, to_json

KEPT = timedelta(days=7)
_BATCH = 256


class SqlInbox:
    """`async with` it; `put` is durable when it returns."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock
        self._waiting: asyncio.Queue[tuple[Delivery, asyncio.Future[bool]]] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None

    async def __aenter__(self) -> "SqlInbox":
        self._writer = asyncio.create_task(self._write(), name="inbox-writer")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._writer:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].cancel()

    async def put(self, delivery: Delivery) -> bool:
        """Keeps it; False where its key is known. Raises what the database raised."""
        done: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._waiting.put_nowait((delivery, done))
        return await done

    async def _write(self) -> None:
        while True:
            batch = [await self._waiting.get()]
            while len(batch) < _BATCH and not self._waiting.empty():
                batch.append(self._waiting.get_nowait())
            try:
                fresh = await self._insert([delivery for delivery, _ in batch])
            except asyncio.CancelledError:
                for _, done in batch:
                    done.cancel()
                raise
            except Exception as error:  # noqa: BLE001 - each caller gets it and answers for itself
                for _, done in batch:
                    if not done.done():
                        done.set_exception(error)
                continue
            for delivery, done in batch:
                if not done.done():
                    done.set_result(delivery.key in fresh)
                fresh.discard(delivery.key)

    async def _insert(self, batch: list[Delivery]) -> set[str]:
        now = self._clock()
        rows = [
            {
                "key": each.key,
                "received_at": now,
                "event": each.event,
                "project": each.project,
                "digest": each.digest,
                "works": [to_json(work) for work in each.works],
                "handed_over": False,
            }
            for each in batch
        ]
        statement = upsert(self._engine, deliveries).values(rows).on_conflict_do_nothing()
        async with self._engine.begin() as connection:
            made = await connection.execute(statement.returning(deliveries.c.key))
            return set(made.scalars())

    async def waiting(self, limit: int = 100) -> list[Delivery]:
        """Deliveries that are not handed over yet, oldest first."""
        select = sa.select(deliveries).where(deliveries.c.handed_over.is_(False))
        async with self._engine.begin() as connection:
            rows = await connection.execute(select.order_by(deliveries.c.received_at).limit(limit))
            return [
                Delivery(row.key, row.event, row.project, row.digest, tuple(map(from_json, row.works)))
                for row in rows
            ]

    async def handed_over(self, keys: Collection[str]) -> None:
        """These are in the queue: from now on they only tell duplicates."""
        update = sa.update(deliveries).where(deliveries.c.key.in_(keys)).values(handed_over=True)
        async with self._engine.begin() as connection:
            await connection.execute(update)

    async def forget(self, before: datetime | None = None) -> int:
        """Drops what was handed over and is older than seven days (or `before`); gives how many."""
        older = deliveries.c.received_at < (before or self._clock() - KEPT)
        delete = sa.delete(deliveries).where(older & deliveries.c.handed_over.is_(True))
        async with self._engine.begin() as connection:
            return int((await connection.execute(delete)).rowcount)
