"""Drift in words: which field, what it is, who wrote it and when, and whether the deploy sets it back."""

import json
import re
from collections.abc import Callable, Sequence

from bot.core.notes import markdown as md
from bot.core.planned import Change, Drift

MOST = 30
_MOST_FIELDS = 6
_LONGEST_VALUE = 60


def drift_section(drifts: Sequence[Drift]) -> str:
    """The section of a note; empty where nothing drifted."""
    if not drifts:
        return ""
    lines = [f"- {md.code(drift.release)}, {drift_sentence(drift, md.code)}" for drift in drifts[:MOST]]
    more = [f"- and {len(drifts) - MOST} more"] if len(drifts) > MOST else []
    return "\n".join(["#### Drift: the cluster has what Git does not say", *lines, *more])


def drift_sentence(drift: Drift, code: Callable[[str], str]) -> str:
    """One sentence; `code` makes foreign text fit for where it stands."""
    what = code(str(drift.ref))
    if any(not change.path for change in drift.changes):
        return f"{what} is gone: {_reverts(drift).replace('sets', 'brings')}."
    fields = [_field(change, code) for change in drift.changes[:_MOST_FIELDS]]
    if len(drift.changes) > _MOST_FIELDS:
        fields.append(f"{len(drift.changes) - _MOST_FIELDS} more")
    by = f", written by {' and '.join(map(code, drift.managers))}" if drift.managers else ""
    when = f" ({_at(drift.time, code)})" if drift.time else ""
    return f"{what}: {', '.join(fields)}{by}{when}: {_reverts(drift)}."


def _field(change: Change, code: Callable[[str], str]) -> str:
    if change.op == "remove":
        return f"{code(change.path)} is gone"
    now, was = (json.dumps(value, ensure_ascii=False) for value in (change.after, change.before))
    if len(now) > _LONGEST_VALUE or len(was) > _LONGEST_VALUE:
        return f"{code(change.path)} differs"
    return f"{code(change.path)} is {code(now)}, was deployed as {code(was)}"


def minutes(time: str) -> str | None:
    """`2026-11-23 13:00` of a time as the API server writes it (RFC 3339, UTC); None for any other text."""
    found = re.fullmatch(r"(\d{4}-\d\d-\d\d)T(\d\d:\d\d):\d\d(?:\.\d+)?Z", time)
    return f"{found[1]} {found[2]}" if found else None


def _at(time: str, code: Callable[[str], str]) -> str:
    read = minutes(time)
    return f"{read} UTC" if read else code(time)


def _reverts(drift: Drift) -> str:
    match drift.reverts:
        case True:
            return "this deploy sets it back"
        case False:
            return "this deploy leaves it so"
        case None:
            return "the API server refuses the object, see the findings"
