"""How much was accepted and has not ended, and how old the oldest of it is."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.inbox import SqlInbox
from bot.app.ports.keeping import Backlog
from bot.core.webhook.delivery import Delivery
from bot.core.work import DeployWork, PlanWork
from tests.contracts.queues import open_desk

DEPLOY = DeployWork("a/b", 1, "prod")
HOUR = timedelta(hours=1)


async def test_work_is_as_old_as_its_acceptance_until_it_ends(url: str) -> None:
    ahead = timedelta()
    async with open_desk(url, lambda: datetime.now(UTC) + ahead) as desk:
        assert set((await desk.engine.backlog()).values()) == {Backlog()}
        assert await desk.submit(DEPLOY)
        assert await desk.submit(PlanWork("a/b", 1, "prod", "a", "pushed"))
        ahead = HOUR
        found = await desk.engine.backlog()
        assert {name: each.works for name, each in found.items()} == {"plans": 1, "deploys": 1, "commands": 0}
        assert found["plans"].oldest >= HOUR.total_seconds()
        assert found["commands"] == Backlog()
        await desk.begun(), await desk.begun()
        assert (await desk.engine.backlog())["deploys"].oldest >= HOUR.total_seconds()
        await desk.wait(DEPLOY)
        assert (await desk.engine.backlog())["deploys"].oldest >= HOUR.total_seconds()
        await desk.done(PlanWork("a/b", 1, "prod", "a", "pushed"))
        assert (await desk.engine.backlog())["plans"] == Backlog()
        ahead = -HOUR
        assert (await desk.engine.backlog())["deploys"] == Backlog(1, 0.0)


async def test_an_answered_delivery_counts_until_it_is_handed_over(url: str) -> None:
    now = datetime(2026, 11, 23, 13, tzinfo=UTC)
    database = await open_database(url)
    async with SqlInbox(database, lambda: now) as inbox:
        assert await inbox.backlog() == {"inbox": Backlog()}
        for number in (1, 2):
            assert await inbox.put(
                Delivery(f"key {number}", "Merge Request Hook", "a/b", f"{number}", (DEPLOY,))
            )
        now += HOUR
        found = (await inbox.backlog())["inbox"]
        assert found.works == 2
        assert found.oldest == pytest.approx(HOUR.total_seconds(), abs=1)
        await inbox.handed_over(["key 1", "key 2"])
        assert await inbox.backlog() == {"inbox": Backlog()}
    await database.dispose()
