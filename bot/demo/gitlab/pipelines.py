"""Pipelines: made from the CI file, moved on as their jobs end, cancelled, retried."""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab import ci_config, deployments, payloads_ci, statuses
from bot.demo.gitlab.ci_config import CiConfig, JobSpec
from bot.demo.gitlab.ci_rules import CiError
from bot.demo.gitlab.ci_state import Job, Pipeline
from bot.demo.gitlab.ci_variables import for_rules
from bot.demo.gitlab.errors import Refused, forbidden, message
from bot.demo.gitlab.git_repos import ZERO
from bot.demo.gitlab.state import Level, MergeRequest, Project, User
from bot.demo.gitlab.world import World

ENDED = ("success", "failed", "canceled", "skipped")
_ROLES = {"developer": Level.DEVELOPER, "maintainer": Level.MAINTAINER, "owner": Level.OWNER}
_NO_JOBS = (
    "Pipeline will not run for the selected trigger. "
    "The rules configuration prevented any jobs from being added to the pipeline."
)


def refusal(reason: str) -> Refused:
    """400 in the shape of POST /pipeline."""
    return message(400, {"base": [reason]})


async def for_push(world: World, project: Project, branch: str, old: str, new: str, by: User) -> None:
    """A push makes a branch pipeline, if the CI file wants one. A broken CI file makes a failed one."""
    made = statuses.blank(world, project, new, branch, "push", by)
    made.before_sha = old if old != ZERO else ZERO
    try:
        await _fill(world, made, {})
    except CiError as error:
        await _broken(world, made, str(error))
    except Refused:
        return


async def for_merge_request(world: World, mr: MergeRequest, by: User) -> None:
    """A merge request pipeline, where jobs ask for one; on the merged result if the project says so."""
    merged = mr.project.settings.merge_pipelines_enabled and mr.merge_ref is not None
    sha = mr.merge_ref if merged and mr.merge_ref else mr.head
    ref = f"refs/merge-requests/{mr.iid}/{'merge' if merged else 'head'}"
    made = statuses.blank(world, mr.project, sha, ref, "merge_request_event", by)
    made.merge_request, made.source_sha = mr, mr.head
    try:
        await _fill(world, made, {})
    except (CiError, Refused):
        return


async def create(
    world: World, project: Project, ref: str, by: User, *, variables: dict[str, str], inputs: dict[str, Any],
    source: str = "api",
) -> Pipeline:  # fmt: skip
    """As POST /pipeline: 400 with {"message": {"base": […]}} for whatever GitLab refuses."""
    if world.level(by, project) < Level.DEVELOPER:
        raise forbidden()
    sha = await world.repository(project).resolve(f"refs/heads/{ref}")
    if sha is None:
        raise refusal("Reference not found")
    if not (world.may_push(by, project, ref) or world.may_merge(by, project, ref)):
        raise refusal(f"You do not have sufficient permission to run a pipeline on '{ref}'.")
    least = _ROLES.get(project.settings.ci_pipeline_variables_minimum_override_role)
    if variables and (least is None or world.level(by, project) < least):
        raise refusal("Insufficient permissions to set pipeline variables")
    made = statuses.blank(world, project, sha, ref, source, by)
    made.variables = variables
    try:
        await _fill(world, made, inputs)
    except CiError as error:
        raise refusal(str(error)) from None
    return made


async def _fill(world: World, made: Pipeline, inputs: dict[str, Any]) -> None:
    """Gives the pipeline its jobs and a number, and starts it. Refused where no job belongs into it."""
    project, repo = made.project, world.repository(made.project)

    async def read(path: str) -> bytes | None:
        return await repo.read(made.sha, path)

    config = await ci_config.load(read, project.settings.ci_config_path or ".gitlab-ci.yml", inputs)
    if config is None:
        raise refusal("Missing CI config file")
    context = {**for_rules(world, made), **config.variables, **made.variables}
    if config.wanted(context).when == "never":
        raise refusal("Pipeline filtered out by workflow rules.")
    specs = config.jobs(context)
    if not specs:
        raise refusal(_NO_JOBS)
    made.inputs = inputs
    _admit(world, made, config, specs)
    for job in made.jobs:
        await _tell(world, job)
    await advance(world, made)


