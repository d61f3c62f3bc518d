"""How far the sweep has come, in our tables."""

import json
from collections.abc import Collection
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.gate import upsert
from bot.app.ports.keeping import UNDER_WAY, Deployment
from bot.app.ports.sweeping import Swept


class SqlSweeps:
    """The port `SweepStore` on SQLite or PostgreSQL; `engine` is what `open_database` gave."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def swept(self, project: str, targets: Collection[str], now: datetime) -> Swept:
        """See the port."""
        async with self._engine.begin() as connection:
            found = await _read(connection, project)
            since = dict(found.since) if found else {}
            whole = Swept(found.seen if found else now, {name: now for name in targets} | since)
            if whole != found:
                await self._write(connection, project, whole)
            return Swept(whole.seen, {name: whole.since[name] for name in targets})

    async def put_seen(self, project: str, seen: datetime) -> None:
        """See the port."""
        async with self._engine.begin() as connection:
            found = await _read(connection, project)
            if found is None:
                raise LookupError(f"no sweep of {project} has begun")
            await self._write(connection, project, Swept(seen, found.since))

    async def unended(self, project: str) -> list[Deployment]:
        """See the port."""
        table = tables.deployments
        where = (table.c.project == project) & table.c.state.in_(UNDER_WAY)
        async with self._engine.begin() as connection:
            query = sa.select(table).where(where).order_by(table.c.iid, table.c.target)
            rows = (await connection.execute(query)).mappings()
            return [Deployment(**{**row, "steps": tuple(row["steps"])}) for row in rows]

    async def _write(self, connection: AsyncConnection, project: str, swept: Swept) -> None:
        since = {name: at.isoformat() for name, at in swept.since.items()}
        value = json.dumps({"seen": swept.seen.isoformat(), "since": since})
        made = upsert(self._engine, tables.meta).values(name=_name(project), value=value)
        await connection.execute(made.on_conflict_do_update(index_elements=("name",), set_={"value": value}))


def _name(project: str) -> str:
    return f"sweep:{project}"


async def _read(connection: AsyncConnection, project: str) -> Swept | None:
    query = sa.select(tables.meta.c.value).where(tables.meta.c.name == _name(project))
    value = (await connection.execute(query)).scalar_one_or_none()
    if value is None:
        return None
    fields = json.loads(value)
    since = {name: datetime.fromisoformat(at) for name, at in fields["since"].items()}
    return Swept(datetime.fromisoformat(fields["seen"]), since)
