"""What the trail says of a plan, a decision and a job's log: plain JSON, small, without secrets."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any, assert_never

from bot.core.gate.decision import Decision, Deploy, GateFacts, Hold, Nothing

LOG_MOST = 250_000
"""Characters of a job's log that its digest covers: the last ones."""

QUEUED = "queued"
"""The state of what a `cancel` took back: plans of a head that were not begun."""

_MOST_LINES = 1_000


def document_digest(document: Mapping[str, Any]) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces, ASCII) of a kept plan."""
    canonical = json.dumps(document, sort_keys=True, separators=(",", ":"))
    return f"sha256:{hashlib.sha256(canonical.encode('ascii')).hexdigest()}"


def changes_of(document: Mapping[str, Any]) -> list[str]:
    """A line for each release that a plan (purser.plan/v1) would change."""
    lines = [_change(it) for it in document["releases"] if it["action"] != "none"]
    left = len(lines) - _MOST_LINES
    return [*lines[:_MOST_LINES], f"and {left} more"] if left > 0 else lines


def _change(release: Mapping[str, Any]) -> str:
    chart, touched = release["chart"], [it for it in release["objects"] if it["action"] != "unchanged"]
    versions = " to ".join(str(it) for it in (chart["from"], chart["to"]) if it is not None)
    name = f"{release['namespace']}/{release['name']}"
    return f"{release['action']} {name}, chart {chart['name']} {versions}, objects touched: {len(touched)}"


def decision_facts(decision: Decision, facts: GateFacts) -> dict[str, Any]:
    """What the gate decided, and what it looked at."""
    said: dict[str, Any]
    match decision:
        case Deploy(seal):
            said = {"decision": "deploy", "seal": seal, "reason": ""}
        case Nothing():
            said = {"decision": "nothing", "seal": facts.plan.seal if facts.plan else None, "reason": ""}
        case Hold(reason, _):
            said = {"decision": "hold", "seal": facts.plan.seal if facts.plan else None, "reason": reason}
        case _ as unknown:
            assert_never(unknown)
    least = facts.rules.approver_role
    said["head"] = facts.head
    said["approvals"] = [
        {"by": it.username, "seal": it.seal, "bond": it.bond, "barred": it.barred, "level": it.level}
        for it in facts.approvals
    ]
    said["asked"] = {"approvals": facts.rules.approvals, "role": least}
    said["locked_by"] = facts.lock.by if facts.lock else None
    said["frozen_until"] = facts.frozen.until.isoformat() if facts.frozen else None
    return said


def log_digest(text: str) -> str:
    """SHA-256 of a log as a person reads it: its last `LOG_MOST` characters, UTF-8."""
    return f"sha256:{hashlib.sha256(text[-LOG_MOST:].encode('utf-8', 'replace')).hexdigest()}"


def distinct(facts: Mapping[str, Any]) -> str:
    """What tells one such entry from another one: sixteen hex digits of its facts."""
    return document_digest(facts).removeprefix("sha256:")[:16]
