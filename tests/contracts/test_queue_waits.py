"""Work that waits for its next try is in nobody's way, and is the same work still."""

import time
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.app.ports.keeping import Backlog
from bot.core.work import CommandWork, DeployWork, DriftWork, GateWork, PlanWork, Work
from tests.contracts.queues import EngineDesk, open_desk

LONG = (60.0,)
SOON = (0.01,) * 500
PLAN = PlanWork("a/b", 1, "prod", "a", "pushed")
GATE = GateWork("a/b", 2, "prod", "approved-7-at noon")


def patient(url: str) -> AbstractAsyncContextManager[EngineDesk]:
    return open_desk(url, retry_delays=LONG)


@pytest.mark.parametrize(
    ("waits", "goes_on"),
    [
        (PLAN, GATE),
        (GATE, PLAN),
        (DriftWork("a/b", "prod", "at noon"), DeployWork("a/b", 1, "prod")),
        (CommandWork("a/b", 1, 5, "d"), CommandWork("a/b", 2, 6, "d")),
    ],
    ids=lambda it: type(it).__name__,
)
async def test_work_that_waits_for_its_next_try_does_not_hold_up_others(
    url: str, waits: Work, goes_on: Work
) -> None:
    async with patient(url) as desk:
        assert await desk.submit(waits)
        assert await desk.begun() == waits
        desk.try_again(waits)
        assert await desk.submit(goes_on)
        assert await desk.begun() == goes_on


async def test_many_commands_that_wait_leave_room_for_others(tmp_path: Path) -> None:
    async with patient(f"sqlite:///{tmp_path}/purser.db") as desk:
        for number in range(1, 21):
            work = CommandWork("gone/project", number, number, "d")
            assert await desk.submit(work)
            assert await desk.begun() == work
            desk.try_again(work)
        other = CommandWork("a/b", 1, 5, "d")
        assert await desk.submit(other)
        assert await desk.begun() == other


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (CommandWork("a/b", 1, 5, "d"), CommandWork("a/b", 1, 6, "d")),
        (DeployWork("a/b", 1, "prod"), DeployWork("a/b", 2, "prod")),
    ],
    ids=["commands", "deploys"],
)
async def test_what_has_an_order_keeps_it_over_its_tries(url: str, first: Work, second: Work) -> None:
    async with open_desk(url, retry_delays=SOON) as desk:
        assert await desk.submit(first)
        assert await desk.submit(second)
        for _ in range(3):
            assert await desk.begun() == first
            desk.try_again(first)
        assert await desk.begun() == first
        await desk.done(first)
        assert await desk.begun() == second


async def test_a_plan_that_waits_is_there_still_and_can_be_withdrawn(url: str) -> None:
    about = (PLAN.project, PLAN.iid, PLAN.target)
    async with patient(url) as desk:
        assert await desk.submit(PLAN)
        await desk.begun()
        desk.try_again(PLAN)
        await desk.put_off()
        assert not await desk.submit(PLAN)
        assert await desk.queue.plans(*about) == [PLAN]
        assert await desk.queue.withdraw(*about) == 1
        assert await desk.idle()
        assert await desk.submit(PLAN)
        assert await desk.begun() == PLAN


async def test_a_push_supersedes_a_plan_that_waits(url: str) -> None:
    newer = PlanWork("a/b", 1, "prod", "b", "pushed")
    async with patient(url) as desk:
        assert await desk.submit(PLAN)
        await desk.begun()
        desk.try_again(PLAN)
        await desk.put_off()
        assert await desk.submit(newer)
        assert await desk.begun() == newer
        await desk.done(newer)
        assert await desk.idle()
        assert await desk.submit(PLAN)  # pushed back to it: that is news


async def test_work_keeps_its_age_over_its_tries(url: str) -> None:
    later = datetime.now(UTC) + timedelta(hours=1)
    async with open_desk(url, lambda: later, retry_delays=SOON) as desk:
        assert await desk.submit(PLAN)
        await desk.begun()
        first = (await desk.engine.backlog())["plans"]
        began = time.monotonic()
        while time.monotonic() - began < 1.1:
            desk.try_again(PLAN)
            await desk.begun()
        assert (await desk.engine.backlog())["plans"] == first != Backlog()


async def test_a_wait_survives_a_restart(url: str) -> None:
    async with patient(url) as first:
        assert await first.submit(PLAN)
        await first.begun()
        first.try_again(PLAN)
        await first.put_off()
    async with patient(url) as second:
        assert not await second.submit(PLAN)
        assert (await second.engine.backlog())["plans"].works == 1
        assert await second.submit(GATE)
        assert await second.begun() == GATE


async def test_after_the_clock_was_set_back_nothing_waits_much_longer(tmp_path: Path) -> None:
    async with patient(f"sqlite:///{tmp_path}/purser.db") as desk:
        assert await desk.submit(PLAN)
        await desk.begun()
        desk.try_again(PLAN)
        await desk.put_off(until=time.time() + 3 * 3600)
        assert await desk.begun() == PLAN
