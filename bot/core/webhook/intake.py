"""What a webhook delivery asks for: GitLab's JSON is matched here once, and never again behind this door.

Facts about the payloads: a push to a merge request shows by `oldrev` and by nothing else; an edited note must
not run a command; captures of 2020 tell a new target branch only by a merge status that was reset; a job
names its pipeline as `pipeline_id`, and in older versions only as `commit.id`.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from bot.core.command import Command, Parsed, parse
from bot.core.model import Target
from bot.core.work import DESCRIPTION, BranchWork, CommandWork, DeployWork, GateWork, PlanWork, WakeWork, Work

_SHA = re.compile(r"[0-9a-f]{40,64}")
_DRAFT = re.compile(r"\s*(?:\[(?:draft|wip)\]|\((?:draft|wip)\)|(?:draft|wip)\s*:)", re.IGNORECASE)
_DISCUSSION = re.compile(r"[0-9A-Za-z_-]{1,128}")
_APPROVALS = ("approved", "unapproved", "approval", "unapproval")
_LARGEST = 2**63 - 1


def project_of(payload: Any) -> str | None:
    """The path of the project that a delivery is about."""
    match payload:
        case {"project": {"path_with_namespace": str(path)}}:
            return path
    return None


def works(event: str, payload: Any, targets: Sequence[Target]) -> tuple[Work, ...]:
    """The work that a delivery names; `event` is its X-Gitlab-Event, `targets` are those of its project.

    Never raises, whatever the payload is.
    """
    project = project_of(payload)
    ours = [target for target in targets if target.project == project]
    if project is None or not ours:
        return ()
    match event, payload:
        case "Merge Request Hook", {"object_attributes": {"iid": iid} as attributes} if _is_id(iid):
            asked = _description(project, iid, attributes, ours)
            return (*_merge_request(attributes, payload, ours), *asked)
        case "Note Hook" | "Confidential Note Hook", {
            "object_attributes": {"noteable_type": "MergeRequest", "id": note_id} as note,
            "merge_request": {"iid": iid},
        } if _is_id(note_id) and _is_id(iid):
            internal = event != "Note Hook" or note.get("internal") is True
            if internal and not any(target.internal_notes for target in ours):
                return ()
            return tuple(_note(project, iid, note_id, note))
        case "Push Hook", {"ref": str(ref), "before": str(before), "after": str(after)}:
            return tuple(_push(project, ref, before, after, payload["project"], ours))
        case "Pipeline Hook", {"object_attributes": {"id": pipeline_id}} if _is_id(pipeline_id):
            return (WakeWork(project, pipeline_id),)
        case "Job Hook", {"pipeline_id": pipeline_id} if _is_id(pipeline_id):
            return (WakeWork(project, pipeline_id),)
        case "Job Hook", {"commit": {"id": pipeline_id}} if _is_id(pipeline_id):
            return (WakeWork(project, pipeline_id),)
    return ()


def _is_id(value: Any) -> bool:
    return type(value) is int and 0 < value <= _LARGEST


def _merge_request(
    attributes: Mapping[str, Any], payload: Mapping[str, Any], ours: Iterable[Target]
) -> Iterator[Work]:
    iid = attributes["iid"]
    branch = attributes.get("target_branch")
    default = payload["project"].get("default_branch")
    concerned = [
        target for target in ours if isinstance(branch, str) and branch == (target.branch or default)
    ]
    if attributes.get("action") == "merge":
        yield from (DeployWork(target.project, iid, target.name) for target in concerned)
        return
    if attributes.get("action") in _APPROVALS:
        once = f"{attributes['action']}-{_person(payload)}-{_moment(attributes)}"
        asked = (target for target in concerned if target.gate.asks_people)
        yield from (GateWork(target.project, iid, target.name, once) for target in asked)
        return
    why = _why(attributes, payload.get("changes"))
    if why is None or attributes.get("state") not in (None, "opened", "reopened"):
        return
    sha = _sha(attributes)
    once = "" if sha and why in ("opened", "pushed") else _moment(attributes)
    for target in concerned:
        yield PlanWork(target.project, iid, target.name, sha, why, once=once)


def _person(payload: Mapping[str, Any]) -> int:
    match payload:
        case {"user": {"id": number}} if _is_id(number):
            return int(number)
    return 0


def _push(
    project: str, ref: str, before: str, after: str, about: Mapping[str, Any], ours: Iterable[Target]
) -> Iterator[Work]:
    """A push to a branch that targets deploy from; one that deletes it leaves nothing to look at."""
    branch = ref.removeprefix("refs/heads/")
    deployed = {target.branch or about.get("default_branch") for target in ours}
    known = _SHA.fullmatch(before) and _SHA.fullmatch(after)
    if known and branch != ref and branch in deployed and after.strip("0"):
        yield BranchWork(project, branch, before, after)


def _why(attributes: Mapping[str, Any], changes: Any) -> str | None:
    """Why to plan a merge request now, in one word; None where nothing that a plan depends on has moved."""
    match attributes.get("action"):
        case "open":
            return "opened"
        case "reopen":
            return "reopened"
        case "update" if isinstance(attributes.get("oldrev"), str) and attributes["oldrev"]:
            return "pushed"
        case "update":
            return _changed(changes)
    return None


def _changed(changes: Any) -> str | None:
    match changes:
        case {"target_branch": {"previous": str(), "current": str()}}:
            return "retargeted"
        case {"draft": {"previous": True, "current": False}}:
            return "ready"
        case {"work_in_progress": {"previous": True, "current": False}}:
            return "ready"
        case {"title": {"previous": str(before), "current": str(after)}}:
            return "ready" if _DRAFT.match(before) and not _DRAFT.match(after) else None
        case {"merge_status": {"current": "unchecked"}, **others} if set(others) <= {"updated_at"}:
            return "retargeted"
    return None


def _sha(attributes: Mapping[str, Any]) -> str:
    match attributes:
        case {"last_commit": {"id": str(sha)}} if _SHA.fullmatch(sha):
            return sha
    return ""


def _moment(attributes: Mapping[str, Any]) -> str:
    moment = attributes.get("updated_at")
    return re.sub(r"[^0-9A-Za-z.+-]", "", moment)[:40] if isinstance(moment, str) else ""


def _description(
    project: str, iid: int, attributes: Mapping[str, Any], ours: Iterable[Target]
) -> Iterator[Work]:
    """The description that it is opened with, where one of the targets listens to that."""
    match attributes:
        case {"action": "open", "description": str(text)} if any(target.description for target in ours):
            if planning(parse(text)):
                yield CommandWork(project, iid, DESCRIPTION, "")


def planning(commands: Iterable[Parsed]) -> list[Parsed]:
    """Those that count in a description: it is no place to deploy or lock from."""
    return [it for it in commands if isinstance(it, Command) and it.name == "plan"]


def _note(project: str, iid: int, note_id: int, note: Mapping[str, Any]) -> Iterator[Work]:
    discussion = note.get("discussion_id")
    match note:
        case {"system": True}:
            return
        case {"note": str(text)} if note.get("action") in (None, "create") and parse(text):
            known = _DISCUSSION.fullmatch(discussion) if isinstance(discussion, str) else None
            yield CommandWork(project, iid, note_id, known[0] if known else "")
