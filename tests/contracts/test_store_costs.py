"""What is asked at each sweep is answered by an index, on SQLite and on PostgreSQL."""

from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.sql import SqlStore
from tests.contracts.test_store import AT, DATABASES, database, server, url

__all__ = ["database", "server", "url"]
KINDS = [*["plan"] * 99, "deploy.ended"]


def _entry(number: int) -> dict[str, Any]:
    given = {
        "kind": KINDS[number % len(KINDS)],
        "project": "a/b",
        "iid": number,
        "facts": {"state": "failed"},
    }
    return {**given, "at": AT.isoformat(), "once": str(number), "before": "", "digest": ""}


async def _explained(database: AsyncEngine) -> str:
    """How the database goes about `recent`, in its own words."""
    asked: list[tuple[str, Any]] = []

    def heard(_c: Any, _r: Any, statement: str, parameters: Any, *_more: Any) -> None:
        asked.append((statement, parameters))

    sa.event.listen(database.sync_engine, "before_cursor_execute", heard)
    assert len(await SqlStore(database, lambda: AT).recent("deploy.ended", "a/b", 100)) == 50
    sa.event.remove(database.sync_engine, "before_cursor_execute", heard)
    [(statement, parameters)] = [it for it in asked if it[0].startswith("SELECT")]
    explain = "EXPLAIN QUERY PLAN" if database.dialect.name == "sqlite" else "EXPLAIN"
    async with database.begin() as connection:
        return str((await connection.exec_driver_sql(f"{explain} {statement}", parameters)).all())


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_the_newest_entries_of_a_kind_are_found_by_an_index_and_not_sorted(
    database: AsyncEngine,
) -> None:
    async with database.begin() as connection:
        await connection.execute(sa.insert(tables.trail), [_entry(number) for number in range(5000)])
        await connection.exec_driver_sql("ANALYZE")
    how = await _explained(database)
    assert "ix_trail_kind" in how
    assert "B-TREE" not in how
    assert "Sort" not in how
