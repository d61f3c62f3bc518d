"""People, projects, commits and what is said about them, as the API shows them (API_Entities_* in its
description).
"""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any

from bot.demo.gitlab.git_repos import Commit, FileDiff
from bot.demo.gitlab.state import Award, Issue, Level, MergeRequest, Note, Project, Token, User
from bot.demo.gitlab.world import World

Json = dict[str, Any]


def iso(at: datetime | None) -> str | None:
    """Times as the API writes them: 2026-01-31T12:00:00.000Z."""
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z" if at else None


def user(world: World, who: User) -> Json:
    """A person in short (UserBasic)."""
    return {
        "id": who.id,
        "username": who.username,
        "public_email": "",
        "name": who.name,
        "state": who.state,
        "locked": False,
        "avatar_url": None,
        "web_url": f"{world.url}/{who.username}",
    }


def maybe_user(world: World, who: User | None) -> Json | None:
    """Null for nobody."""
    return user(world, who) if who else None


def public_user(world: World, who: User) -> Json:
    """What everybody may know of a person."""
    more = {"created_at": iso(who.created_at), "bio": "", "location": "", "bot": who.bot, "job_title": ""}
    return {**user(world, who), **more}


def current_user(world: World, who: User) -> Json:
    """What people see of themselves."""
    more: Json = {
        "email": who.email,
        "commit_email": who.email,
        "external": False,
        "two_factor_enabled": False,
    }
    if who.admin:
        more["is_admin"] = True
    return {**public_user(world, who), **more}


def member(world: World, who: User, level: Level) -> Json:
    """A person with the role in a project."""
    more = {"access_level": int(level), "created_at": iso(who.created_at), "expires_at": None}
    return {**user(world, who), **more, "membership_state": "active"}


def token(world: World, it: Token) -> Json:
    """A token about itself; never its value."""
    active = not it.revoked and (it.expires is None or world.now().date() < it.expires)
    return {
        "id": it.id,
        "name": it.name,
        "revoked": it.revoked,
        "created_at": iso(it.created_at),
        "description": "",
        "scopes": sorted(it.scopes),
        "user_id": it.user.id,
        "last_used_at": None,
        "active": active,
        "expires_at": it.expires.isoformat() if it.expires else None,
    }


def namespace(world: World, it: Project) -> Json:
    """The group that a project is in."""
    path = it.namespace
    number = int(hashlib.sha256(path.encode()).hexdigest()[:6], 16)
    return {
        "id": number,
        "name": path.rpartition("/")[2],
        "path": path.rpartition("/")[2],
        "kind": "group",
        "full_path": path,
        "parent_id": None,
        "avatar_url": None,
        "web_url": f"{world.url}/groups/{path}",
    }


def basic_project(world: World, it: Project) -> Json:
    """A project in short."""
    return {
        "id": it.id,
        "description": it.description,
        "name": it.name,
        "name_with_namespace": " / ".join(it.path.split("/")),
        "path": it.name,
        "path_with_namespace": it.path,
        "created_at": iso(it.created_at),
        "default_branch": it.default_branch,
        "tag_list": [],
        "topics": [],
        "ssh_url_to_repo": f"ssh://git@{world.url.partition('://')[2]}/{it.path}.git",
        "http_url_to_repo": f"{world.url}/{it.path}.git",
        "web_url": f"{world.url}/{it.path}",
        "readme_url": None,
        "forks_count": sum(p.forked_from is it for p in world.projects.values()),
        "avatar_url": None,
        "star_count": 0,
        "last_activity_at": iso(it.created_at),
        "visibility": it.visibility,
        "namespace": namespace(world, it),
    }


def project(world: World, it: Project, level: Level) -> Json:
    """A project in full, with the role of who asks."""
    settings = it.settings
    shown = {
        **basic_project(world, it),
        "_links": _links(f"{world.url}/api/v4/projects/{it.id}"),
        "empty_repo": False,
        "archived": it.archived,
        "issues_enabled": True,
        "merge_requests_enabled": True,
        "jobs_enabled": True,
        "creator_id": it.creator.id,
        "ci_config_path": settings.ci_config_path or None,
        "ci_pipeline_variables_minimum_override_role": settings.ci_pipeline_variables_minimum_override_role,
        "restrict_user_defined_variables": settings.ci_pipeline_variables_minimum_override_role
        != "developer",
        "only_allow_merge_if_pipeline_succeeds": settings.only_allow_merge_if_pipeline_succeeds,
        "allow_merge_on_skipped_pipeline": settings.allow_merge_on_skipped_pipeline,
        "only_allow_merge_if_all_discussions_are_resolved": (
            settings.only_allow_merge_if_all_discussions_are_resolved
        ),
        "remove_source_branch_after_merge": settings.remove_source_branch_after_merge,
        "merge_method": settings.merge_method,
        "squash_option": settings.squash_option,
        "open_issues_count": sum(i.state == "opened" for i in it.issues.values()),
        "updated_at": iso(it.created_at),
    }
    if it.forked_from is not None:
        shown["forked_from_project"] = basic_project(world, it.forked_from)
    return {**shown, "permissions": _permissions(level)}


