"""Bodies of the webhooks about merge requests and pushes. Shapes as GitLab 18 sends them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from bot.demo.gitlab.entities_mr import merge_status
from bot.demo.gitlab.git_repos import ZERO, Commit
from bot.demo.gitlab.state import Label, MergeRequest, Project, User
from bot.demo.gitlab.world import World

Json = dict[str, Any]
_VISIBILITY = {"private": 0, "internal": 10, "public": 20}


def stamp(at: datetime | None) -> str | None:
    """Times as most hooks write them: 2026-01-31 12:00:00 UTC."""
    return at.strftime("%Y-%m-%d %H:%M:%S UTC") if at else None


def person(who: User) -> Json:
    """GitLab shows nobody's address in hooks unless that person made it public."""
    return {
        "id": who.id,
        "name": who.name,
        "username": who.username,
        "avatar_url": f"https://www.gravatar.com/avatar/{who.id}?s=80&d=identicon",
        "email": "[REDACTED]",
    }


def short_project(world: World, it: Project) -> Json:
    """A project as pipelines and jobs show it."""
    return {
        "id": it.id,
        "name": it.name,
        "description": it.description,
        "web_url": world.web(it),
        "avatar_url": None,
        "git_ssh_url": ssh_url(world, it),
        "git_http_url": f"{world.url}/{it.path}.git",
        "namespace": it.namespace.rpartition("/")[2],
        "visibility_level": _VISIBILITY[it.visibility],
        "path_with_namespace": it.path,
        "default_branch": it.default_branch,
        "ci_config_path": it.settings.ci_config_path,
    }


def project(world: World, it: Project) -> Json:
    """A project as most hooks show it."""
    more = {
        "url": ssh_url(world, it),
        "ssh_url": ssh_url(world, it),
        "http_url": f"{world.url}/{it.path}.git",
    }
    return {**short_project(world, it), "homepage": world.web(it), **more}


def ssh_url(world: World, it: Project) -> str:
    """Its address over SSH, which nothing here answers."""
    return f"git@{world.url.partition('://')[2].partition(':')[0]}:{it.path}.git"


def repository(world: World, it: Project) -> Json:
    """The short old form that stands beside `project`."""
    named = {"name": it.name, "url": ssh_url(world, it), "description": it.description}
    return {**named, "homepage": world.web(it)}


def label(it: Label, of: Project) -> Json:
    """A label."""
    return {
        "id": it.id,
        "title": it.title,
        "color": it.color,
        "project_id": of.id,
        "created_at": stamp(it.created_at),
        "updated_at": stamp(it.created_at),
        "template": False,
        "description": None,
        "type": "ProjectLabel",
        "group_id": None,
    }


def last_commit(world: World, of: Project, it: Commit) -> Json:
    """A commit in a hook."""
    return {
        "id": it.id,
        "message": it.message,
        "title": it.title,
        "timestamp": it.committed,
        "url": world.web(of, "commit", it.id),
        "author": {"name": it.author_name, "email": "[REDACTED]"},
    }


async def attributes(world: World, it: MergeRequest, detailed: str) -> Json:
    """`object_attributes` of a merge request, but for the action."""
    head = world.head_pipeline(it)
    commit = await world.repository(it.project).commit(it.head)
    return {
        "assignee_id": it.assignees[0].id if it.assignees else None,
        "author_id": it.author.id,
        "created_at": stamp(it.created_at),
        "description": it.description,
        "draft": it.draft,
        "head_pipeline_id": head.id if head else None,
        "id": it.id,
        "iid": it.iid,
        "last_edited_at": stamp(it.edited_at),
        "last_edited_by_id": it.edited_by.id if it.edited_by else None,
        "merge_commit_sha": it.merge_commit,
        "merge_error": None,
        "merge_params": {"force_remove_source_branch": "1" if it.remove_source_branch else "0"},
        "merge_status": merge_status(it),
        "merge_user_id": it.merged_by.id if it.merged_by else None,
        "merge_when_pipeline_succeeds": False,
        "milestone_id": None,
        "source_branch": it.source_branch,
        "source_project_id": it.source_project.id,
        "state_id": {"opened": 1, "closed": 2, "merged": 3, "locked": 4}[it.state],
        "target_branch": it.target_branch,
        "target_project_id": it.project.id,
        "time_estimate": 0,
        "title": it.title,
        "updated_at": stamp(it.updated_at),
        "updated_by_id": it.edited_by.id if it.edited_by else None,
        **_newer_attributes(it, detailed),
        "labels": [label(tag, it.project) for tag in it.labels],
        "last_commit": last_commit(world, it.project, commit) if commit else None,
        "source": project(world, it.source_project),
        "target": project(world, it.project),
        "url": world.web(it.project, "merge_requests", str(it.iid)),
    }


def _newer_attributes(it: MergeRequest, detailed: str) -> Json:
    return {
        "prepared_at": stamp(it.created_at),
        "assignee_ids": [who.id for who in it.assignees],
        "blocking_discussions_resolved": it.threads_resolved,
        "detailed_merge_status": detailed,
        "first_contribution": False,
        "human_time_change": None,
        "human_time_estimate": None,
        "human_total_time_spent": None,
        "reviewer_ids": [who.id for who in it.reviewers],
        "state": it.state,
        "time_change": 0,
        "total_time_spent": 0,
        "work_in_progress": it.draft,
    }


async def merge_request(
    world: World,
    it: MergeRequest,
    by: User,
    action: str,
    detailed: str,
    changes: Json,
    oldrev: str | None = None,
) -> Json:
    """`changes` maps a field to {"previous", "current"}; `oldrev` is there only when commits were pushed."""
    about = await attributes(world, it, detailed)
    about["action"] = action
    if oldrev is not None:
        about["oldrev"] = oldrev
    body: Json = {
        "object_kind": "merge_request",
        "event_type": "merge_request",
        "user": person(by),
        "project": project(world, it.project),
        "object_attributes": about,
        "labels": [label(tag, it.project) for tag in it.labels],
        "changes": changes,
        "repository": repository(world, it.project),
    }
    if it.assignees:
        body["assignees"] = [person(who) for who in it.assignees]
    if it.reviewers:
        body["reviewers"] = [person(who) for who in it.reviewers]
    return body


async def push(
    world: World, of: Project, ref: str, old: str, new: str, by: User, commits: Sequence[Commit]
) -> Json:
    """`commits` newest first; the hook carries the last 20 of them, oldest first."""
    repo = world.repository(of)
    shown = []
    for it in reversed(commits[:20]):
        paths = await repo.changed_paths(it.id)
        by_letter = {w: [p for p, s in paths.items() if s == c] for w, c in _LETTERS.items()}
        shown.append({**last_commit(world, of, it), **by_letter})
    return {
        "object_kind": "push",
        "event_name": "push",
        "before": old,
        "after": new,
        "ref": ref,
        "ref_protected": ref.removeprefix("refs/heads/") in of.protected,
        "checkout_sha": None if new == ZERO else new,
        "user_id": by.id,
        "user_name": by.name,
        "user_username": by.username,
        "user_email": "",
        "user_avatar": person(by)["avatar_url"],
        "project_id": of.id,
        "project": {k: v for k, v in project(world, of).items() if k != "ci_config_path"},
        "commits": shown,
        "total_commits_count": len(commits),
        "repository": {
            **repository(world, of),
            "git_http_url": f"{world.url}/{of.path}.git",
            "git_ssh_url": ssh_url(world, of),
            "visibility_level": _VISIBILITY[of.visibility],
        },
    }


_LETTERS = {"added": "A", "modified": "M", "removed": "D"}
