"""One suite for the port `Store` and for the inbox: in memory, on SQLite and on PostgreSQL."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy.ext.asyncio import AsyncEngine

from bot.adapters.memory import MemoryInbox, MemoryStore
from bot.adapters.store import tables
from bot.adapters.store.database import open_database
from bot.adapters.store.inbox import SqlInbox
from bot.adapters.store.sql import SqlStore
from bot.app.ports import Deployment, StoredPlan
from bot.core.errors import AuthorError, TransientError
from bot.core.trail.chain import Happening
from bot.core.webhook.delivery import Delivery
from bot.core.work import CommandWork, DeployWork, PlanWork, WakeWork, Work
from tests.contracts.databases import postgresql

AnyStore: TypeAlias = MemoryStore | SqlStore
AnyInbox: TypeAlias = MemoryInbox | SqlInbox
AT = datetime(2026, 11, 23, 13, 0, 0, 123456, tzinfo=UTC)
DATABASES = ["sqlite", "postgresql"]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        yield url


async def _emptied(url: str) -> AsyncEngine:
    engine = await open_database(url)
    async with engine.begin() as connection:
        for table in tables.metadata.sorted_tables:
            await connection.execute(sa.delete(table))
    return engine


@pytest.fixture
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "postgresql":
        return str(request.getfixturevalue("server"))
    return f"sqlite:///{tmp_path}/purser.db"


@pytest.fixture
async def database(url: str) -> AsyncIterator[AsyncEngine]:
    engine = await _emptied(url)
    yield engine
    await engine.dispose()


@pytest.fixture(params=["memory", *DATABASES])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyStore]:
    if request.param == "memory":
        yield MemoryStore(lambda: AT)
        return
    is_server = request.param == "postgresql"
    url = request.getfixturevalue("server") if is_server else f"sqlite:///{tmp_path}/purser.db"
    engine = await _emptied(url)
    yield SqlStore(engine, lambda: AT)
    await engine.dispose()


@pytest.fixture(params=["memory", *DATABASES])
async def inbox(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[AnyInbox]:
    if request.param == "memory":
        yield MemoryInbox()
        return
    is_server = request.param == "postgresql"
    url = request.getfixturevalue("server") if is_server else f"sqlite:///{tmp_path}/purser.db"
    engine = await _emptied(url)
    async with SqlInbox(engine) as opened:
        yield opened
    await engine.dispose()


def plan(head: str = "a" * 40, **changed: object) -> StoredPlan:
    document = {"schema": "purser.plan/v1", "releases": [{"name": "pod\u00efnfo", "n": 1.5, "x": None}]}
    made = StoredPlan(0, "a/b", 1, "prod", head, "m" * 40, "sha256:1", True, document, AT)
    return replace(made, **changed)  # type: ignore[arg-type]


async def test_a_plan_comes_back_as_it_was_kept(store: AnyStore) -> None:
    assert await store.newest_plan("a/b", 1, "prod") is None
    number = await store.add_plan(plan())
    assert await store.newest_plan("a/b", 1, "prod") == plan(id=number)
    assert await store.plan(number) == plan(id=number)
    assert await store.plan(number + 1) is None


async def test_the_same_plan_again_is_the_same_one(store: AnyStore) -> None:
    first = await store.add_plan(plan())
    assert await store.add_plan(plan(created_at=AT + timedelta(hours=1))) == first
    second = await store.add_plan(plan("b" * 40))
    assert second != first
    assert await store.add_plan(plan()) not in (first, second)


async def test_plans_of_other_targets_and_merge_requests_are_their_own(store: AnyStore) -> None:
    kept = [plan(), plan(target="staging"), plan(iid=2), plan(project="a/c")]
    numbers = [await store.add_plan(each) for each in kept]
    assert len(set(numbers)) == 4
    newest = await store.newest_plan("a/b", 1, "staging")
    assert newest == replace(kept[1], id=numbers[1])


async def test_a_plan_without_a_seal_is_kept_too(store: AnyStore) -> None:
    number = await store.add_plan(plan(seal=None, complete=False))
    assert await store.plan(number) == plan(id=number, seal=None, complete=False)


async def test_a_deployment_is_replaced_and_found_by_its_pipeline(store: AnyStore) -> None:
    assert await store.deployment("a/b", 1, "prod") is None
    waiting = Deployment("a/b", 1, "prod", "c" * 40, "waiting", "sha256:1")
    await store.put_deployment(waiting)
    running = replace(waiting, state="running", pipeline_id=31, steps=("created", "started"))
    await store.put_deployment(running)
    assert await store.deployment("a/b", 1, "prod") == running
    assert await store.deployments_on("a/b", 31) == [running]
    assert await store.deployments_on("a/b", 32) == []
    assert await store.deployments_on("a/c", 31) == []


async def test_a_deployment_is_moved_on_only_from_the_state_it_is_thought_to_be_in(store: AnyStore) -> None:
    waiting = Deployment("a/b", 1, "prod", "c" * 40, "waiting", "sha256:1")
    held = replace(waiting, state="held", reason="cancelled")
    running = replace(waiting, state="running", pipeline_id=31, steps=("now",))
    assert not await store.move_deployment(running, "waiting")
    assert await store.deployment("a/b", 1, "prod") is None
    await store.put_deployment(waiting)
    assert await store.move_deployment(running, "waiting")
    assert not await store.move_deployment(held, "waiting")
    assert await store.deployment("a/b", 1, "prod") == running


async def test_the_trail_keeps_its_order_and_each_thing_once(store: AnyStore) -> None:
    await store.record("plan", "a/b", 1, {"seal": "s", "n": 1}, once="p1")
    await store.record("merge", "a/b", 1, {}, once="m1")
    await store.record("plan", "a/b", 1, {"seal": "other"}, once="p1")
    await store.record("start", "a/b", None, {}, once="s1")
    await store.record("plan", "a/b", 2, {}, once="p2")
    kinds = [entry["kind"] for entry in await store.trail("a/b")]
    assert kinds == ["plan", "merge", "start", "plan"]
    [first, second] = await store.trail("a/b", 1)
    assert {key: first[key] for key in ("kind", "project", "iid", "facts")} == {
        "kind": "plan",
        "project": "a/b",
        "iid": 1,
        "facts": {"seal": "s", "n": 1},
    }
    assert first["at"] == AT.isoformat()
    assert first["id"] < second["id"]
    assert await store.verify() is None


async def test_concurrent_entries_make_one_chain(store: AnyStore) -> None:
    await asyncio.gather(*(store.record("k", "a/b", n, {"n": n}, once=f"k{n}") for n in range(20)))
    await store.record_all([Happening("k", "a/b", n, {}, once=f"k{n}") for n in range(15, 25)])
    entries = await store.entries()
    assert len(entries) == 25
    assert [after.before for after in entries[1:]] == [before.digest for before in entries[:-1]]
    assert await store.verify() is None


async def test_a_key_is_made_once(store: AnyStore) -> None:
    first = await store.key("fingerprint")
    assert len(first) == 32
    assert await store.key("fingerprint") == first
    assert await store.key("another") != first


def delivery(key: str, *works: Work, body: str = "") -> Delivery:
    digest = f"digest of {body or key}"
    return Delivery(key, "Merge Request Hook", "a/b", digest, works or (DeployWork("a/b", 1, "prod"),))


async def test_a_delivery_is_kept_once_and_comes_back_whole(inbox: AnyInbox) -> None:
    every = (
        PlanWork("a/b", 1, "prod", "a" * 40, "opened"),
        PlanWork("a/b", 1, "prod", "a" * 40, "command", note_id=3, once="x"),
        CommandWork("a/b", 1, 3, "d"),
        DeployWork("a/b", 1, "prod"),
        WakeWork("a/b", 31),
    )
    assert await inbox.put(delivery("one", *every))
    assert not await inbox.put(delivery("one"))
    assert await inbox.waiting() == [delivery("one", *every)]


async def test_deliveries_at_the_same_time_are_told_apart(inbox: AnyInbox) -> None:
    fresh = await asyncio.gather(*(inbox.put(delivery(f"k{n % 50}")) for n in range(100)))
    assert sum(fresh) == 50
    assert len(await inbox.waiting(1000)) == 50
    assert len(await inbox.waiting(7)) == 7


async def test_what_was_handed_over_only_tells_duplicates(inbox: AnyInbox) -> None:
    await inbox.put(delivery("one"))
    await inbox.put(delivery("two"))
    await inbox.handed_over(["one"])
    assert [each.key for each in await inbox.waiting()] == ["two"]
    assert not await inbox.put(delivery("one"))


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_deliveries_are_forgotten_after_seven_days_once_handed_over(database: AsyncEngine) -> None:
    now = AT
    async with SqlInbox(database, lambda: now) as inbox:
        for key in ("old", "old and waiting"):
            await inbox.put(delivery(key))
        await inbox.handed_over(["old"])
        now = AT + timedelta(days=6)
        assert await inbox.forget() == 0
        now = AT + timedelta(days=8)
        assert await inbox.forget() == 1
        assert [each.key for each in await inbox.waiting()] == ["old and waiting"]


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_deliveries_are_forgotten_as_early_as_was_asked_for(database: AsyncEngine) -> None:
    now = AT
    async with SqlInbox(database, lambda: now, timedelta(hours=1)) as inbox:
        await inbox.put(delivery("old"))
        await inbox.handed_over(["old"])
        now = AT + timedelta(minutes=59)
        assert await inbox.forget() == 0
        now = AT + timedelta(minutes=61)
        assert await inbox.forget() == 1


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_a_changed_entry_breaks_the_chain(database: AsyncEngine) -> None:
    store = SqlStore(database)
    for number in range(5):
        await store.record("k", "a/b", 1, {"n": number}, once=f"k{number}")
    third = (await store.entries())[2].id
    async with database.begin() as connection:
        changed = sa.update(tables.trail).where(tables.trail.c.id == third).values(facts={"n": 99})
        await connection.execute(changed)
    assert await store.verify() == third


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_the_migrations_make_what_the_tables_say(database: AsyncEngine) -> None:
    def differences(connection: sa.Connection) -> object:
        options = {"version_table": tables.VERSION_TABLE, "compare_type": True}
        return compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)

    async with database.connect() as connection:
        assert await connection.run_sync(differences) == []


@pytest.mark.parametrize("url", DATABASES, indirect=True)
async def test_several_openings_at_once_migrate_once(url: str) -> None:
    engines = await asyncio.gather(*(open_database(url) for _ in range(4)))
    for engine in engines:
        await SqlStore(engine).ping()
        await engine.dispose()
    assert len(engines) == 4


@pytest.mark.parametrize("url", ["mysql://h/d", "no address", "sqlite://", "sqlite:///:memory:"], ids=str)
async def test_an_address_that_cannot_work_is_refused(url: str) -> None:
    with pytest.raises(AuthorError):
        await open_database(url)


async def test_a_file_that_is_no_database_is_said(tmp_path: Path) -> None:
    (tmp_path / "purser.db").write_bytes(b"not a database, whatever its name says" * 100)
    with pytest.raises(TransientError, match="cannot be opened"):
        await open_database(f"sqlite:///{tmp_path}/purser.db")


async def test_what_was_answered_is_on_the_disk(tmp_path: Path) -> None:
    engine = await open_database(f"sqlite:///{tmp_path}/purser.db")
    async with SqlInbox(engine) as inbox:
        await inbox.put(delivery("one"))
        other = sqlite3.connect(tmp_path / "purser.db")
        assert other.execute("SELECT key FROM deliveries").fetchall() == [("one",)]
        assert other.execute("PRAGMA journal_mode").fetchone() == ("wal",)
        other.close()
    await engine.dispose()
