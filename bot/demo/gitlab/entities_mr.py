"""Merge requests and their approvals, as the API shows them."""

from __future__ import annotations

from bot.demo.gitlab.entities import Json, iso, maybe_user, user
from bot.demo.gitlab.entities_ci import basic_pipeline, pipeline
from bot.demo.gitlab.state import MergeRequest, User
from bot.demo.gitlab.world import World


def basic_merge_request(world: World, it: MergeRequest, detailed: str) -> Json:
    """As lists show it; `detailed` is its detailed_merge_status."""
    return {**_basics(world, it), **_people(world, it), **_merge(it, detailed)}


def _basics(world: World, it: MergeRequest) -> Json:
    return {
        "id": it.id,
        "iid": it.iid,
        "project_id": it.project.id,
        "title": it.title,
        "description": it.description,
        "state": it.state,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "merged_at": iso(it.merged_at),
        "closed_at": iso(it.closed_at),
        "target_branch": it.target_branch,
        "source_branch": it.source_branch,
        "user_notes_count": sum(not n.system for n in it.notes),
        "upvotes": 0,
        "downvotes": 0,
        "source_project_id": it.source_project.id,
        "target_project_id": it.project.id,
        "labels": [label.title for label in it.labels],
        "draft": it.draft,
        "imported": False,
        "imported_from": "none",
        "work_in_progress": it.draft,
        "milestone": None,
        "reference": f"!{it.iid}",
        "references": {
            "short": f"!{it.iid}",
            "relative": f"!{it.iid}",
            "full": f"{it.project.path}!{it.iid}",
        },
        "web_url": world.web(it.project, "merge_requests", str(it.iid)),
    }


def _people(world: World, it: MergeRequest) -> Json:
    assignees = [user(world, who) for who in it.assignees]
    return {
        "author": user(world, it.author),
        "assignees": assignees,
        "assignee": assignees[0] if assignees else None,
        "reviewers": [user(world, who) for who in it.reviewers],
        "merged_by": maybe_user(world, it.merged_by),
        "merge_user": maybe_user(world, it.merged_by),
        "closed_by": maybe_user(world, it.closed_by),
    }


def _merge(it: MergeRequest, detailed: str) -> Json:
    return {
        "merge_when_pipeline_succeeds": False,
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
        "blocking_discussions_resolved": it.threads_resolved,
    }


def merge_status(it: MergeRequest) -> str:
    """The old, coarse status."""
    if not it.checked:
        return "unchecked"
    return "cannot_be_merged" if it.conflicts or it.empty else "can_be_merged"


def merge_request(world: World, it: MergeRequest, detailed: str, asking: User | None, changes: str) -> Json:
    """In full, for the person asking; `changes` is how many files it changes, `1000+` where too many."""
    head = world.head_pipeline(it)
    return {
        **basic_merge_request(world, it, detailed),
        "subscribed": False,
        "changes_count": changes,
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
