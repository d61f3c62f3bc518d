"""The trail: each entry's digest covers the one before, so that nothing in it changes unseen."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
"""What the first entry names as its predecessor."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is ISO 8601 in UTC; `before` is the digest of the entry before, `digest` its own."""

    id: int
    at: str
    kind: str
    project: str
    iid: int | None
    facts: Mapping[str, Any]
    before: str
    digest: str


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to write down. `once` tells it from all others: the same one again adds nothing."""

    kind: str
    project: str
    iid: int | None
    facts: Mapping[str, Any]
    once: str


def digest_of(
    before: str, *, at: str, kind: str, project: str, iid: int | None, facts: Mapping[str, Any]
) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces, ASCII) of the entry and its predecessor."""
    fields = {"at": at, "before": before, "facts": facts, "iid": iid, "kind": kind, "project": project}
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def first_broken(entries: Iterable[Entry]) -> int | None:
    """The id of the first entry that is not what was written, or that does not follow; None if all do.

    `entries` are all of them, oldest first.
    """
    before = FIRST
    for entry in entries:
        digest = digest_of(
            before, at=entry.at, kind=entry.kind, project=entry.project, iid=entry.iid, facts=entry.facts
        )
        if entry.before != before or entry.digest != digest:
            return entry.id
        before = entry.digest
    return None


def follow(before: str, happenings: Iterable[Happening], at: str, first_id: int) -> list[Entry]:
    """The entries for these, each chained to the one before and the first to the digest `before`."""
    entries = []
    for number, each in enumerate(happenings, first_id):
        digest = digest_of(
            before, at=at, kind=each.kind, project=each.project, iid=each.iid, facts=each.facts
        )
        entries.append(Entry(number, at, each.kind, each.project, each.iid, each.facts, before, digest))
        before = digest
    return entries
