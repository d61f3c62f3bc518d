"""Commit statuses that are set from outside, and the state of a pipeline that they and its jobs add up to."""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab import payloads_ci
from bot.demo.gitlab.ci_state import CommitStatus, Pipeline
from bot.demo.gitlab.errors import invalid, message, not_found
from bot.demo.gitlab.state import Project, User
from bot.demo.gitlab.world import World

STATES = ("pending", "running", "success", "failed", "canceled", "skipped")
GOING = ("created", "waiting_for_resource", "pending", "running", "manual", "scheduled")
_FROM = {
    "pending": ("enqueue", ("created", "skipped", "manual", "scheduled")),
    "running": ("run", ("created", "pending")),
    "success": ("success", ("created", "pending", "running")),
    "failed": ("drop", ("created", "pending", "running")),
    "canceled": ("cancel", ("created", "pending", "running", "manual", "scheduled")),
    "skipped": ("skip", ("created", "pending", "running")),
}
"""State -> GitLab's name of the event, and the states it may come from."""


async def set_status(
    world: World, project: Project, sha: str, by: User, wanted: dict[str, Any]
) -> CommitStatus:
    """`wanted`: state, name (or context), ref, target_url, description, coverage, pipeline_id."""
    state = wanted.get("state")
    if state not in STATES:
        raise invalid("state does not have a valid value" if state else "state is missing")
    url = wanted.get("target_url")
    if url is not None and len(url) > 255:
        raise message(400, {"target_url": ["is too long (maximum is 255 characters)"]})
    if url and not url.startswith(("http://", "https://")):
        raise message(400, {"target_url": ["is blocked: Only allowed schemes are http, https"]})
    name = wanted.get("name") or wanted.get("context") or "default"
    if len(name) > 255:
        raise message(400, {"name": ["is too long (maximum is 255 characters)"]})
    commit = await world.repository(project).commit(sha)
    if commit is None or len(sha) != 40:
        raise not_found("Commit")
    pipeline = await _pipeline(world, project, commit.id, by, wanted)
    if any(job.name == name for job in pipeline.jobs):
        raise message(400, {"name": ["has already been taken by a CI job"]})
    it = _find_or_make(world, pipeline, name, by, wanted.get("ref") or pipeline.ref)
    _move(world, it, state)
    it.target_url = url if url is not None else it.target_url
    it.description = wanted.get("description", it.description)
    it.coverage = wanted.get("coverage", it.coverage)
    if it not in pipeline.statuses:
        for older in pipeline.statuses:
            older.retried = older.retried or older.name == name
        pipeline.statuses.append(it)
    await settle(world, pipeline)
    return it


async def _pipeline(world: World, project: Project, sha: str, by: User, wanted: dict[str, Any]) -> Pipeline:
    """The pipeline that was named, else the newest of the commit, else a new external one."""
    if (number := wanted.get("pipeline_id")) is not None:
        named = project.pipelines.get(int(number)) if str(number).isdigit() else None
        if named is None or named.sha != sha:
            raise not_found("Pipeline")
        return named
    ref = wanted.get("ref")
    if found := _newest(project, sha, ref):
        return found
    branches = [ref] if ref else await world.repository(project).contains(sha)
    # GitLab takes the statuses of one commit in turn: another one may have got its pipeline meanwhile.
    if found := _newest(project, sha, ref):
        return found
    if not branches:
        raise not_found("References for commit")
    return new_external(world, project, sha, branches[0], by)


def _newest(project: Project, sha: str, ref: Any) -> Pipeline | None:
    found = [p for p in project.pipelines.values() if p.sha == sha and (ref is None or p.ref == ref)]
    return max(found, key=lambda p: p.id, default=None)


def new_external(world: World, project: Project, sha: str, ref: str, by: User) -> Pipeline:
    """The pipeline that GitLab makes for a status on a commit that has none."""
    it = blank(world, project, sha, ref, "external", by)
    it.stages = ["external"]
    number(world, it)
    return it


def blank(world: World, project: Project, sha: str, ref: str, source: str, by: User) -> Pipeline:
    """A pipeline that is not part of the project yet."""
    now = world.now()
    return Pipeline(0, 0, project, sha, ref, source, by, now, now)


def number(world: World, it: Pipeline) -> None:
    """Makes it part of its project."""
    it.id, it.iid = world.number("pipeline"), len(it.project.pipelines) + 1
    it.project.pipelines[it.id] = it


def _find_or_make(world: World, pipeline: Pipeline, name: str, by: User, ref: str) -> CommitStatus:
    """One that is pending or running for that name, ref and user goes on; else a new one begins."""
    for it in pipeline.statuses:
        if (it.name, it.ref, it.user) == (name, ref, by) and it.status in ("pending", "running"):
            return it
    return CommitStatus(world.number("job"), pipeline.sha, ref, name, "created", by, pipeline, world.now())


def _move(world: World, it: CommitStatus, state: str) -> None:
    event, allowed = _FROM[state]
    if it.status not in allowed:
        reason = f'Reason(s): Status cannot transition via "{event}"'
        raise message(400, f"Cannot transition status via :{event} from :{it.status} ({reason})")
    it.status = state
    if state == "running":
        it.started_at = world.now()
    elif state not in ("pending", "skipped"):
        it.finished_at = world.now()


def combined(pipeline: Pipeline) -> str:
    """The state of a pipeline: GitLab's composite of the latest jobs and statuses, failures that are allowed
    aside.
    """
    latest = [(j.status, j.allow_failure) for j in pipeline.jobs if not j.retried]
    latest += [(s.status, False) for s in pipeline.statuses if not s.retried]
    states = {
        "success" if s == "failed" and allowed else s
        for s, allowed in latest
        if not (s == "manual" and allowed)
    }
    if not states:
        return "skipped" if latest else "created"
    if states <= {"skipped"}:
        return "skipped"
    if states <= {"success", "skipped"}:
        return "success"
    if states <= {"created"}:
        return "created"
    if states & {"running"}:
        return "running"
    if states & {"waiting_for_resource"}:
        return "waiting_for_resource"
    if states & {"pending"} or ("created" in states and not states & {"failed", "canceled", "manual"}):
        return "running" if states & {"success", "failed", "canceled"} else "pending"
    if "manual" in states:
        return "manual"
    return "canceled" if "canceled" in states else "failed"


async def settle(world: World, pipeline: Pipeline) -> None:
    """Recomputes the state; a change is told by a Pipeline Hook."""
    new, now = combined(pipeline), world.now()
    if new == pipeline.status:
        return
    pipeline.status, pipeline.updated_at = new, now
    if new == "running" and pipeline.started_at is None:
        pipeline.started_at = now
    pipeline.finished_at = None if new in GOING else now
    if pipeline.finished_at and pipeline.started_at is None:
        pipeline.started_at = pipeline.created_at
    world.emit(pipeline.project, "pipeline", await payloads_ci.pipeline(world, pipeline))
