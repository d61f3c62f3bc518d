"""The marks that Purser leaves in GitLab: what users script against (docs/reference)."""

import hashlib


def plan_marker(target: str, part: int = 1) -> str:
    """The hidden first line of a plan note; parts from 2 are follow-up notes of a long plan."""
    return f"<!-- purser:plan:{target} -->" if part == 1 else f"<!-- purser:plan:{target}:part-{part} -->"


def deploy_marker(target: str) -> str:
    """The hidden first line of the note that follows a deployment."""
    return f"<!-- purser:deploy:{target} -->"


def reply_marker(note_id: int) -> str:
    """The hidden first line of the answer to a command; one answer per commanding note."""
    return f"<!-- purser:reply:{note_id} -->"


def plan_status(target: str) -> str:
    """The commit status of a plan."""
    return f"purser/plan/{target}"


def deploy_status(target: str) -> str:
    """The commit status of a deployment."""
    return f"purser/deploy/{target}"


def pipeline_inputs(target: str, seal: str, iid: int, rollback: str = "") -> dict[str, str]:
    """What a deploy pipeline is given, as inputs or as variables; `rollback` is `namespace/name=revision`."""
    given = {"PURSER_TARGET": target, "PURSER_SEAL": seal, "PURSER_MERGE_REQUEST": str(iid)}
    return {**given, "PURSER_ROLLBACK": rollback} if rollback else given


def drift_marker(target: str) -> str:
    """The hidden first line of the issue about a target's drift."""
    return f"<!-- purser:drift:{target} -->"


def drift_reply_marker(target: str, note_id: int) -> str:
    """The hidden first line of what a check that a command asked for has found."""
    return f"<!-- purser:drift-reply:{target}:{note_id} -->"


def direct_push_marker(branch: str) -> str:
    """The hidden first line of the issue about pushes that no merge request brought; one per branch."""
    digest = hashlib.sha256(branch.encode()).hexdigest()[:16]
    return f"<!-- purser:direct-push:{digest} -->"
