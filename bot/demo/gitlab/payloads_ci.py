"""Bodies of the webhooks about pipelines, jobs and deployments. Shapes as GitLab 18 sends them."""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab.ci_state import CommitStatus, Deployment, Job, Pipeline
from bot.demo.gitlab.entities_ci import duration, seconds
from bot.demo.gitlab.entities_mr import merge_status
from bot.demo.gitlab.git_repos import Commit
from bot.demo.gitlab.mergeability import detailed_status
from bot.demo.gitlab.payloads import last_commit, person, project, short_project, ssh_url, stamp
from bot.demo.gitlab.payloads import repository as repository_part
from bot.demo.gitlab.state import Project
from bot.demo.gitlab.world import World

Json = dict[str, Any]
_RUNNER = {
    "id": 7,
    "description": "look-alike runner",
    "active": True,
    "runner_type": "instance_type",
    "is_shared": True,
    "tags": ["linux", "bash"],
}


async def pipeline(world: World, it: Pipeline) -> Json:
    """`builds` holds the latest jobs only; `merge_request` is null but for merge request pipelines."""
    commit = await world.repository(it.project).commit(it.sha)
    attributes = {
        "id": it.id,
        "iid": it.iid,
        "name": it.name,
        "ref": it.ref,
        "tag": False,
        "sha": it.sha,
        "before_sha": it.before_sha,
        "source": it.source,
        "status": it.status,
        "stages": it.stages,
        "created_at": stamp(it.created_at),
        "finished_at": stamp(it.finished_at),
        "duration": seconds(it),
        "variables": [{"key": k, "value": v} for k, v in it.variables.items()],
        "url": world.web(it.project, "pipelines", str(it.id)),
    }
    return {
        "object_kind": "pipeline",
        "object_attributes": attributes,
        "merge_request": _merge_request(world, it),
        "user": person(it.user),
        "project": _without_ci_path(short_project(world, it.project)),
        "commit": _untitled(last_commit(world, it.project, commit)) if commit else None,
        "builds": [_build(j) for j in it.jobs if not j.retried]
        + [_external(s) for s in it.statuses if not s.retried],
    }


def _without_ci_path(shown: Json) -> Json:
    return {key: value for key, value in shown.items() if key != "ci_config_path"}


def _untitled(commit: Json) -> Json:
    return {key: value for key, value in commit.items() if key != "title"}


def _merge_request(world: World, it: Pipeline) -> Json | None:
    mr = it.merge_request
    if mr is None:
        return None
    return {
        "id": mr.id,
        "iid": mr.iid,
        "title": mr.title,
        "source_branch": mr.source_branch,
        "source_project_id": mr.source_project.id,
        "target_branch": mr.target_branch,
        "target_project_id": mr.project.id,
        "state": mr.state,
        "merge_status": merge_status(mr),
        "detailed_merge_status": detailed_status(world, mr),
        "url": world.web(mr.project, "merge_requests", str(mr.iid)),
    }


def _build(it: Job) -> Json:
    waited = (it.started_at - it.queued_at).total_seconds() if it.started_at and it.queued_at else None
    action = {"name": it.environment, "action": "start", "deployment_tier": "production"}
    return {
        "id": it.id,
        "stage": it.stage,
        "name": it.name,
        "status": it.status,
        "created_at": stamp(it.created_at),
        "started_at": stamp(it.started_at),
        "finished_at": stamp(it.finished_at),
        "duration": duration(it),
        "queued_duration": waited,
        "failure_reason": it.failure_reason,
        "when": it.when,
        "manual": it.when == "manual",
        "allow_failure": it.allow_failure,
        "user": person(it.user),
        "runner": _RUNNER if it.started_at else None,
        "artifacts_file": {
            "filename": "artifacts.zip" if it.artifacts else None,
            "size": it.artifacts.stat().st_size if it.artifacts else None,
        },
        "environment": action if it.environment else None,
    }


def _external(it: CommitStatus) -> Json:
    return {
        "id": it.id,
        "stage": "external",
        "name": it.name,
        "status": it.status,
        "created_at": stamp(it.created_at),
        "started_at": stamp(it.started_at),
        "finished_at": stamp(it.finished_at),
        "duration": None,
        "queued_duration": None,
        "failure_reason": None,
        "when": "on_success",
        "manual": False,
        "allow_failure": False,
        "user": person(it.user),
        "runner": None,
        "artifacts_file": {"filename": None, "size": None},
        "environment": None,
    }


