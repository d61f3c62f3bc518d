"""The bot dies between any two writes of a deploy: what the trail has is what it has without a death."""

from dataclasses import replace

import pytest

from bot.app.ports import Deployment
from bot.core.model import Target
from tests.app.deploying import JOB, Deploying
from tests.app.sweeping import PROJECT

PIPED = Target("production", PROJECT)
DIRECT = replace(PIPED, deploy_mode="direct")
BY_JOB = replace(PIPED, deploy=replace(PIPED.deploy, job=JOB))
MOST = 60


@pytest.mark.parametrize("ends", ["success", "failed"])
@pytest.mark.parametrize("target", [PIPED, DIRECT, BY_JOB], ids=["pipeline", "direct", "job"])
async def test_whatever_write_it_dies_before_the_trail_says_the_same(target: Target, ends: str) -> None:
    calm = Deploying(target, ends)
    await calm.to_its_end()
    wanted, writes = await calm.told(), calm.fate.writes
    assert "deploy.ended" in wanted
    assert len(writes) < MOST
    other = {}
    for due, write in enumerate(writes):
        story = Deploying(target, ends, due)
        await story.to_its_end()
        assert story.fate.due is None
        if (found := await story.told()) != wanted:
            other[f"{due}, before: {write}"] = found
        assert len(story.forge.pipelines) + len(story.runs.began) == 1, write
        assert story.forge.played <= 1, write
        assert await _state(story) == await _state(calm), write
    assert other == {}


async def _state(story: Deploying) -> str:
    found: Deployment | None = await story.store.deployment(PROJECT, 1, "production")
    assert found is not None
    return found.state


@pytest.mark.parametrize("target", [PIPED, DIRECT, BY_JOB], ids=["pipeline", "direct", "job"])
async def test_one_that_is_cancelled_as_it_begins_is_stopped_and_nothing_of_it_is_left_unfollowed(
    target: Target,
) -> None:
    story = Deploying(target, "failed")
    story.store.cancelled_before = "running"
    await story.to_its_end()
    assert story.runs.began == []
    assert story.forge.stopped == [it.id for it in story.forge.pipelines]
    assert await _state(story) == ("held" if target == DIRECT else "failed")


@pytest.mark.parametrize("target", [PIPED, DIRECT, BY_JOB], ids=["pipeline", "direct", "job"])
async def test_one_that_is_cancelled_while_the_bot_is_dead_is_stopped_if_it_had_begun(target: Target) -> None:
    calm = Deploying(target, "failed")
    await calm.to_its_end()
    for due, write in enumerate(calm.fate.writes):
        story = Deploying(target, "failed", due)
        story.cancelled_at_death = True
        await story.to_its_end()
        began = len(story.runs.began) + (
            story.forge.played if target == BY_JOB else len(story.forge.pipelines)
        )
        assert await _state(story) == ("failed" if began else "held"), write


async def test_one_that_is_cancelled_while_the_gate_is_asked_does_not_begin() -> None:
    story = Deploying(PIPED)
    await story.store.put_deployment(
        Deployment(PROJECT, 1, "production", "c" * 40, "waiting", "sha256:1", steps=())
    )
    story.store.cancelled_before = "waiting"
    await story.to_its_end()
    assert story.forge.pipelines == []
    assert await _state(story) == "held"
