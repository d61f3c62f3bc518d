"""A clock that jumps: no delivery is lost, doubled or handed over out of its turn."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.inbox import SqlInbox
from bot.core.webhook.delivery import Delivery
from bot.core.work import DeployWork

AT = datetime(2026, 11, 23, 13, tzinfo=UTC)


def delivery(number: int) -> Delivery:
    return Delivery(
        f"key {number}", "Merge Request Hook", "a/b", f"{number}", (DeployWork("a/b", number, "p"),)
    )


@pytest.mark.parametrize("jump", [timedelta(days=-1), timedelta(days=30)], ids=["back", "ahead"])
async def test_deliveries_around_a_jump_keep_their_order_and_their_number(
    tmp_path: Path, jump: timedelta
) -> None:
    ahead = timedelta()
    database = await open_database(f"sqlite:///{tmp_path}/purser.db")
    async with SqlInbox(database, lambda: AT + ahead) as inbox:
        assert [await inbox.put(delivery(number)) for number in (1, 2)] == [True, True]
        ahead = jump
        assert [await inbox.put(delivery(number)) for number in (3, 1, 2)] == [True, False, False]
        ahead = timedelta()
        assert [await inbox.put(delivery(number)) for number in (4, 3)] == [True, False]
        assert [each.key for each in await inbox.waiting()] == [f"key {number}" for number in (1, 2, 3, 4)]
        ahead = jump
        await inbox.forget()
        assert len(await inbox.waiting()) == 4  # what is not handed over is kept, however old it seems
    await database.dispose()
