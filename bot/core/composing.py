"""Puts YAML documents together from libyaml's events, without recursion and within bounds.

No nesting, alias or self-reference costs more than MAX_DEPTH and MAX_NODES allow.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from yaml import events

from bot.core.errors import AuthorError, Where
from bot.core.scalar import tagged

MAX_DEPTH = 200
MAX_NODES = 1_000_000

Path: TypeAlias = tuple[str | int, ...]
"""The keys and list indices that lead to a value."""


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A mapping key that stands twice: the later one, at `line`, wins."""

    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Source:
    """One YAML document: its value, and on which line (from 1) each key and list item stands."""

    value: Any
    where: Where
    lines: Mapping[Path, int]
    duplicates: tuple[Duplicate, ...] = ()

    def at(self, *path: str | int) -> Where:
        """The place of this key or item, or of the nearest thing around it that is there."""
        known = next((path[:n] for n in range(len(path), 0, -1) if path[:n] in self.lines), ())
        return Where(self.where.file, self.lines.get(known, self.lines.get((), 1)))


@dataclass(slots=True)
class _Open:
    """A mapping or list whose end was not read yet. `merged` come from `<<`; `key` waits for its value."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    key: str | None = None
    explicit: set[str] = field(default_factory=set)
    merged: list[Any] = field(default_factory=list)
    merging: bool = False


class Composer:
    """Takes the events of a stream: `start`, `take` each one, `finish`; then the next document.

    `max_nodes` bounds all documents of the stream, aliases expanded. Raises AuthorError (`yaml`).
    """

    def __init__(self, where: Where, max_nodes: int) -> None:
        self._where = where
        self._left = max_nodes
        self.start(1)

    def start(self, line: int) -> None:
        """A document begins on this line."""
        self._stack: list[_Open] = []
        self._anchors: dict[str, Any] = {}
        self._root: Any = None
        self._lines: dict[Path, int] = {(): line}
        self._duplicates: list[Duplicate] = []

    def finish(self) -> Source:
        """What the document holds."""
        return Source(self._root, self._where, self._lines, tuple(self._duplicates))

    def take(self, event: Any) -> None:
        """One event between the start and the end of a document."""
        line = event.start_mark.line + 1
        kind = type(event)
        if kind is events.ScalarEvent:
            self._scalar(event, line)
        elif kind is events.MappingEndEvent or kind is events.SequenceEndEvent:
            self._close(line)
        elif kind is events.AliasEvent:
            self._alias(event.anchor, line)
        else:
            self._open({} if kind is events.MappingStartEvent else [], event.anchor, line)

    def _scalar(self, event: Any, line: int) -> None:
        self._spend(1, line)
        plain = event.implicit[0]
        top = self._stack[-1] if self._stack else None
        if top is not None and plain and event.value == "<<" and top.key is None and type(top.value) is dict:
            top.key, top.merging = "<<", True
            return
        try:
            value = tagged(event.value, event.tag, plain=plain)
        except ValueError as error:
            raise wrong(str(error), self._at(line)) from None
        if event.anchor:
            self._anchors[event.anchor] = value
        self._put(value, line)

    def _open(self, value: dict[str, Any] | list[Any], anchor: str | None, line: int) -> None:
        self._spend(1, line)
        self._bound(len(self._stack), line)
        top = self._stack[-1] if self._stack else None
        if top is not None and top.key is None and type(top.value) is dict:
            raise wrong("A mapping key has to be a plain word, not a mapping or a list.", self._at(line))
        if anchor:
            self._anchors[anchor] = _UNFINISHED
        self._stack.append(_Open(value, self._path_of_next(line), anchor))

    def _close(self, line: int) -> None:
        done = self._stack.pop()
        if isinstance(done.value, dict):
            for key, value in (pair for one in done.merged for pair in one.items()):
                done.value.setdefault(key, value)
        if done.anchor:
            self._anchors[done.anchor] = done.value
        self._put(done.value, line)

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self._anchors:
            raise wrong(f"The alias *{anchor} names an anchor that is not above it.", self._at(line))
        value = self._anchors[anchor]
        if value is _UNFINISHED:
            raise wrong(f"The alias *{anchor} stands inside of what it names.", self._at(line))
        self._path_of_next(line)
        self._put(self._copied(value, line, len(self._stack)), line)

    def _copied(self, value: Any, line: int, depth: int) -> Any:
        self._spend(1, line)
        if not isinstance(value, dict | list):
            return value
        self._bound(depth, line)
        if isinstance(value, dict):
            return {key: self._copied(item, line, depth + 1) for key, item in value.items()}
        return [self._copied(item, line, depth + 1) for item in value]

    def _put(self, value: Any, line: int) -> None:
        """Hands a finished value to what it stands in."""
        if not self._stack:
            self._root = value
            return
        top = self._stack[-1]
        if isinstance(top.value, list):
            self._lines.setdefault((*top.path, len(top.value)), line)
            top.value.append(value)
        elif top.key is None:
            self._key(top, value, line)
        elif top.merging:
            self._merge(top, value, line)
            top.key, top.merging = None, False
        else:
            top.value[top.key] = value
            top.key = None

    def _key(self, top: _Open, value: Any, line: int) -> None:
        top.key = self._named(value, line)
        path = (*top.path, top.key)
        if top.key in top.explicit:
            self._duplicates.append(Duplicate(path, line))
        top.explicit.add(top.key)
        self._lines[path] = line

    def _named(self, value: Any, line: int) -> str:
        match value:
            case str():
                return value
            case bool():
                return "true" if value else "false"
            case int() | float():
                return str(value)
            case None:
                raise wrong("A key is missing before this colon (or it is null).", self._at(line))
        raise wrong("A mapping key has to be a plain word, not a mapping or a list.", self._at(line))

    def _merge(self, top: _Open, value: Any, line: int) -> None:
        many = value if isinstance(value, list) else [value]
        if not all(isinstance(one, dict) for one in many):
            raise wrong("`<<` takes a mapping, or a list of mappings.", self._at(line))
        top.merged.extend(many)

    def _path_of_next(self, line: int) -> Path:
        """The path of the collection that starts here; its line is kept."""
        if not self._stack:
            return ()
        top = self._stack[-1]
        step = len(top.value) if isinstance(top.value, list) else top.key or ""
        path = (*top.path, step)
        self._lines.setdefault(path, line)
        return path

    def _spend(self, nodes: int, line: int) -> None:
        self._left -= nodes
        if self._left < 0:
            raise wrong("The aliases of this file expand to far more than a file can hold.", self._at(line))

    def _bound(self, depth: int, line: int) -> None:
        if depth >= MAX_DEPTH:
            raise wrong(f"This is nested deeper than {MAX_DEPTH} levels.", self._at(line))

    def _at(self, line: int) -> Where:
        return Where(self._where.file, line)


_UNFINISHED = object()


def wrong(what: str, where: Where, fix: str = "") -> AuthorError:
    """An error about YAML itself."""
    return AuthorError(what, where=where, fix=fix, code="yaml")
