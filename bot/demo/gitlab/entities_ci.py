"""Pipelines, jobs, statuses and deployments, as the API shows them."""

from __future__ import annotations

from bot.demo.gitlab.ci_state import CommitStatus, Deployment, Environment, Job, Pipeline
from bot.demo.gitlab.entities import Json, iso, user
from bot.demo.gitlab.world import World


def basic_pipeline(world: World, it: Pipeline) -> Json:
    """As lists show it."""
    return {
        "id": it.id,
        "iid": it.iid,
        "project_id": it.project.id,
        "sha": it.sha,
        "ref": it.ref,
        "status": it.status,
        "source": it.source,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "web_url": world.web(it.project, "pipelines", str(it.id)),
    }


def pipeline(world: World, it: Pipeline) -> Json:
    """In full."""
    return {
        **basic_pipeline(world, it),
        "before_sha": it.before_sha,
        "tag": False,
        "yaml_errors": it.yaml_errors,
        "user": user(world, it.user),
        "started_at": iso(it.started_at),
        "finished_at": iso(it.finished_at),
        "committed_at": None,
        "duration": seconds(it),
        "queued_duration": None,
        "coverage": None,
        "detailed_status": {
            "icon": f"status_{it.status}",
            "text": it.status.capitalize(),
            "label": it.status,
            "group": it.status,
            "tooltip": it.status,
            "has_details": True,
            "details_path": f"/{it.project.path}/-/pipelines/{it.id}",
            "illustration": None,
            "favicon": f"/assets/ci_favicons/favicon_status_{it.status}.png",
        },
    }


def seconds(it: Pipeline) -> int | None:
    """How long it ran."""
    return (
        round((it.finished_at - it.started_at).total_seconds()) if it.finished_at and it.started_at else None
    )


def job(world: World, it: Job) -> Json:
    """In full, but for its commit."""
    waited = (it.started_at - it.queued_at).total_seconds() if it.started_at and it.queued_at else None
    shown: Json = {
        "id": it.id,
        "status": it.status,
        "stage": it.stage,
        "name": it.name,
        "ref": it.pipeline.ref,
        "tag": False,
        "coverage": None,
        "allow_failure": it.allow_failure,
        "created_at": iso(it.created_at),
        "started_at": iso(it.started_at),
        "finished_at": iso(it.finished_at),
        "erased_at": None,
        "duration": duration(it),
        "queued_duration": waited,
        "user": user(world, it.user),
        "commit": None,
        "pipeline": basic_pipeline(world, it.pipeline),
        "web_url": world.web(it.pipeline.project, "jobs", str(it.id)),
        "project": {"ci_job_token_scope_enabled": False},
        "artifacts": [],
        "runner": None,
        "runner_manager": None,
        "artifacts_expire_at": None,
        "archived": False,
        "tag_list": [],
    }
    if it.failure_reason:
        shown["failure_reason"] = it.failure_reason
    if it.artifacts is not None:
        size = it.artifacts.stat().st_size
        shown["artifacts_file"] = {"filename": "artifacts.zip", "size": size}
        archive = {"file_type": "archive", "size": size, "filename": "artifacts.zip", "file_format": "zip"}
        shown["artifacts"] = [archive]
    return shown


def duration(it: Job) -> float | None:
    """How many seconds it ran."""
    return (it.finished_at - it.started_at).total_seconds() if it.finished_at and it.started_at else None


def status(world: World, it: CommitStatus) -> Json:
    """A status that was set from outside."""
    return {
        "id": it.id,
        "sha": it.sha,
        "ref": it.ref,
        "status": it.status,
        "name": it.name,
        "target_url": it.target_url,
        "description": it.description,
        "created_at": iso(it.created_at),
        "started_at": iso(it.started_at),
        "finished_at": iso(it.finished_at),
        "allow_failure": False,
        "coverage": it.coverage,
        "pipeline_id": it.pipeline.id,
        "author": user(world, it.user),
    }


def job_status(world: World, it: Job) -> Json:
    """A CI job in the list of a commit's statuses, where GitLab shows it beside those set from outside."""
    shown = job(world, it)
    kept = (
        "id",
        "ref",
        "status",
        "name",
        "created_at",
        "started_at",
        "finished_at",
        "allow_failure",
        "coverage",
    )
    return {
        **{key: shown[key] for key in kept},
        "sha": it.pipeline.sha,
        "target_url": shown["web_url"],
        "description": None,
        "pipeline_id": it.pipeline.id,
        "author": user(world, it.user),
    }


def basic_environment(it: Environment) -> Json:
    """As a deployment shows it."""
    return {
        "id": it.id,
        "name": it.name,
        "slug": it.name.replace("/", "-"),
        "external_url": it.external_url,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
    }


def environment(world: World, it: Environment, last: Deployment | None) -> Json:
    """In full."""
    shown = {**basic_environment(it), "tier": it.tier, "state": it.state, "auto_stop_at": None}
    return {**shown, "last_deployment": deployment(world, last) if last else None}


def deployment(world: World, it: Deployment) -> Json:
    """In full."""
    return {
        "id": it.id,
        "iid": it.iid,
        "ref": it.ref,
        "sha": it.sha,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "user": user(world, it.user),
        "environment": basic_environment(it.environment),
        "deployable": job(world, it.job) if it.job else None,
        "status": it.status,
    }
