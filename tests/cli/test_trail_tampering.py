"""Whoever can write to the database: what they do to the trail's table is found. SQLite and PostgreSQL."""

import sqlite3
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.store import tables
from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.adapters.store.trail import PAGE
from bot.core.errors import AuthorError
from bot.core.trail.chain import Entry, Happening
from bot.core.trail.check import Chain
from tests.contracts.databases import postgresql
from tests.core.trail_kinds import happenings

OF = tables.trail.c
TEXTS = ("at", "kind", "project", "once", "before", "digest")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AsyncEngine]:
    on_server = request.param == "postgresql"
    url = request.getfixturevalue("server") if on_server else f"sqlite:///{tmp_path}/purser.db"
    engine = await open_database(url)
    async with engine.begin() as connection:
        await connection.execute(sa.delete(tables.trail))
    await SqlStore(engine).record_all(happenings())
    yield engine
    await engine.dispose()


async def run(engine: AsyncEngine, statement: sa.Executable) -> None:
    async with engine.begin() as connection:
        await connection.execute(statement)


def on_server(engine: AsyncEngine) -> bool:
    return engine.dialect.name == "postgresql"


def setting(number: int, **values: Any) -> sa.Update:
    return sa.update(tables.trail).where(OF.id == number).values(**values)


@pytest.mark.long
async def test_a_change_of_any_column_of_any_entry_is_found(database: AsyncEngine) -> None:
    store = SqlStore(database)
    assert await store.verify() is None
    missed = []
    for entry in await store.entries():
        changes: list[dict[str, Any]] = [{name: getattr(entry, name) + "x"} for name in TEXTS]
        changes += [{name: ""} for name in TEXTS]
        changes += [{"iid": 8}, {"iid": None if entry.iid else 7}, {"id": 1_000}, {"id": -1}]
        changes += [{"facts": {**entry.facts, "more": 1}}, {"facts": {}}, {"facts": []}, {"facts": None}]
        for change in changes:
            await run(database, setting(entry.id, **change))
            if await store.verify() is None:
                missed.append((entry.kind, change))
            as_it_was = {name: getattr(entry, name) for name in ("id", *change)}
            await run(database, setting(change.get("id", entry.id), **as_it_was))
        assert await store.verify() is None
    assert missed == []


async def test_a_removed_entry_is_found_wherever_it_stood_but_at_the_end(database: AsyncEngine) -> None:
    store = SqlStore(database)
    entries = await store.entries()
    for entry in entries[:-1]:
        await run(database, sa.delete(tables.trail).where(OF.id == entry.id))
        assert await store.verify() == entry.id
        await run(database, sa.insert(tables.trail).values(**row(entry)))
    await run(database, sa.delete(tables.trail).where(OF.id == entries[-1].id))
    chain = Chain([entries[-1].head])
    async for entry in store.stream():
        chain.add(entry)
    [said] = chain.verdict().problems
    assert "its end is gone" in said


async def test_entries_that_changed_places_are_found(database: AsyncEngine) -> None:
    store = SqlStore(database)
    for one, other in ((1, 2), (3, 9)):
        for number, becomes in ((one, 900), (other, one), (900, other)):
            await run(database, setting(number, id=becomes))
        assert await store.verify() == one
        for number, becomes in ((one, 900), (other, one), (900, other)):
            await run(database, setting(number, id=becomes))
    assert await store.verify() is None


async def test_an_entry_put_in_by_hand_is_found(database: AsyncEngine) -> None:
    store = SqlStore(database)
    last = (await store.entries())[-1]
    forged = {**row(last), "id": last.id + 1, "once": "forged", "before": last.digest}
    await run(database, sa.insert(tables.trail).values(**forged))
    assert await store.verify() == last.id + 1


async def test_facts_that_say_a_name_twice_are_found(database: AsyncEngine) -> None:
    store = SqlStore(database)
    twice = '{"by": "mallory", "by": "bo", "command": "deploy", "good": true}'
    command = next(it for it in await store.entries() if it.kind == "command")
    facts = sa.cast(sa.literal(twice, sa.Text), sa.JSON) if on_server(database) else sa.text(f"'{twice}'")
    await run(database, setting(command.id, facts=facts))
    assert await store.verify() == command.id


async def test_what_only_sqlite_would_hold_is_found(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path}/purser.db")
    store = SqlStore(engine)
    await store.record_all(happenings())
    other = sqlite3.connect(tmp_path / "purser.db")
    kept = other.execute("SELECT facts, at, iid FROM trail WHERE id = 2").fetchone()
    for column, value in (("facts", "no json"), ("facts", b"\x00"), ("at", b"raw"), ("iid", "seven")):
        other.execute(f"UPDATE trail SET {column} = ? WHERE id = 2", (value,))
        other.commit()
        assert await store.verify() == 2
        other.execute("UPDATE trail SET facts = ?, at = ?, iid = ? WHERE id = 2", kept)
        other.commit()
        assert await store.verify() is None
    other.close()
    await engine.dispose()


@pytest.mark.long
async def test_a_long_trail_is_checked_a_page_at_a_time(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path}/purser.db")
    store = SqlStore(engine)
    many = 6 * PAGE + 1
    for start in range(0, many, PAGE):
        some = range(start, min(start + PAGE, many))
        await store.record_all([Happening("k", "a/b", n, {"n": n}, f"{n}") for n in some])
    assert len(await store.entries()) == many
    tracemalloc.start()
    assert await store.verify() is None
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * 1024 * 1024
    await engine.dispose()


async def test_an_import_is_whole_or_not_at_all(database: AsyncEngine) -> None:
    store = SqlStore(database)
    entries = await store.entries()
    with pytest.raises(AuthorError, match="has a trail already"):
        await store.take_over(entries)
    await run(database, sa.delete(tables.trail))
    with pytest.raises(AuthorError, match="Entry 3 is not what was written"):
        await store.take_over([*entries[:2], *entries[3:]])
    assert await store.head() is None
    assert await store.take_over(entries) == entries[-1].head
    assert await store.entries() == entries
    await store.record_all(happenings())
    assert await store.entries() == entries
    await store.record("merge", "a/b", 9, {}, once="new")
    assert await store.verify() is None


def row(entry: Entry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in (column.name for column in tables.trail.columns)}
