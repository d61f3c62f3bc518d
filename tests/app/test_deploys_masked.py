"""What a deploy hears from a job, a cluster or GitLab may hold secrets: none is told or kept."""

import json
from dataclasses import replace

import pytest

from bot.app.ports import RolloutState
from bot.core.model import Target
from tests.app.deploying import JOB, Deploying
from tests.app.sweeping import PROJECT

PIPED = Target("production", PROJECT)
DIRECT = replace(PIPED, deploy_mode="direct")
BY_JOB = replace(PIPED, deploy=replace(PIPED.deploy, job=JOB))
SECRET = "Zq7hunter2Qx"
PAIR = f"password={SECRET}"


async def _told(story: Deploying) -> str:
    """The note, after the deploy's end; the secret is in nothing that was said or kept."""
    await story.to_its_end()
    [note] = story.forge.notes.values()
    deployment = await story.store.deployment(PROJECT, story.forge.mr.iid, "production")
    kept = [str(deployment), str(await story.store.trail(PROJECT)), str(await story.store.run("job-3"))]
    assert [it for it in [note, *kept] if SECRET in it] == []
    return note


@pytest.mark.parametrize("target", [PIPED, BY_JOB], ids=["pipeline", "job"])
async def test_the_log_of_a_job_that_failed_is_masked(target: Target) -> None:
    story = Deploying(target, "failed")
    story.forge.said = f"cannot log in with {PAIR} today"
    assert "cannot log in with password=‹masked" in await _told(story)


async def test_a_job_s_report_is_masked_also_of_what_its_log_gives_away() -> None:
    story = Deploying(PIPED, "failed")
    story.forge.said = f"connecting with {PAIR}"
    story.forge.left = _report("failed", f"nobody logs in as {SECRET}")
    await _told(story)
    assert "nobody logs in as ‹masked" in str(await story.store.run("job-3"))


async def test_a_report_of_a_job_that_succeeded_is_masked() -> None:
    story = Deploying(PIPED)
    story.forge.left = _report("applied", f"it has {PAIR} now")
    await _told(story)
    assert "it has password=‹masked" in str(await story.store.run("job-3"))


def _report(result: str, why: str) -> bytes:
    release = {"release": "apps/web", "action": "upgrade", "state": result, "why": why}
    return json.dumps({"schema": "purser.run/v1", "result": result, "releases": [release]}).encode()


async def test_why_gitlab_cannot_read_a_ci_file_is_masked() -> None:
    story = Deploying(BY_JOB)
    story.forge.broken = f"sync: unknown keys in variables: {PAIR}"
    assert "unknown keys in variables: password=‹masked" in await _told(story)


@pytest.mark.parametrize("target", [PIPED, DIRECT, BY_JOB], ids=["pipeline", "direct", "job"])
async def test_what_the_cluster_says_while_it_is_verified_is_masked(target: Target) -> None:
    story = Deploying(target)
    story.cluster.states["Deployment"] = RolloutState(False, True, f"Back-off after {PAIR}")
    assert "Back-off after password=‹masked" in await _told(story)
