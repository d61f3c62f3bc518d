"""A deploy's verification has its time, whatever becomes of the machine's clock meanwhile."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.clock import SteadyClock
from bot.core.model import Target
from bot.core.work import Again, Done
from tests.app.deploying import Deploying
from tests.app.sweeping import PROJECT
from tests.app.verifying import READY, WAITS

TARGET = Target("production", PROJECT)
DIRECT = replace(TARGET, deploy_mode="direct")
JUMPS = [timedelta(), timedelta(hours=2), timedelta(hours=-2)]


@dataclass
class Machine:
    """Its clock, which somebody sets, and its seconds, which nobody can."""

    set_by: timedelta = timedelta()
    passed: float = 0.0

    def now(self) -> datetime:
        return datetime(2026, 11, 24, 9, tzinfo=UTC) + self.set_by + timedelta(seconds=self.passed)

    def seconds(self) -> float:
        return self.passed


async def verifying(target: Target, machine: Machine) -> Deploying:
    """A deploy that was applied; its Deployment is not ready."""
    story = Deploying(target, clock=SteadyClock(machine.now, machine.seconds))
    story.cluster.states["Deployment"] = WAITS
    await story.merged()
    for _ in range(5):
        if await story.state() != "verifying":
            await story.look()
    assert await story.state() == "verifying"
    return story


@pytest.mark.parametrize("jump", JUMPS, ids=str)
@pytest.mark.parametrize("target", [TARGET, DIRECT], ids=["pipeline", "direct"])
async def test_the_deadline_is_by_the_seconds_that_passed(target: Target, jump: timedelta) -> None:
    machine = Machine()
    story = await verifying(target, machine)
    machine.set_by = jump
    machine.passed += target.verify.deadline - 1
    assert isinstance(await story.look(), Again)
    assert await story.state() == "verifying"
    machine.passed += 2
    assert await story.look() == Done()
    assert "not all is ready after" in await story.state()


@pytest.mark.parametrize("jump", JUMPS, ids=str)
async def test_what_comes_up_in_time_is_deployed(jump: timedelta) -> None:
    machine = Machine()
    story = await verifying(TARGET, machine)
    machine.set_by = jump
    machine.passed += 5
    assert isinstance(await story.look(), Again)
    story.cluster.states["Deployment"] = READY
    assert await story.look() == Done()
    assert await story.state() == "succeeded"
