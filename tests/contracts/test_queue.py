"""One suite for the port `Queue`: in memory, and the durable engine."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.core.errors import AuthorError, TransientError
from bot.core.work import BranchWork, CommandWork, DeployWork, Done, GateWork, PlanWork, WakeWork, Work
from tests.contracts.databases import postgresql
from tests.contracts.queues import PATIENCE, Broken, Desk, EngineDesk, MemoryDesk, open_desk

DEPLOY = DeployWork("a/b", 1, "prod")


def plan(sha: str, iid: int = 1, target: str = "prod", note_id: int | None = None) -> PlanWork:
    return PlanWork("a/b", iid, target, sha, "pushed", note_id=note_id)


@pytest.fixture(params=["memory", "engine"])
async def desk(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Desk]:
    if request.param == "memory":
        yield MemoryDesk()
        return
    async with open_desk(f"sqlite:///{tmp_path}/purser.db") as engine:
        yield engine


@pytest.fixture
async def engine(tmp_path: Path) -> AsyncIterator[EngineDesk]:
    async with open_desk(f"sqlite:///{tmp_path}/purser.db") as opened:
        yield opened


async def test_work_that_was_submitted_is_begun(desk: Desk) -> None:
    for work in (plan("a"), DEPLOY, CommandWork("a/b", 1, 5, "d")):
        assert await desk.submit(work)
        assert await desk.begun() == work
        await desk.done(work)
    assert await desk.idle()


@pytest.mark.parametrize(
    "work",
    [
        plan("a"),
        DEPLOY,
        CommandWork("a/b", 1, 5, "d"),
        GateWork("a/b", 1, "prod", "approved-7-at noon"),
        BranchWork("a/b", "main", "a" * 40, "b" * 40),
    ],
    ids=lambda w: type(w).__name__,
)
async def test_the_same_work_is_taken_once(desk: Desk, work: Work) -> None:
    assert await desk.submit(work)
    assert not await desk.submit(work)
    assert await desk.begun() == work
    assert not await desk.submit(work)
    await desk.done(work)
    assert not await desk.submit(work)
    assert await desk.idle()


async def test_work_that_failed_may_come_again(desk: Desk) -> None:
    assert await desk.submit(DEPLOY)
    await desk.fail(await desk.begun())
    assert await desk.submit(DEPLOY)
    assert await desk.begun() == DEPLOY
    await desk.done(DEPLOY)


async def test_a_push_supersedes_older_ones_that_still_queue(desk: Desk) -> None:
    assert await desk.submit(plan("a"))
    running = await desk.begun()
    for sha in ("b", "c", "d"):
        assert await desk.submit(plan(sha))
    await desk.done(running)
    assert await desk.begun() == plan("d")
    await desk.done(plan("d"))
    assert await desk.idle()


async def test_a_push_supersedes_nothing_of_others(desk: Desk) -> None:
    blocker = plan("z", iid=9)
    assert await desk.submit(blocker)
    assert await desk.begun() == blocker
    others = [plan("a"), plan("a", iid=2), plan("a", note_id=7)]
    for work in others:
        assert await desk.submit(work)
    assert await desk.submit(plan("b", iid=2))
    await desk.done(blocker)
    begun = []
    for _ in range(3):
        begun.append(await desk.begun())
        await desk.done(begun[-1])
    assert set(begun) == {plan("a"), plan("b", iid=2), plan("a", note_id=7)}
    assert await desk.idle()


async def test_plans_that_wait_are_known_until_they_are_withdrawn(desk: Desk) -> None:
    running, asked = plan("a"), plan("b", note_id=7)
    for work in (running, asked, plan("a", iid=2)):
        assert await desk.submit(work)
    assert await desk.begun() == running
    about = (asked.project, asked.iid, asked.target)
    assert list(await desk.queue.plans(*about)) == [asked]
    assert await desk.queue.withdraw(*about) == 1
    assert list(await desk.queue.plans(*about)) == []
    await desk.done(running)
    assert await desk.begun() == plan("a", iid=2)
    await desk.done(plan("a", iid=2))
    assert await desk.idle()


async def test_a_push_back_to_an_earlier_head_is_planned_again(desk: Desk) -> None:
    for sha in ("a", "b", "a"):
        assert await desk.submit(plan(sha))
        assert await desk.begun() == plan(sha)
        await desk.done(plan(sha))
    assert not await desk.submit(plan("a"))


async def test_who_waits_is_woken_by_its_pipeline(desk: Desk) -> None:
    assert await desk.submit(DEPLOY)
    assert await desk.begun() == DEPLOY
    await desk.wait(DEPLOY)
    assert await desk.submit(WakeWork("a/b", 31))
    assert await desk.begun() == DEPLOY
    await desk.done(DEPLOY)
    assert not await desk.submit(WakeWork("a/b", 31))


async def test_a_pipeline_of_another_project_wakes_nobody(desk: Desk) -> None:
    assert await desk.submit(DEPLOY)
    await desk.wait(await desk.begun())
    assert not await desk.submit(WakeWork("a/bb", 31))


async def test_submitting_a_deploy_that_waits_wakes_it(desk: Desk) -> None:
    assert await desk.submit(DEPLOY)
    await desk.wait(await desk.begun())
    assert not await desk.submit(DEPLOY)
    assert await desk.begun() == DEPLOY
    await desk.done(DEPLOY)


async def test_who_waits_looks_again_after_its_time(engine: EngineDesk) -> None:
    assert await engine.submit(DEPLOY)
    await engine.begun()
    await engine.wait(DEPLOY, seconds=0.05)
    assert await engine.begun() == DEPLOY
    await engine.done(DEPLOY)


async def test_one_target_is_serial_and_others_go_on(engine: EngineDesk) -> None:
    for work in (plan("a"), plan("a", iid=2), plan("a", target="staging")):
        assert await engine.submit(work)
    first, second = await engine.begun(), await engine.begun()
    assert {first, second} == {plan("a"), plan("a", target="staging")}
    found = await engine.engine.backlog()
    assert {name: each.works for name, each in found.items()} == {"plans": 3, "deploys": 0, "commands": 0}
    await engine.done(plan("a"))
    assert await engine.begun() == plan("a", iid=2)


async def test_a_deploy_that_waits_keeps_its_target_and_not_the_others(engine: EngineDesk) -> None:
    assert await engine.submit(DEPLOY)
    await engine.wait(await engine.begun())
    assert await engine.submit(DeployWork("a/b", 2, "prod"))
    assert await engine.submit(DeployWork("a/b", 2, "staging"))
    assert await engine.begun() == DeployWork("a/b", 2, "staging")
    assert await engine.submit(WakeWork("a/b", 1))
    assert await engine.begun() == DEPLOY
    await engine.done(DEPLOY)
    assert await engine.begun() == DeployWork("a/b", 2, "prod")


async def test_what_something_outside_failed_is_tried_again_and_then_told(engine: EngineDesk) -> None:
    assert await engine.submit(plan("a"))
    for _ in range(3):
        await engine.begun()
        engine._ends[plan("a")].set_exception(TransientError("GitLab did not answer"))
    async with asyncio.timeout(PATIENCE):
        work, error = await engine.failures.get()
    assert work == plan("a")
    assert isinstance(error, TransientError)


@pytest.mark.parametrize("error", [Broken("a bug"), AuthorError("a mistake")], ids=lambda e: type(e).__name__)
async def test_what_trying_again_does_not_help_is_told_at_once(engine: EngineDesk, error: Exception) -> None:
    assert await engine.submit(plan("a"))
    await engine.begun()
    await engine.fail(plan("a"), error)
    assert engine.failures.get_nowait() == (plan("a"), error)
    assert await engine.idle()


@pytest.mark.parametrize("error", [Broken("a bug"), AuthorError("a mistake")], ids=lambda e: type(e).__name__)
async def test_a_failure_that_nobody_could_be_told_of_is_met_and_told_again(
    engine: EngineDesk, error: Exception
) -> None:
    engine.deaf = 1
    assert await engine.submit(plan("a"))
    for _ in range(2):
        await engine.begun()
        engine._ends[plan("a")].set_exception(error)
    async with asyncio.timeout(PATIENCE):
        assert await engine.failures.get() == (plan("a"), error)


async def test_a_failure_that_nobody_can_ever_be_told_of_does_not_go_on_for_ever(engine: EngineDesk) -> None:
    engine.deaf = 100
    assert await engine.submit(plan("a"))
    for _ in range(3):
        await engine.begun()
        engine._ends[plan("a")].set_exception(AuthorError("a mistake"))
    assert await engine.submit(plan("b"))
    assert await engine.begun() == plan("b")
    assert engine.failures.empty()


async def test_a_second_process_is_kept_away(engine: EngineDesk, tmp_path: Path) -> None:
    second = EngineDesk(f"sqlite:///{tmp_path}/purser.db")
    with pytest.raises(AuthorError, match="another purser"):
        await second.engine.start()
    assert await engine.submit(plan("a"))


async def test_stopping_lets_what_runs_finish_and_keeps_the_rest(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/purser.db"
    async with open_desk(url) as first:
        assert await first.submit(DEPLOY)
        await first.wait(await first.begun())
        assert await first.submit(plan("a"))
        assert await first.submit(plan("a", iid=2))
        running = await first.begun()
        stopping = asyncio.create_task(first.engine.stop())
        await asyncio.sleep(0)
        first._ends[running].set_result(Done())
        await stopping
    async with open_desk(url) as second:
        left = {await second.begun(), await second.begun()}
        assert left == {DEPLOY, plan("a", iid=2)}


@pytest.mark.crash
async def test_the_engine_works_on_postgresql_too(tmp_path_factory: pytest.TempPathFactory) -> None:
    with postgresql(tmp_path_factory.mktemp("postgresql")) as url:
        async with open_desk(url) as first:
            assert await first.submit(plan("a"))
            await first.done(await first.begun())
            assert await first.submit(DEPLOY)
            await first.wait(await first.begun())
        async with open_desk(url) as second:  # another process to the engine: it takes up what the first left
            assert await second.begun() == DEPLOY
            await second.done(DEPLOY)
            assert await second.idle()
