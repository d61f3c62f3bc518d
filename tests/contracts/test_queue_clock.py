"""The engine's queue where the clock was set back after work was taken."""

from collections.abc import AsyncIterator
from contextlib import closing
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from bot.core.work import DeployWork, PlanWork
from tests.contracts.queues import EngineDesk, open_desk

TWO_HOURS = 2 * 3600 * 1000


@pytest.fixture
async def desk(tmp_path: Path) -> AsyncIterator[EngineDesk]:
    async with open_desk(f"sqlite:///{tmp_path}/purser.db") as opened:
        yield opened


def set_clock_back(tmp_path: Path) -> int:
    """As if all work so far had been taken two hours from now; how many pieces there are."""
    sqlite: Any = import_module("pysqlite3.dbapi2")  # what the engine writes with
    [file] = tmp_path.glob("purser-engine*.db")
    with closing(sqlite.connect(str(file), timeout=30)) as database, database:
        columns = ("created_at", "updated_at")
        ahead = ", ".join(f"{one} = {one} + {TWO_HOURS}" for one in columns)
        return int(database.execute(f"UPDATE workflow_status SET {ahead}").rowcount)


def plan(sha: str) -> PlanWork:
    return PlanWork("a/b", 1, "prod", sha, "pushed")


async def test_a_push_back_to_an_earlier_head_is_planned_again_and_nothing_twice(
    desk: EngineDesk, tmp_path: Path
) -> None:
    assert await desk.submit(plan("a"))
    assert await desk.begun() == plan("a")
    await desk.done(plan("a"))
    assert set_clock_back(tmp_path) == 1
    assert await desk.submit(plan("b"))
    assert await desk.begun() == plan("b")
    await desk.done(plan("b"))
    assert not await desk.submit(plan("b"))
    assert await desk.submit(plan("a"))
    assert await desk.begun() == plan("a")
    await desk.done(plan("a"))
    assert not await desk.submit(plan("a"))
    assert await desk.idle()


async def test_what_was_deployed_is_not_deployed_again_and_other_work_goes_on(
    desk: EngineDesk, tmp_path: Path
) -> None:
    first, second = DeployWork("a/b", 1, "prod"), DeployWork("a/b", 2, "prod")
    assert await desk.submit(first)
    assert await desk.begun() == first
    await desk.done(first)
    assert set_clock_back(tmp_path) == 1
    assert not await desk.submit(first)
    assert await desk.submit(second)
    assert await desk.begun() == second
    await desk.done(second)
    assert await desk.idle()