def _admit(world: World, made: Pipeline, config: CiConfig, specs: list[JobSpec]) -> None:
    statuses.number(world, made)
    made.config_variables = config.variables
    made.name = config.name()
    made.stages = [stage for stage in config.stages if any(s.stage == stage for s in specs)]
    for spec in specs:
        made.jobs.append(new_job(world, made, spec, made.user))


async def _broken(world: World, made: Pipeline, reason: str) -> None:
    statuses.number(world, made)
    made.status, made.yaml_errors, made.finished_at = "failed", reason, world.now()
    world.emit(made.project, "pipeline", await payloads_ci.pipeline(world, made))


def new_job(world: World, pipeline: Pipeline, spec: JobSpec, by: User) -> Job:
    """A job that has not begun."""
    it = Job(world.number("job"), spec.name, spec.stage, pipeline, by, spec, world.now())
    it.when, it.allow_failure, it.environment = spec.when, spec.allow_failure, spec.environment
    it.resource_group = spec.resource_group
    return it


async def advance(world: World, pipeline: Pipeline) -> None:
    """Moves every job on whose turn has come, then the pipeline's own state."""
    moved = True
    while moved:
        moved = False
        for job in [j for j in pipeline.jobs if not j.retried]:
            target = _next_state(pipeline, job) if job.status == "created" else None
            if target == "pending" and _resource_taken(job):
                target = "waiting_for_resource"
            if target:
                await shift(world, job, target)
                moved = True
    await statuses.settle(world, pipeline)
    world.wake_runner()


def _next_state(pipeline: Pipeline, job: Job) -> str | None:
    """None while jobs before it are still to end."""
    before = _before(pipeline, job)
    if not all(_over(other) for other in before):
        return None
    failed = any(o.status in ("failed", "canceled") and not o.allow_failure for o in before)
    skipped = job.spec.needs is not None and any(o.status == "skipped" for o in before)
    match job.when:
        case "always":
            return "pending"
        case "on_failure":
            return "pending" if failed else "skipped"
        case _ if failed or skipped:
            return "skipped"
        case "manual":
            return "manual"
        case _:
            return "pending"


def _before(pipeline: Pipeline, job: Job) -> list[Job]:
    latest = [j for j in pipeline.jobs if not j.retried]
    if job.spec.needs is not None:
        return [j for j in latest if j.name in job.spec.needs]
    at = pipeline.stages.index(job.stage)
    return [j for j in latest if pipeline.stages.index(j.stage) < at]


def _over(job: Job) -> bool:
    return job.status in ENDED or (job.status == "manual" and job.allow_failure)


def _resource_taken(job: Job) -> bool:
    """A resource group runs one job at a time, in the whole project."""
    if job.resource_group is None:
        return False
    return any(
        other.resource_group == job.resource_group and other.status in ("pending", "running")
        for pipeline in job.pipeline.project.pipelines.values()
        for other in pipeline.jobs
        if other is not job
    )


async def shift(world: World, job: Job, status: str, reason: str | None = None) -> None:
    """One transition of a job, with its times, its deployment and its hook."""
    now = world.now()
    job.status, job.failure_reason = status, reason
    match status:
        case "pending":
            job.queued_at = now
        case "running":
            job.started_at = now
            await _deploy(world, job)
        case "success" | "failed" | "canceled":
            job.finished_at = now
            if job.deployment is not None:
                await deployments.update(world, job.pipeline.project, job.deployment, status)
    await _tell(world, job)


async def _deploy(world: World, job: Job) -> None:
    if job.environment is not None:
        pipe = job.pipeline
        job.deployment = await deployments.record(
            world, pipe.project, job.environment, pipe.ref, pipe.sha, False, "running", job.user, job
        )


async def _tell(world: World, job: Job) -> None:
    world.emit(job.pipeline.project, "job", await payloads_ci.job(world, job))


async def ended(world: World, job: Job, status: str, reason: str | None = None) -> None:
    """A job came to its end: the pipeline goes on, and a job that waited for its resource gets its turn."""
    await shift(world, job, status, reason)
    await advance(world, job.pipeline)
    for pipeline in list(job.pipeline.project.pipelines.values()):
        for other in pipeline.jobs:
            same = other.resource_group is not None and other.resource_group == job.resource_group
            if same and other.status == "waiting_for_resource" and not _resource_taken(other):
                await shift(world, other, "pending")
                await advance(world, pipeline)
