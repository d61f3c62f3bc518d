"""The report that a job left in its artifacts: whoever changes the CI file may write it, so it is matched."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias, get_args

from bot.core.deploy.release_report import ReleaseReport, ReleaseState, RunReport, RunResult
from bot.core.verify.symptoms import LogTail, Symptoms, told_again

Mask: TypeAlias = Callable[[str], str]

MOST_BYTES = 256 * 1024
MOST_RELEASES = 200
MOST_AILING = 20
"""Releases of which it may say how they are."""

_MOST_TEXT = 500
_ACTIONS = ("install", "upgrade", "uninstall", "rollback", "none")


def foreign_report(raw: bytes, mask: Mask) -> RunReport | None:
    """`purser.run/v1`, its texts masked, then cut, and its first releases only; None for anything else."""
    try:
        document = json.loads(raw)
    except (ValueError, RecursionError):
        return None
    match document:
        case {"schema": "purser.run/v1", "result": str(result), "releases": list(releases)}:
            if result not in get_args(RunResult):
                return None
            read = [_release(one, mask) for one in releases[:MOST_RELEASES]]
            whole = tuple(one for one in read if one is not None)
            if len(whole) != len(read):
                return None
            told = _first_ailing(whole)
            return RunReport(result, told, (), _seconds(document.get("seconds")))  # type: ignore[arg-type]
    return None


def _first_ailing(releases: Sequence[ReleaseReport]) -> tuple[ReleaseReport, ...]:
    told = [one.key for one in releases if one.symptoms][:MOST_AILING]
    return tuple(one if one.key in told else replace(one, symptoms=None) for one in releases)


def _release(one: Any, mask: Mask) -> ReleaseReport | None:
    match one:
        case {"release": str(key), "action": str(action), "state": str(state)}:
            if action not in _ACTIONS or state not in get_args(ReleaseState):
                return None
            return _report(one, mask(key)[:_MOST_TEXT], action, state, mask)
    return None


def _report(one: Mapping[str, Any], key: str, action: str, state: str, mask: Mask) -> ReleaseReport:
    revision, why = one.get("revision"), one.get("why")
    return ReleaseReport(
        key,
        action,
        state,  # type: ignore[arg-type]
        _seconds(one.get("seconds")),
        revision if type(revision) is int and 0 < revision < 10**9 else None,
        mask(why)[:_MOST_TEXT] if isinstance(why, str) else "",
        _symptoms(key, one.get("cluster"), mask),
    )


def _symptoms(release: str, said: Any, mask: Mask) -> Symptoms | None:
    """What the job wrote down of the cluster; None where it is not what `purser apply` writes."""
    match said:
        case {"lines": list(lines), "logs": list(logs), "unread": list(unread)}:
            tails = [tail for one in logs if (tail := _tail(one)) is not None]
            return told_again(Symptoms(release, _texts(lines), tuple(tails), _texts(unread)), mask)
    return None


def _tail(one: Any) -> LogTail | None:
    match one:
        case {"of": str(of), "lines": list(lines)}:
            return LogTail(of, _texts(lines))
    return None


def _texts(items: list[Any]) -> tuple[str, ...]:
    return tuple(it for it in items if isinstance(it, str))


def _seconds(value: Any) -> float:
    known = isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value < 10**7
    return float(value) if known else 0.0
