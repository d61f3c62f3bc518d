"""The inbox: deliveries that were answered, until their work is in the queue.

Concurrent deliveries share one transaction: the writer takes whatever waits, commits once, and lets all go.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.adapters.clock import utc_now
from bot.adapters.store.database import INBOX_LOCK, lock
from bot.adapters.store.gate import upsert
from bot.adapters.store.inbox_sqlite import SqliteDeliveries
from bot.adapters.store.tables import deliveries
from bot.app.ports.keeping import Backlog, Clock
from bot.core.webhook.delivery import TWINS, Delivery, body_of
from bot.core.work import from_json, to_json

KEPT = timedelta(days=7)
_BATCH = 256
_MOST_TWINS = 10_000


class _Rows(Protocol):
    async def open(self) -> None: ...

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> set[str]: ...

    async def close(self) -> None: ...


class SqlInbox:
    """`async with` it; `put` is durable when it returns."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now, kept: timedelta = KEPT) -> None:
        self._engine = engine
        self._clock = clock
        self._kept = kept
        self._rows: _Rows = (
            SqliteDeliveries(str(engine.url.database))
            if engine.dialect.name == "sqlite"
            else _EngineDeliveries(engine)
        )
        self._newest = clock()
        self._waiting: asyncio.Queue[tuple[Delivery, asyncio.Future[bool]]] = asyncio.Queue()
        self._writer: asyncio.Task[None] | None = None
        self._bodies: OrderedDict[str, datetime] = OrderedDict()

    async def __aenter__(self) -> "SqlInbox":
        await self._rows.open()
        await self._remember()
        self._writer = asyncio.create_task(self._write(), name="inbox-writer")
        return self

    async def __aexit__(self, *exc: object) -> None:
        if self._writer:
            self._writer.cancel()
            await asyncio.gather(self._writer, return_exceptions=True)
        while not self._waiting.empty():
            self._waiting.get_nowait()[1].cancel()
        await self._rows.close()

    async def put(self, delivery: Delivery) -> bool:
        """Keeps it; False where its key is known, or its twin. Raises what the database raised."""
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
        while self._bodies and next(iter(self._bodies.values())) <= now - TWINS:
            self._bodies.popitem(last=False)
        first = {each.body: each.key for each in reversed(batch)}
        twins = {each.key for each in batch if each.body in self._bodies or first[each.body] != each.key}
        rows = [self._row(each, now, is_twin=each.key in twins) for each in batch]
        fresh = await self._rows.insert(rows) - twins
        for each in batch:
            if each.key in fresh:
                self._bodies[each.body] = now
        while len(self._bodies) > _MOST_TWINS:
            self._bodies.popitem(last=False)
        return fresh

    def _row(self, delivery: Delivery, now: datetime, *, is_twin: bool) -> dict[str, Any]:
        """A twin is kept for its key alone, which a resend repeats. No two rows have the same time."""
        self._newest = max(now, self._newest + timedelta(microseconds=1))
        return {
            "key": delivery.key,
            "received_at": self._newest,
            "event": delivery.event,
            "project": delivery.project,
            "digest": delivery.digest,
            "works": [] if is_twin else [to_json(work) for work in delivery.works],
            "handed_over": is_twin,
        }

    async def _remember(self) -> None:
        """What an earlier process was told shortly before its end."""
        of = deliveries.c
        recent = sa.select(of.event, of.digest, of.received_at)
        recent = recent.where(of.received_at > self._clock() - TWINS).order_by(of.received_at.desc())
        async with self._engine.begin() as connection:
            rows = list(await connection.execute(recent.limit(_MOST_TWINS)))
        for row in reversed(rows):
            self._bodies[body_of(row.event, row.digest)] = row.received_at

    async def waiting(self, limit: int = 100) -> list[Delivery]:
        """Deliveries that are not handed over yet, oldest first."""
        select = sa.select(deliveries).where(deliveries.c.handed_over.is_(False))
        async with self._engine.begin() as connection:
            rows = await connection.execute(select.order_by(deliveries.c.received_at).limit(limit))
            return [
                Delivery(row.key, row.event, row.project, row.digest, tuple(map(from_json, row.works)))
                for row in rows
            ]

    async def backlog(self) -> dict[str, Backlog]:
        """How many are not handed over yet, whichever process took them, and since when the oldest waits."""
        of = deliveries.c
        select = sa.select(sa.func.count(), sa.func.min(of.received_at)).where(of.handed_over.is_(False))
        async with self._engine.begin() as connection:
            works, since = (await connection.execute(select)).one()
        return {"inbox": Backlog(works, max(0.0, (self._clock() - since).total_seconds()) if works else 0.0)}

    async def handed_over(self, keys: Collection[str]) -> None:
        """These are in the queue: from now on they only tell duplicates."""
        update = sa.update(deliveries).where(deliveries.c.key.in_(keys)).values(handed_over=True)
        async with self._engine.begin() as connection:
            await connection.execute(update)

    async def forget(self, before: datetime | None = None) -> int:
        """Drops what was handed over and was `kept` for long enough (or is from `before`); gives how many."""
        older = deliveries.c.received_at < (before or self._clock() - self._kept)
        delete = sa.delete(deliveries).where(older & deliveries.c.handed_over.is_(True))
        async with self._engine.begin() as connection:
            return int((await connection.execute(delete)).rowcount)


class _EngineDeliveries:
    """The same on a server, whose connections are many."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine
        self._insert = upsert(engine, deliveries).on_conflict_do_nothing().returning(deliveries.c.key)

    async def open(self) -> None:
        """The engine is open."""

    async def insert(self, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        """Keeps them durably, in one transaction; gives the keys that were new.

        One process at a time: a twin may have come to another, and then it is in the table.
        """
        async with self._engine.begin() as connection:
            await lock(connection, INBOX_LOCK)
            twins = await self._twins(connection, rows)
            as_twin = {"works": [], "handed_over": True}
            kept = [{**row, **as_twin} if row["key"] in twins else dict(row) for row in rows]
            made = await connection.execute(self._insert, kept)
            return set(made.scalars()) - twins

    async def _twins(self, connection: AsyncConnection, rows: Sequence[Mapping[str, Any]]) -> set[str]:
        of = deliveries.c
        since = min(row["received_at"] for row in rows) - TWINS
        query = sa.select(of.event, of.digest).where(
            (of.received_at > since) & of.digest.in_({row["digest"] for row in rows})
        )
        known = {body_of(row.event, row.digest) for row in await connection.execute(query)}
        return {row["key"] for row in rows if body_of(row["event"], row["digest"]) in known}

    async def close(self) -> None:
        """The engine is closed by who opened it."""
