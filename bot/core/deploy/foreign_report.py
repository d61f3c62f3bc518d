"""The report that a job left in its artifacts: whoever changes the CI file may write it, so it is matched."""

import json
from collections.abc import Mapping
from typing import Any, get_args

from bot.core.deploy.release_report import ReleaseReport, ReleaseState, RunReport, RunResult

MOST_BYTES = 256 * 1024
MOST_RELEASES = 200
_MOST_TEXT = 500
_ACTIONS = ("install", "upgrade", "uninstall", "rollback", "none")


def foreign_report(raw: bytes) -> RunReport | None:
    """`purser.run/v1`, with its texts cut and its first releases only; None where it is anything else."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    match document:
        case {"schema": "purser.run/v1", "result": str(result), "releases": list(releases)}:
            if result not in get_args(RunResult):
                return None
            read = [_release(one) for one in releases[:MOST_RELEASES]]
            whole = tuple(one for one in read if one is not None)
            if len(whole) != len(read):
                return None
            return RunReport(result, whole, (), _seconds(document.get("seconds")))  # type: ignore[arg-type]
    return None


def _release(one: Any) -> ReleaseReport | None:
    match one:
        case {"release": str(key), "action": str(action), "state": str(state)}:
            if action not in _ACTIONS or state not in get_args(ReleaseState):
                return None
            return _report(one, key, action, state)
    return None


def _report(one: Mapping[str, Any], key: str, action: str, state: str) -> ReleaseReport:
    revision, why = one.get("revision"), one.get("why")
    return ReleaseReport(
        key[:_MOST_TEXT],
        action,
        state,  # type: ignore[arg-type]
        _seconds(one.get("seconds")),
        revision if type(revision) is int and 0 < revision < 10**9 else None,
        why[:_MOST_TEXT] if isinstance(why, str) else "",
    )


def _seconds(value: Any) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**7
    return float(value) if known else 0.0