def _links(api: str) -> Json:
    names = {"repo_branches": "repository/branches"}
    parts = ("issues", "merge_requests", "repo_branches", "labels", "events", "members")
    return {"self": api, **{part: f"{api}/{names.get(part, part)}" for part in parts}}


def _permissions(level: Level) -> Json:
    own = {"access_level": int(level), "notification_level": 3} if level else None
    return {"project_access": own, "group_access": None}


def commit(world: World, it: Project, shown: Commit) -> Json:
    """A commit."""
    return {
        "id": shown.id,
        "short_id": shown.id[:8],
        "created_at": shown.committed,
        "parent_ids": list(shown.parents),
        "title": shown.title,
        "message": shown.message,
        "author_name": shown.author_name,
        "author_email": shown.author_email,
        "authored_date": shown.authored,
        "committer_name": shown.author_name,
        "committer_email": shown.author_email,
        "committed_date": shown.committed,
        "trailers": {},
        "extended_trailers": {},
        "web_url": world.web(it, "commit", shown.id),
    }


def diff(it: FileDiff) -> Json:
    """The change of one file."""
    return {
        "diff": it.patch,
        "collapsed": False,
        "too_large": False,
        "new_path": it.new_path,
        "old_path": it.old_path,
        "a_mode": it.old_mode,
        "b_mode": it.new_mode,
        "new_file": it.status == "A",
        "renamed_file": it.status == "R",
        "deleted_file": it.status == "D",
        "generated_file": False,
    }


def note(world: World, it: Note) -> Json:
    """A comment."""
    on = it.noteable
    return {
        "id": it.id,
        "type": it.type,
        "body": it.body,
        "author": user(world, it.author),
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "system": it.system,
        "noteable_id": on.id,
        "noteable_type": "MergeRequest" if isinstance(on, MergeRequest) else "Issue",
        "project_id": on.project.id,
        "resolvable": it.resolvable,
        **(_resolution(world, it) if it.resolvable else {}),
        "confidential": it.internal,
        "internal": it.internal,
        "imported": False,
        "imported_from": "none",
        "noteable_iid": on.iid,
        "commands_changes": {},
    }


def _resolution(world: World, it: Note) -> Json:
    return {
        "resolved": it.resolved_at is not None,
        "resolved_by": maybe_user(world, it.resolved_by),
        "resolved_at": iso(it.resolved_at),
    }


def discussion(world: World, notes: list[Note]) -> Json:
    """A thread, or a comment that stands alone."""
    first = notes[0]
    return {
        "id": first.discussion_id,
        "individual_note": first.type is None,
        "notes": [note(world, it) for it in notes],
    }


def award(world: World, it: Award, on: Note) -> Json:
    """A reaction."""
    return {
        "id": it.id,
        "name": it.name,
        "user": user(world, it.user),
        "created_at": iso(it.created_at),
        "updated_at": iso(it.created_at),
        "awardable_id": on.id,
        "awardable_type": "Note",
        "url": None,
    }


def issue(world: World, it: Issue) -> Json:
    """An issue."""
    return {
        "id": it.id,
        "iid": it.iid,
        "project_id": it.project.id,
        "title": it.title,
        "description": it.description,
        "state": it.state,
        "created_at": iso(it.created_at),
        "updated_at": iso(it.updated_at),
        "closed_at": iso(it.closed_at),
        "closed_by": maybe_user(world, it.closed_by),
        "labels": [label.title for label in it.labels],
        "assignees": [user(world, who) for who in it.assignees],
        "author": user(world, it.author),
        "type": "ISSUE",
        "issue_type": "issue",
        "user_notes_count": sum(not n.system for n in it.notes),
        "confidential": it.confidential,
        "web_url": world.web(it.project, "issues", str(it.iid)),
        "references": {
            "short": f"#{it.iid}",
            "relative": f"#{it.iid}",
            "full": f"{it.project.path}#{it.iid}",
        },
    }
