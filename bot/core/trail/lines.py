"""Trail entries as JSON Lines: one object a line, each field as it is in the chain."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any

from bot.core.errors import AuthorError
from bot.core.trail.chain import Entry

_NAMES = frozenset(each.name for each in fields(Entry))


def to_line(entry: Entry) -> str:
    """One line of ASCII, without its end: whatever the text holds, it survives."""
    return json.dumps({**asdict(entry), "facts": dict(entry.facts)}, allow_nan=False)


def from_line(line: str, number: int) -> Entry:
    """The inverse. Raises AuthorError (`trail-line`), which names the line `number`, for anything else."""
    try:
        fields_of = json.loads(line, object_pairs_hook=_once)
    except (ValueError, RecursionError):
        fields_of = None
    if not isinstance(fields_of, dict) or fields_of.keys() != _NAMES or not _shaped(fields_of):
        raise AuthorError(
            f"Line {number} is not an entry of a trail.",
            fix="Use a file that `purser trail export --format jsonl` wrote.",
            code="trail-line",
        )
    return Entry(**fields_of)


def facts_of(kept: object) -> Mapping[str, Any]:
    """Facts from a database's text; where it is not one JSON object, an object that no digest was made of."""
    try:
        found = json.loads(kept, object_pairs_hook=_once) if isinstance(kept, str) else kept
    except (ValueError, RecursionError):
        found = None
    return found if isinstance(found, dict) else {"unreadable": [str(kept)]}


def _shaped(of: Mapping[str, Any]) -> bool:
    texts = all(isinstance(of[name], str) for name in ("at", "kind", "project", "once", "before", "digest"))
    number = type(of["id"]) is int and (of["iid"] is None or type(of["iid"]) is int)
    return texts and number and isinstance(of["facts"], dict)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found
