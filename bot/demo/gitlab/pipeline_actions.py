"""What people do with pipelines and jobs: play, retry, cancel."""

from __future__ import annotations

from bot.demo.gitlab.ci_state import Job, Pipeline
from bot.demo.gitlab.errors import forbidden, message
from bot.demo.gitlab.pipelines import advance, ended, new_job, shift
from bot.demo.gitlab.state import Level, User
from bot.demo.gitlab.world import World

_CANCELABLE = ("created", "waiting_for_resource", "pending", "running", "manual")
_RETRYABLE = ("success", "failed", "canceled")


def _may(world: World, pipeline: Pipeline, by: User) -> None:
    """403 for those who could neither push to, nor merge into, the branch."""
    project, ref = pipeline.project, pipeline.ref
    if world.level(by, project) < Level.DEVELOPER:
        raise forbidden()
    if not (world.may_push(by, project, ref) or world.may_merge(by, project, ref)):
        raise forbidden()


async def play(world: World, job: Job, by: User, variables: dict[str, str]) -> None:
    """Starts a manual job; 400 for any other."""
    _may(world, job.pipeline, by)
    if job.status != "manual":
        raise message(400, "400 Bad request - Unplayable Job")
    job.user, job.when = by, "on_success"
    job.variables.update(variables)
    job.status = "created"
    await advance(world, job.pipeline)


async def retry(world: World, job: Job, by: User) -> Job:
    """A NEW job takes the old one's place; jobs that were skipped because of it get another chance."""
    _may(world, job.pipeline, by)
    if job.status not in _RETRYABLE or job.retried:
        raise forbidden("Job is not retryable")
    made = _again(world, job, by)
    await advance(world, job.pipeline)
    return made


def _again(world: World, job: Job, by: User) -> Job:
    made = new_job(world, job.pipeline, job.spec, by)
    made.variables, made.when = dict(job.variables), "on_success" if job.when == "manual" else job.when
    job.retried = True
    job.pipeline.jobs.append(made)
    for other in job.pipeline.jobs:
        if other.status == "skipped" and not other.retried:
            other.status = "created"
    return made


async def retry_pipeline(world: World, pipeline: Pipeline, by: User) -> None:
    """Every job that failed or was cancelled runs again."""
    _may(world, pipeline, by)
    for job in [j for j in pipeline.jobs if j.status in ("failed", "canceled") and not j.retried]:
        _again(world, job, by)
    await advance(world, pipeline)


async def cancel(world: World, job: Job, by: User) -> None:
    """A running job's processes are ended first."""
    _may(world, job.pipeline, by)
    if job.status not in _CANCELABLE:
        raise message(400, "400 Bad request - Job is not cancelable")
    await _cancel(world, job)


async def _cancel(world: World, job: Job) -> None:
    if job.status == "running":
        await world.stop_job(job)
    else:
        await ended(world, job, "canceled")


async def cancel_pipeline(world: World, pipeline: Pipeline, by: User) -> None:
    """Cancels every job that has not ended, the last ones first so that none of them starts meanwhile."""
    _may(world, pipeline, by)
    waiting = [j for j in reversed(pipeline.jobs) if j.status in _CANCELABLE and not j.retried]
    for job in waiting:
        if job.status != "running":
            await shift(world, job, "canceled")
    for job in waiting:
        if job.status == "running":
            await _cancel(world, job)
    await advance(world, pipeline)
