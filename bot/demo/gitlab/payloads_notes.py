"""Bodies of the webhooks about notes, reactions and issues. Shapes as GitLab 18 sends them."""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab.payloads import attributes, label, person, project, repository, stamp
from bot.demo.gitlab.state import Award, Issue, MergeRequest, Note, User
from bot.demo.gitlab.world import World

Json = dict[str, Any]


def _note_attributes(world: World, it: Note) -> Json:
    on_mr = isinstance(it.noteable, MergeRequest)
    where = "merge_requests" if on_mr else "issues"
    of = it.noteable.project
    return {
        "attachment": None,
        "author_id": it.author.id,
        "change_position": None,
        "commit_id": None,
        "created_at": stamp(it.created_at),
        "discussion_id": it.discussion_id,
        "id": it.id,
        "line_code": None,
        "note": it.body,
        "noteable_id": it.noteable.id,
        "noteable_type": "MergeRequest" if on_mr else "Issue",
        "original_position": it.position,
        "position": it.position,
        "project_id": of.id,
        "resolved_at": stamp(it.resolved_at) if it.resolved_at else None,
        "resolved_by_id": it.resolved_by.id if it.resolved_by else None,
        "resolved_by_push": None,
        "st_diff": None,
        "system": it.system,
        "type": it.type,
        "updated_at": stamp(it.updated_at),
        "updated_by_id": None,
        "description": it.body,
        "url": f"{world.web(of, where, str(it.noteable.iid))}#note_{it.id}",
    }


async def note(world: World, it: Note, by: User, action: str, detailed: str) -> Json:
    """`action` is create or update."""
    on = it.noteable
    body: Json = {
        "object_kind": "note",
        "event_type": "confidential_note" if it.internal else "note",
        "user": person(by),
        "project_id": on.project.id,
        "project": project(world, on.project),
        "object_attributes": {**_note_attributes(world, it), "action": action},
        "repository": repository(world, on.project),
    }
    if isinstance(on, MergeRequest):
        about = await attributes(world, on, detailed)
        body["merge_request"] = {k: v for k, v in about.items() if k not in _NOT_IN_NOTES}
    else:
        body["issue"] = issue_attributes(world, on)
    return body


_NOT_IN_NOTES = frozenset({"prepared_at", "blocking_discussions_resolved", "first_contribution"})


def issue_attributes(world: World, it: Issue) -> Json:
    """`object_attributes` of an issue, but for the action."""
    return {
        "author_id": it.author.id,
        "closed_at": stamp(it.closed_at),
        "confidential": it.confidential,
        "created_at": stamp(it.created_at),
        "description": it.description,
        "id": it.id,
        "iid": it.iid,
        "project_id": it.project.id,
        "state_id": 1 if it.state == "opened" else 2,
        "title": it.title,
        "updated_at": stamp(it.updated_at),
        "url": world.web(it.project, "issues", str(it.iid)),
        "assignee_ids": [who.id for who in it.assignees],
        "assignee_id": it.assignees[0].id if it.assignees else None,
        "labels": [label(tag, it.project) for tag in it.labels],
        "state": it.state,
    }


def issue(world: World, it: Issue, by: User, action: str, changes: Json) -> Json:
    """`action` is open, update, close or reopen."""
    return {
        "object_kind": "issue",
        "event_type": "issue",
        "user": person(by),
        "project": project(world, it.project),
        "object_attributes": {**issue_attributes(world, it), "action": action},
        "labels": [label(tag, it.project) for tag in it.labels],
        "changes": changes,
        "repository": repository(world, it.project),
    }


async def emoji(world: World, it: Award, on: Note, action: str, detailed: str) -> Json:
    """`action` is award or revoke."""
    about = _note_attributes(world, on)
    shown = await note(world, on, it.user, "update", detailed)
    body: Json = {
        "object_kind": "emoji",
        "event_type": action,
        "user": person(it.user),
        "project_id": on.noteable.project.id,
        "project": project(world, on.noteable.project),
        "object_attributes": {
            "user_id": it.user.id,
            "created_at": stamp(it.created_at),
            "id": it.id,
            "name": it.name,
            "awardable_type": "Note",
            "awardable_id": on.id,
            "updated_at": stamp(it.created_at),
            "action": action,
            "awarded_on_url": about["url"],
        },
        "note": about,
    }
    kind = "merge_request" if isinstance(on.noteable, MergeRequest) else "issue"
    return {**body, kind: shown[kind]}
