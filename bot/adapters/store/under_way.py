"""Work that began and has not ended: what is left here by a process that died."""

from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.clock import utc_now
from bot.adapters.store import tables
from bot.adapters.store.gate import upsert
from bot.app.ports.keeping import Clock


class SqlUnderWay:
    """The port `UnderWay` on SQLite or PostgreSQL; `engine` is what `open_database` gave."""

    def __init__(self, engine: AsyncEngine, clock: Clock = utc_now) -> None:
        self._engine = engine
        self._clock = clock

    async def begun(self, work: str) -> int:
        """See the port."""
        query = sa.select(tables.under_way.c.begun).where(tables.under_way.c.work == work)
        async with self._engine.begin() as connection:
            return (await connection.execute(query)).scalar_one_or_none() or 0

    async def begin(self, work: str) -> None:
        """See the port."""
        table, now = tables.under_way, self._clock()
        once_more = (
            upsert(self._engine, table)
            .values(work=work, begun=1, begun_at=now)
            .on_conflict_do_update(
                index_elements=[table.c.work], set_={"begun": table.c.begun + 1, "begun_at": now}
            )
        )
        async with self._engine.begin() as connection:
            await connection.execute(once_more)

    async def end(self, work: str) -> None:
        """See the port."""
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(tables.under_way).where(tables.under_way.c.work == work))

    async def forget(self, before: datetime) -> None:
        """See the port."""
        old = tables.under_way.c.begun_at < before
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(tables.under_way).where(old))
