"""One event that comes by two hooks, of the project and of its group, with two keys and one body."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TypeAlias

import pytest

from bot.adapters.memory import MemoryInbox
from bot.adapters.store.database import open_database
from bot.adapters.store.inbox import SqlInbox
from bot.core.webhook.delivery import TWINS, Delivery
from bot.core.work import DeployWork

AnyInbox: TypeAlias = MemoryInbox | SqlInbox
AT = datetime(2026, 11, 23, 13, tzinfo=UTC)


class Watch:
    now = AT

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def watch() -> Watch:
    return Watch()


@pytest.fixture(params=["memory", "sqlite"])
async def inbox(request: pytest.FixtureRequest, tmp_path: Path, watch: Watch) -> AsyncIterator[AnyInbox]:
    if request.param == "memory":
        yield MemoryInbox(watch)
        return
    database = await open_database(f"sqlite:///{tmp_path}/purser.db")
    async with SqlInbox(database, watch) as opened:
        yield opened
    await database.dispose()


def delivery(key: str, body: str = "one body", event: str = "Merge Request Hook") -> Delivery:
    return Delivery(key, event, "a/b", body, (DeployWork("a/b", 1, "prod"),))


async def test_the_hooks_of_project_and_group_bring_one_event(inbox: AnyInbox) -> None:
    assert await inbox.put(delivery("of the project"))
    assert not await inbox.put(delivery("of the group"))
    assert [each.key for each in await inbox.waiting()] == ["of the project"]


async def test_twins_at_the_same_moment_are_one_event(inbox: AnyInbox) -> None:
    pairs = [delivery(f"{number}-{hook}", f"body {number}") for number in range(50) for hook in "pg"]
    fresh = await asyncio.gather(*(inbox.put(each) for each in pairs))
    assert fresh == [True, False] * 50
    assert len(await inbox.waiting(1000)) == 50


async def test_another_event_with_the_same_body_is_another(inbox: AnyInbox) -> None:
    assert await inbox.put(delivery("one"))
    assert await inbox.put(delivery("two", event="Note Hook"))
    assert await inbox.put(delivery("three", body="another body"))
    assert len(await inbox.waiting()) == 3


async def test_the_key_of_a_twin_is_known_for_good(inbox: AnyInbox, watch: Watch) -> None:
    assert await inbox.put(delivery("of the project"))
    assert not await inbox.put(delivery("of the group"))
    watch.now += timedelta(days=1)
    assert not await inbox.put(delivery("of the group"))


async def test_a_body_that_comes_again_much_later_is_left_to_the_keys_of_the_work(
    inbox: AnyInbox, watch: Watch
) -> None:
    assert await inbox.put(delivery("one"))
    watch.now += TWINS
    assert await inbox.put(delivery("two"))
    assert not await inbox.put(delivery("three"))


async def test_a_restart_between_twins_changes_nothing(tmp_path: Path, watch: Watch) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/purser.db")
    async with SqlInbox(database, watch) as first:
        assert await first.put(delivery("of the project"))
    watch.now += timedelta(minutes=1)
    async with SqlInbox(database, watch) as second:
        assert not await second.put(delivery("of the group"))
        assert len(await second.waiting()) == 1
    await database.dispose()


async def test_what_comes_in_one_moment_keeps_its_order(inbox: AnyInbox) -> None:
    names = [f"{(number * 7919) % 100:02}" for number in range(100)]
    await asyncio.gather(*(inbox.put(delivery(name, name)) for name in names))
    assert [each.key for each in await inbox.waiting(1000)] == names
