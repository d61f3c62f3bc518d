"""The port `UnderWay`, on SQLite and on PostgreSQL."""

from datetime import timedelta

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store.under_way import SqlUnderWay
from tests.contracts.test_store import AT, DATABASES, database, server, url

__all__ = ["database", "server", "url"]
pytestmark = pytest.mark.parametrize("url", DATABASES, indirect=True)


async def test_what_begins_without_an_end_is_counted_each_by_itself(database: AsyncEngine) -> None:
    under_way = SqlUnderWay(database)
    assert await under_way.begun("plan:1#1") == 0
    counted = []
    for work in ("plan:1#1", "plan:1#1", "plan:1#1", "plan:1#2"):
        await under_way.begin(work)
        counted.append(await under_way.begun(work))
    assert counted == [1, 2, 3, 1]
    assert await under_way.begun("plan:1#1") == 3


async def test_what_ended_begins_at_one_again(database: AsyncEngine) -> None:
    under_way = SqlUnderWay(database)
    for work in ("plan:1#1", "plan:1#2"):
        await under_way.begin(work)
    await under_way.end("plan:1#1")
    await under_way.end("never:begun#1")
    assert [await under_way.begun(work) for work in ("plan:1#1", "plan:1#2")] == [0, 1]
    await under_way.begin("plan:1#1")
    assert await under_way.begun("plan:1#1") == 1


async def test_what_nobody_took_up_again_is_forgotten(database: AsyncEngine) -> None:
    times = iter([AT, AT, AT + timedelta(hours=2)])
    under_way = SqlUnderWay(database, lambda: next(times))
    for work in ("left", "again", "again"):
        await under_way.begin(work)
    await under_way.forget(AT + timedelta(hours=1))
    assert [await under_way.begun(work) for work in ("left", "again")] == [0, 2]
