"""GitLab's quick actions: lines of a comment that begin with a known command are taken out of it.

They count at the start of a line, in any case, outside fenced code, inline code, HTML blocks and `>>>` quotes
(facts: GitLab's documentation of quick actions). Unknown words stay in the text untouched.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

KNOWN = frozenset((Path(__file__).parent / "quick_actions.txt").read_text().split())
_LINE = re.compile(r"^[ \t]*/([a-z_]+)(?:[ \t]+(.*?))?[ \t]*$", re.IGNORECASE)
_FENCE = re.compile(r"^ {0,3}(`{3,}|~{3,})(.*)$")
_HTML = re.compile(r"^<[a-z][^>]*>\s*$", re.IGNORECASE)
_CLOSING = re.compile(r"^</[a-z]+>\s*$", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Command:
    """`name` in small letters; `argument` is the rest of the line."""

    name: str
    argument: str


@dataclass(frozen=True, slots=True)
class Extracted:
    """What stays, and what is to be done."""

    text: str
    commands: list[Command]


def extract(body: str) -> Extracted:
    """The body without its quick actions, and these in order."""
    kept: list[str] = []
    found: list[Command] = []
    until: re.Pattern[str] | None = None
    inline = _inline_code_lines(body)
    for number, line in enumerate(body.replace("\r\n", "\n").split("\n")):
        if until is not None:
            until = None if until.match(line) else until
            kept.append(line)
            continue
        until = _opens(line)
        match = None if until is not None or number in inline else _LINE.match(line)
        if match and match[1].lower() in KNOWN:
            found.append(Command(match[1].lower(), match[2] or ""))
        else:
            kept.append(line)
    return Extracted("\n".join(kept).strip("\n"), found)


def _opens(line: str) -> re.Pattern[str] | None:
    """What ends the block that this line opens, if it opens one in which commands do not count."""
    fence = _FENCE.match(line)
    if fence and not (fence[1][0] == "`" and "`" in fence[2]):
        mark = re.escape(fence[1][0])
        return re.compile(rf"^ {{0,3}}{mark}{{{len(fence[1])},}}\s*$")
    if line.startswith(">>>"):
        return re.compile(r"^>>>\s*$")
    return _CLOSING if _HTML.match(line) else None


def _inline_code_lines(body: str) -> set[int]:
    """The lines that begin inside a code span which crosses lines (within one paragraph)."""
    inside: set[int] = set()
    for match in re.finditer(r"(?<!`)(`+)(?!`)((?:(?!\n\s*\n).)+?)(?<!`)\1(?!`)", body, re.DOTALL):
        first = body.count("\n", 0, match.start())
        inside |= set(range(first + 1, first + match[0].count("\n") + 1))
    return inside
