"""The trail: each entry's digest covers the one before, so that nothing in it changes unseen."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

FIRST = "0" * 64
"""What the first entry names as its predecessor."""

SHORT = 24
"""Hex digits of a digest in a note: 96 bits, which nobody finds another chain for."""

_HEAD = re.compile(r"(?<![\w:])(\d{1,18}):([0-9a-f]{16,64})(?![\w:])")
_IN_NOTE = re.compile(r"\btrail (?:entry )?`(\d{1,18}):([0-9a-f]{16,64})`")


@dataclass(frozen=True, slots=True)
class Head:
    """The newest entry at some moment: its number, and its digest or the first digits of it."""

    number: int
    digest: str

    def __str__(self) -> str:
        return f"{self.number}:{self.digest[:SHORT]}"


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry. `at` is ISO 8601 in UTC; `before` is the digest of the entry before, `digest` its own.

    `once` tells what happened from all else; entries are numbered from 1 without a gap.
    """

    id: int
    at: str
    kind: str
    project: str
    iid: int | None
    facts: Mapping[str, Any]
    once: str
    before: str
    digest: str

    @property
    def head(self) -> Head:
        """This entry as a head."""
        return Head(self.id, self.digest)


@dataclass(frozen=True, slots=True)
class Happening:
    """Something to write down. `once` tells it from all others: the same one again adds nothing."""

    kind: str
    project: str
    iid: int | None
    facts: Mapping[str, Any]
    once: str


def digest_of(number: int, before: str, at: str, happening: Happening) -> str:
    """SHA-256 over the canonical JSON (sorted keys, no spaces, ASCII) of the entry and its predecessor.

    Raises ValueError or TypeError for what is not JSON.
    """
    fields = {
        "at": at,
        "before": before,
        "facts": happening.facts,
        "id": number,
        "iid": happening.iid,
        "kind": happening.kind,
        "once": happening.once,
        "project": happening.project,
    }
    canonical = json.dumps(fields, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def intact(entry: Entry, number: int, before: str) -> bool:
    """Whether an entry is what was written as the `number`th, behind the one of the digest `before`."""
    if type(entry.id) is not int or entry.id != number or entry.before != before:
        return False
    happening = Happening(entry.kind, entry.project, entry.iid, entry.facts, entry.once)
    try:
        return entry.digest == digest_of(number, before, entry.at, happening)
    except (TypeError, ValueError, RecursionError):
        return False


def first_broken(entries: Iterable[Entry]) -> int | None:
    """The number of the first entry that is not what was written, or that does not follow; None if all do.

    `entries` are all of them, oldest first.
    """
    before = FIRST
    for number, entry in enumerate(entries, 1):
        if not intact(entry, number, before):
            return number
        before = entry.digest
    return None


def follow(before: str, happenings: Iterable[Happening], at: str, first_id: int) -> list[Entry]:
    """The entries for these, each chained to the one before and the first to the digest `before`."""
    entries = []
    for number, it in enumerate(happenings, first_id):
        digest = digest_of(number, before, at, it)
        entries.append(Entry(number, at, it.kind, it.project, it.iid, it.facts, it.once, before, digest))
        before = digest
    return entries


def heads_in(text: str) -> list[Head]:
    """The heads that a deploy note names, or a bare NUMBER:DIGEST; other digests are not taken for one."""
    found = _IN_NOTE.findall(text) or _HEAD.findall(text if len(text) < 100 else "")
    return [Head(int(number), digest) for number, digest in found]