def _moments(it: Job, prefix: str, names: tuple[str, ...]) -> Json:
    shown: Json = {}
    for name in names:
        at = getattr(it, name)
        shown[prefix + name] = stamp(at)
        shown[f"{prefix}{name}_iso"] = at.strftime("%Y-%m-%dT%H:%M:%SZ") if at else None
    return shown


async def job(world: World, it: Job) -> Json:
    """Flat, and `commit.id` is the pipeline's number."""
    pipe, of = it.pipeline, it.pipeline.project
    commit = await world.repository(of).commit(pipe.sha)
    waited = (it.started_at - it.queued_at).total_seconds() if it.started_at and it.queued_at else None
    about = person(it.user)
    return {
        "object_kind": "build",
        "ref": pipe.ref,
        "tag": False,
        "before_sha": pipe.before_sha,
        "sha": pipe.sha,
        "build_id": it.id,
        "build_name": it.name,
        "build_stage": it.stage,
        "build_status": it.status,
        **_moments(it, "build_", ("created_at", "started_at", "finished_at")),
        "build_duration": duration(it),
        "build_queued_duration": waited,
        "build_allow_failure": it.allow_failure,
        "build_failure_reason": it.failure_reason or "unknown_failure",
        "retries_count": sum(j.retried and j.name == it.name for j in pipe.jobs),
        "pipeline_id": pipe.id,
        "project_id": of.id,
        "project_name": " / ".join(of.path.split("/")),
        "user": {key: about[key] for key in ("id", "name", "email", "avatar_url")},
        "commit": _job_commit(pipe, commit),
        "repository": _job_repository(world, it),
        "project": _without_ci_path(short_project(world, of)),
        "runner": _RUNNER if it.started_at else None,
        "environment": None,
    }


def _job_commit(pipe: Pipeline, commit: Commit | None) -> Json:
    """Despite its name it is about the pipeline: its number, state and times."""
    return {
        "id": pipe.id,
        "name": pipe.name,
        "sha": pipe.sha,
        "message": commit.message if commit else "",
        "author_name": commit.author_name if commit else "",
        "author_email": "[REDACTED]",
        "status": pipe.status,
        "duration": seconds(pipe),
        "started_at": stamp(pipe.started_at),
        "started_at_iso": pipe.started_at.strftime("%Y-%m-%dT%H:%M:%SZ") if pipe.started_at else None,
        "finished_at": stamp(pipe.finished_at),
        "finished_at_iso": pipe.finished_at.strftime("%Y-%m-%dT%H:%M:%SZ") if pipe.finished_at else None,
    }


def _job_repository(world: World, it: Job) -> Json:
    of = it.pipeline.project
    shown = {k: v for k, v in repository_part(world, of).items() if k != "url"}
    urls = {"git_ssh_url": ssh_url(world, of), "git_http_url": f"{world.url}/{of.path}.git"}
    return {**shown, **urls, "visibility_level": short_project(world, of)["visibility_level"]}


async def deployment(world: World, it: Deployment, project_of: Project) -> Json:
    """Flat; `deployable_url` is null for deployments that were recorded through the API."""
    commit = await world.repository(project_of).commit(it.sha)
    return {
        "object_kind": "deployment",
        "status": it.status,
        "status_changed_at": it.updated_at.strftime("%Y-%m-%d %H:%M:%S %z"),
        "deployment_id": it.id,
        "deployable_id": it.job.id if it.job else None,
        "deployable_url": world.web(project_of, "jobs", str(it.job.id)) if it.job else None,
        "environment": it.environment.name,
        "environment_tier": it.environment.tier,
        "environment_slug": it.environment.name.replace("/", "-"),
        "environment_external_url": it.environment.external_url,
        "project": project(world, project_of),
        "short_sha": it.sha[:8],
        "user": person(it.user),
        "user_url": f"{world.url}/{it.user.username}",
        "commit_url": world.web(project_of, "commit", it.sha),
        "commit_title": commit.title if commit else "",
    }
