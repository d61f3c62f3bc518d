"""Filling in a form: checks what a person wrote in YAML and collects every complaint instead of the first."""

import difflib
from collections.abc import Callable, Collection, Iterable
from typing import Any

from bot.core.composing import Path, Source
from bot.core.errors import AuthorError, Where
from bot.core.model import Finding, Level
from bot.core.values import described

REFUSED = object()
"""What a check gives for a value that it complained about."""


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that was most likely meant, whatever its case; None if nothing is near."""
    by_case = {one.casefold(): one for one in known}
    close = difflib.get_close_matches(word.casefold(), by_case, n=1, cutoff=0.6)
    return by_case[close[0]] if close else None


def instead(word: str, known: Collection[str]) -> str:
    """A sentence that helps with an unknown word."""
    meant = nearest(word, known)
    return f"Did you mean `{meant}`?" if meant else f"Known are: {', '.join(sorted(known))}."


class Form:
    """One YAML file under examination. `findings` are the complaints so far, as they were met."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.findings: list[Finding] = [duplicate_key(source, d.path, d.line) for d in source.duplicates]

    def error(self, code: str, path: Path, message: str, fix: str = "") -> None:
        """Complains about the value or key at this path; the plan cannot be sealed."""
        self._add(Level.ERROR, code, path, message, fix)

    def warning(self, code: str, path: Path, message: str, fix: str = "") -> None:
        """Says something that does not stop the plan."""
        self._add(Level.WARNING, code, path, message, fix)

    def take(self, error: AuthorError) -> None:
        """Keeps an error that was raised elsewhere as a complaint."""
        self.findings.append(finding_of(error))

    def unknown_keys(self, value: dict[str, Any], known: Collection[str], path: Path, code: str) -> None:
        """Complains about each key that is not known."""
        for key in value:
            if key not in known:
                self.error(code, (*path, key), f"`{shown(key)}` is not known here.", instead(key, known))

    def boolean(self, value: Any, path: Path, default: bool) -> bool | None:
        """A boolean, `default` for nothing at all, or None after a complaint."""
        if value is None:
            return default
        if isinstance(value, bool):
            return value
        self.error(
            "not-a-boolean",
            path,
            f"`{path[-1]}` takes true or false, not {described(value)}.",
            "Write true or false, without quotes.",
        )
        return None

    def text(self, value: Any, path: Path) -> str | None:
        """A text that is not empty, or None after a complaint."""
        if isinstance(value, str) and value:
            return value
        self.error("not-a-text", path, f"`{path[-1]}` takes a text, not {described(value)}.")
        return None

    def mapping(self, value: Any, path: Path, expected: str) -> dict[str, Any] | None:
        """A mapping, or None after a complaint that says what was expected."""
        if isinstance(value, dict):
            return value
        self.error("not-a-mapping", path, f"`{path[-1]}` takes {expected}, not {described(value)}.")
        return None

    def items(self, value: Any, path: Path, expected: str) -> list[Any]:
        """A list; nothing at all is an empty one, and so is, after a complaint, anything else."""
        if isinstance(value, list):
            return value
        if value is not None:
            self.error("not-a-list", path, f"`{path[-1]}` takes {expected}, not {described(value)}.")
        return []

    def attempt(self, read: Callable[[], Any]) -> Any:
        """What `read` gives, or REFUSED after keeping the AuthorError that it raised."""
        try:
            return read()
        except AuthorError as error:
            self.take(error)
            return REFUSED

    def _add(self, level: Level, code: str, path: Path, message: str, fix: str) -> None:
        self.findings.append(Finding(level, code, f"{self.source.at(*path)}: {message}", fix))


def top_mapping(source: Source, expected: str) -> dict[str, Any]:
    """The mapping at the top of a file. Raises AuthorError (`empty`, `not-a-mapping`) for anything else."""
    if source.value is None:
        raise AuthorError(
            f"This file is empty; it should hold {expected}.", where=Where(source.where.file), code="empty"
        )
    if not isinstance(source.value, dict):
        raise AuthorError(
            f"This file holds {described(source.value)}; it should hold {expected}.",
            where=source.at(),
            code="not-a-mapping",
        )
    return source.value


def finding_of(error: AuthorError) -> Finding:
    """An author's error as a finding."""
    place = f"{error.where}: " if error.where else ""
    return Finding(Level.ERROR, error.code, f"{place}{error.what}", error.fix)


def duplicate_key(source: Source, path: Path, line: int) -> Finding:
    """The finding for a key that stands twice."""
    return Finding(
        Level.WARNING,
        "duplicate-key",
        f"{Where(source.where.file, line)}: `{shown(str(path[-1]))}` stands twice in the same mapping; "
        "the last one wins.",
        "Keep one of them.",
    )


def shown(word: str) -> str:
    """A key as messages show it: printable and short."""
    clean = "".join(c if c.isprintable() and c != "`" else "?" for c in word)
    return clean if len(clean) <= 60 else clean[:57] + "..."
