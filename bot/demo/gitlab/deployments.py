"""Deployments: those that CI jobs make, and those recorded through the API."""

from __future__ import annotations

from bot.demo.gitlab import payloads_ci
from bot.demo.gitlab.ci_state import Deployment, Job
from bot.demo.gitlab.errors import forbidden, message, not_found
from bot.demo.gitlab.state import Project, User
from bot.demo.gitlab.world import World

STATES = ("created", "running", "success", "failed", "canceled")
_FINISHED = ("success", "failed", "canceled")


async def record(
    world: World, project: Project, environment: str, ref: str, sha: str, tag: bool, status: str, by: User,
    job: Job | None = None,
) -> Deployment:  # fmt: skip
    """Makes the environment too where there is none of that name."""
    commit = await world.repository(project).resolve(sha)
    if commit is None:
        raise not_found("Commit")
    now, iid = world.now(), len(project.deployments) + 1
    made = world.environment(project, environment)
    it = Deployment(world.number("deployment"), iid, made, ref, commit, tag, by, status, now, now, job=job)
    it.finished_at = now if status in _FINISHED else None
    project.deployments[it.id] = it
    if status != "created":
        world.emit(project, "deployment", await payloads_ci.deployment(world, it, project))
    return it


async def update(world: World, project: Project, it: Deployment, status: str, outside: bool = False) -> None:
    """`outside`: through the API, which may not touch deployments that CI made."""
    if outside and it.job is not None:
        raise forbidden()
    if it.status == status or it.status in _FINISHED:
        if outside:
            raise message(400, {"status": [f'cannot transition via "{status}"']})
        return
    it.status, it.updated_at = status, world.now()
    it.finished_at = it.updated_at if status in _FINISHED else None
    world.emit(project, "deployment", await payloads_ci.deployment(world, it, project))
