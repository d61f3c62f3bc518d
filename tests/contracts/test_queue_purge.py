"""What the engine remembers of work that has ended, and for how long."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path

from bot.core.work import DeployWork, PlanWork, WakeWork
from tests.contracts.queues import open_desk

PATIENCE = 45.0
DEPLOY = DeployWork("a/b", 1, "prod")


async def test_work_that_ended_is_forgotten_after_seven_days_and_work_that_waits_is_not(
    tmp_path: Path,
) -> None:
    ahead = timedelta(days=6)

    def clock() -> datetime:
        return datetime.now(UTC) + ahead

    plans = [PlanWork("a/b", iid, "staging", "a" * 40, "opened") for iid in range(3)]
    async with open_desk(f"sqlite:///{tmp_path}/purser.db", clock) as desk:
        assert [await desk.submit(work) for work in plans] == [True, True, True]
        assert await desk.submit(DEPLOY)
        await desk.begun(), await desk.begun()
        await desk.wait(DEPLOY)
        for work in plans:
            await desk.done(work)
            if work != plans[-1]:
                await desk.begun()
        looks = await desk.engine.purge(clock() - timedelta(days=7))
        assert looks == 0
        assert [await desk.submit(work) for work in plans] == [False, False, False]
        ahead = timedelta(days=8)
        async with asyncio.timeout(PATIENCE):
            while not await desk.submit(plans[0]):  # noqa: ASYNC110 - the engine forgets by itself
                await asyncio.sleep(0.05)
        assert await desk.begun() == plans[0]
        assert not await desk.submit(DEPLOY)  # it waits as before, and is woken
        assert await desk.begun() == DEPLOY


async def test_much_work_that_ended_is_forgotten_at_one_look(tmp_path: Path) -> None:
    async with open_desk(f"sqlite:///{tmp_path}/purser.db") as desk:
        for number in range(5):
            work = DeployWork("a/b", number, "prod")
            assert await desk.submit(work)
            await desk.done(await desk.begun())
        assert await desk.engine.purge(datetime.now(UTC) + timedelta(minutes=1)) == 5
        assert await desk.engine.purge(datetime.now(UTC) + timedelta(minutes=1)) == 0


async def test_a_call_that_came_while_the_work_ended_is_forgotten_with_it(tmp_path: Path) -> None:
    async with open_desk(f"sqlite:///{tmp_path}/purser.db") as desk:
        assert await desk.submit(DEPLOY)
        assert await desk.begun() == DEPLOY
        assert await desk.submit(WakeWork("a/b", 1))
        assert len(desk.engine._runner.woken) == 1
        await desk.done(DEPLOY)
        async with asyncio.timeout(PATIENCE):
            while desk.engine._runner.woken:  # noqa: ASYNC110 - the engine does it
                await asyncio.sleep(0.02)
        assert (await desk.engine.backlog())["deploys"].works == 0
