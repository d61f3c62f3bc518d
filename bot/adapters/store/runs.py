"""What is kept of the runs of mode `direct`."""

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.gate import upsert
from bot.app.ports.running import RunRecord
from bot.core.deploy.release_report import from_json, to_json


class SqlRuns:
    """The port RunRecords; `engine` is what `open_database` gave."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def put_run(self, record: RunRecord) -> None:
        """See the port."""
        values = {
            "id": record.id,
            "project": record.project,
            "iid": record.iid,
            "target": record.target,
            "seal": record.seal,
            "started_at": record.started_at,
            "log": record.log,
            "report": to_json(record.report) if record.report else None,
        }
        rest = {name: values[name] for name in ("log", "report")}
        statement = upsert(self._engine, tables.runs).values(**values)
        async with self._engine.begin() as connection:
            await connection.execute(statement.on_conflict_do_update(index_elements=("id",), set_=rest))

    async def run(self, run: str) -> RunRecord | None:
        """See the port."""
        query = sa.select(tables.runs).where(tables.runs.c.id == run)
        async with self._engine.begin() as connection:
            row = (await connection.execute(query)).mappings().one_or_none()
        if row is None:
            return None
        return RunRecord(**{**row, "report": from_json(row["report"]) if row["report"] else None})
