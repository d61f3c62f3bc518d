"""Merge requests, approvals, pipelines, jobs, statuses and deployments, as the API shows them."""

from __future__ import annotations

from bot.demo.gitlab.ci_state import CommitStatus, Deployment, Environment, Job, Pipeline
from bot.demo.gitlab.entities import Json, iso, maybe_user, user
from bot.demo.gitlab.state import MergeRequest, User
from bot.demo.gitlab.world import World


def basic_merge_request(world: World, it: MergeRequest, detailed: str) -> Json:
    """As lists show it; `detailed` is its detailed_merge_status."""
    people = [user(world, who) for who in it.assignees]
    merger = maybe_user(world, it.merged_by or it.auto_merge)
    return {
        "id": it.id,
        "iid": it.iid,
        "project_id": it.project.id,
        "title": it.title,
        "description": it.description,
        "state": it.state,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "merged_by": maybe_user(world, it.merged_by),
        "merge_user": merger,
        "merged_at": iso(it.merged_at),
        "closed_by": maybe_user(world, it.closed_by),
        "closed_at": iso(it.closed_at),
        "target_branch": it.target_branch,
        "source_branch": it.source_branch,
        "user_notes_count": sum(not n.system for n in it.notes),
        "upvotes": 0,
        "downvotes": 0,
        "author": user(world, it.author),
        "assignees": people,
        "assignee": people[0] if people else None,
        "reviewers": [user(world, who) for who in it.reviewers],
        "source_project_id": it.source_project.id,
        "target_project_id": it.project.id,
        "labels": [label.title for label in it.labels],
        "draft": it.draft,
        "imported": False,
        "imported_from": "none",
        "work_in_progress": it.draft,
        "milestone": None,
        "merge_when_pipeline_succeeds": it.auto_merge is not None,
        "merge_status": merge_status(it),
        "detailed_merge_status": detailed,
        "merge_after": None,
        "sha": it.head,
        "merge_commit_sha": it.merge_commit,
        "squash_commit_sha": it.squash_commit,
        "discussion_locked": None,
        "should_remove_source_branch": None,
        "force_remove_source_branch": it.remove_source_branch,
        "prepared_at": iso(it.created_at),
        "reference": f"!{it.iid}",
        "references": {
            "short": f"!{it.iid}",
            "relative": f"!{it.iid}",
            "full": f"{it.project.path}!{it.iid}",
        },
        "web_url": world.web(it.project, "merge_requests", str(it.iid)),
        "time_stats": {
            "time_estimate": 0,
            "total_time_spent": 0,
            "human_time_estimate": None,
            "human_total_time_spent": None,
        },
        "squash": it.squash,
        "squash_on_merge": it.squash,
        "task_completion_status": {"count": 0, "completed_count": 0},
        "has_conflicts": it.conflicts,
        "blocking_discussions_resolved": True,
    }


def merge_status(it: MergeRequest) -> str:
    """The old, coarse status."""
    if not it.checked:
        return "unchecked"
    return "cannot_be_merged" if it.conflicts or it.empty else "can_be_merged"


def merge_request(world: World, it: MergeRequest, detailed: str, asking: User | None, changes: int) -> Json:
    """In full, for the person asking; `changes` is how many files it changes."""
    head = world.head_pipeline(it)
    return {
        **basic_merge_request(world, it, detailed),
        "subscribed": False,
        "changes_count": str(changes),
        "latest_build_started_at": iso(head.started_at) if head else None,
        "latest_build_finished_at": iso(head.finished_at) if head else None,
        "first_deployed_to_production_at": None,
        "pipeline": basic_pipeline(world, head) if head else None,
        "head_pipeline": pipeline(world, head) if head else None,
        "diff_refs": {"base_sha": it.base, "head_sha": it.head, "start_sha": it.start},
        "merge_error": None,
        "first_contribution": False,
        "user": {"can_merge": asking is not None and world.may_merge(asking, it.project, it.target_branch)},
    }


def approvals(world: World, it: MergeRequest, asking: User | None) -> Json:
    """Who approved, and whether that is enough."""
    needed = it.project.settings.approvals_required
    return {
        "user_has_approved": any(a.user is asking for a in it.approvals),
        "user_can_approve": asking is not None and all(a.user is not asking for a in it.approvals),
        "approved": len(it.approvals) >= needed,
        "approved_by": [{"user": user(world, a.user), "approved_at": iso(a.at)} for a in it.approvals],
    }


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
