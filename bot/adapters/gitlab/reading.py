"""GitLab's JSON to our nouns: the one place that knows its field names."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, TypeVar

from bot.app.ports.forge import MergeRequest, Note
from bot.app.ports.jobs import Job, Pipeline
from bot.core.errors import TransientError

T = TypeVar("T")
Json = Mapping[str, Any]


def read(shape: Callable[[Any], T], data: Any, what: str) -> T:
    """`data` as `shape` reads it. Raises TransientError where the answer about `what` has another shape."""
    try:
        return shape(data)
    except (KeyError, TypeError, ValueError, IndexError):
        raise TransientError(f"GitLab's answer about {what} does not look as documented.") from None


def merge_request(project: str, it: Json) -> MergeRequest:
    """A merge request of `project`; in lists GitLab leaves the head pipeline out."""
    pipeline = it.get("head_pipeline") or {}
    merger = it.get("merge_user") or it.get("merged_by") or {}
    state = it["state"]
    if state not in ("opened", "closed", "merged", "locked"):
        raise ValueError(state)
    return MergeRequest(
        project=project,
        project_id=int(it["project_id"]),
        iid=int(it["iid"]),
        state=state,
        title=it["title"] or "",
        author=it["author"]["username"],
        draft=bool(it.get("draft", False)),
        # Null where the fork was deleted since: nothing of ours has number 0, so that it stays a fork.
        source_project_id=int(it["source_project_id"] or 0),
        source_branch=it["source_branch"],
        target_branch=it["target_branch"],
        head=it["sha"] or (it.get("diff_refs") or {}).get("head_sha") or "",
        merge_sha=_merge_sha(it),
        head_pipeline_id=pipeline.get("id"),
        web_url=it["web_url"],
        merged_by=merger.get("username") if state == "merged" else None,
        updated_at=it.get("updated_at") or "",
        threads_resolved=it.get("blocking_discussions_resolved") is not False,
        empty=_is_empty(it),
        conflicts=bool(it.get("has_conflicts")) or it.get("detailed_merge_status") == "conflict",
    )


def _is_empty(it: Json) -> bool:
    """Where GitLab has compared this very head, and it is where the branches part."""
    refs = it.get("diff_refs") or {}
    return bool(it["sha"]) and it["sha"] == refs.get("head_sha") == refs.get("base_sha")


def _merge_sha(it: Json) -> str | None:
    """The commit that the target branch got.

    A merge commit where the project makes one, even over a squash commit; the squash commit where it does
    not; the head itself after a fast-forward, when GitLab names neither.
    """
    if it["state"] != "merged":
        return None
    sha: str = it.get("merge_commit_sha") or it.get("squash_commit_sha") or it["sha"]
    return sha


def note(discussion_id: str, it: Json) -> Note:
    """A note. `edited` as far as GitLab tells: it was changed after it was made."""
    return Note(
        id=int(it["id"]),
        discussion_id=discussion_id or it.get("discussion_id") or "",
        author=it["author"]["username"],
        author_id=int(it["author"]["id"]),
        body=it["body"] or "",
        system=bool(it.get("system")),
        internal=bool(it.get("internal") or it.get("confidential")),
        edited=it["updated_at"] != it["created_at"],
        created_at=moment(it["created_at"]),
        updated_at=moment(it["updated_at"]),
    )


def moment(text: str) -> datetime:
    """A time as GitLab's JSON has it."""
    return datetime.fromisoformat(text)


def discussion(it: Json) -> list[Note]:
    """The notes of one discussion."""
    return [note(it["id"], one) for one in it["notes"]]


def pipeline(it: Json) -> Pipeline:
    """A pipeline, from a list or alone."""
    return Pipeline(
        id=int(it["id"]),
        status=it["status"],
        sha=it["sha"],
        ref=it["ref"] or "",
        source=it.get("source") or "",
        web_url=it.get("web_url") or "",
        errors=str(it.get("yaml_errors") or ""),
    )


def job(it: Json) -> Job:
    """A job. The trace is an artifact for GitLab, but not for us."""
    archived = any(one.get("file_type") == "archive" for one in it.get("artifacts") or [])
    return Job(
        id=int(it["id"]),
        name=it["name"],
        status=it["status"],
        web_url=it.get("web_url") or "",
        has_artifacts=archived or it.get("artifacts_file") is not None,
        forgiven=it["status"] == "failed" and bool(it.get("allow_failure")),
        failure=str(it.get("failure_reason") or ""),
    )


def access_level(it: Json) -> int:
    """A member's level; 0 for one who is blocked, or whose membership still waits for approval."""
    if it.get("state", "active") != "active" or it.get("membership_state", "active") != "active":
        return 0
    return int(it["access_level"])
