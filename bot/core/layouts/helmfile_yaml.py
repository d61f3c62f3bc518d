"""YAML as helmfile's library (go-yaml v3) reads it, which differs from Helm's: `yes` and `on` are texts.

Helm's own rules still hold for values files that helmfile hands on unread.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

import yaml
from yaml import events

from bot.core.composing import Path, Source
from bot.core.errors import AuthorError, Where
from bot.core.manifest import sources
from bot.core.scalar import plain

UNSUPPORTED: Final = "helmfile-unsupported"
_TEXTS: Final = frozenset("y Y yes Yes YES on On ON n N no No NO off Off OFF".split())
_TRUE: Final = frozenset(("y", "Y", "yes", "on"))
_FALSE: Final = frozenset(("n", "N", "no", "off"))
_FLOAT: Final = re.compile(r"[-+]?[0-9_]*(?:\.[0-9_]*|[eE][-+]?[0-9]+|\.[0-9_]*[eE][-+]?[0-9]+)")
_DATE: Final = re.compile(
    r"\d{4}-\d\d?-\d\d?"
    r"(?:[Tt \t]+\d\d?:\d\d?:\d\d?(?:\.\d*)?\s*(?:[Zz]|[-+]\d\d?(?::\d\d)?)?)?"
)


@dataclass(frozen=True, slots=True)
class Document:
    """One document: its value with the lines, and the same with every scalar as the text that was written."""

    source: Source
    raw: Any


def read_documents(
    text: str, file: str, line_of: Callable[[int], int] = lambda line: line
) -> Iterator[Document]:
    """Every document of a file (or of what a template wrote; `line_of` then finds the template's lines).

    Raises AuthorError (`yaml`, or `helmfile-unsupported` for a date without quotes).
    """
    scalars = list(_scalars(text))
    for start, _, value in scalars:
        if _DATE.fullmatch(value):
            raise AuthorError(
                f"`{value}` is a date to helmfile and is written anew by it; this reader does not follow.",
                where=Where(file, line_of(text.count("\n", 0, start) + 1)),
                fix="Put it in quotes.",
                code=UNSUPPORTED,
            )
    typed = _quoted(text, [one for one in scalars if one[2] in _TEXTS])
    raw = _quoted(text, [one for one in scalars if _is_special(one[2])])
    try:
        pairs = list(zip(sources(typed, where=Where(file)), sources(raw, where=Where(file)), strict=True))
    except AuthorError as error:
        line = error.where.line if error.where else None
        where = Where(file, line_of(line)) if line else Where(file)
        raise AuthorError(error.what, where=where, fix=error.fix, code=error.code) from None
    for one, other in pairs:
        placed = _placed(one, line_of)
        yield Document(replace(placed, value=_with_floats(placed.value, other.value)), other.value)


def read_mapping(text: str, file: str, line_of: Callable[[int], int] = lambda line: line) -> dict[str, Any]:
    """The mapping in a file with one document; an empty file is an empty one.

    Raises AuthorError (`yaml`, `values-not-a-map`, `helmfile-unsupported`).
    """
    found = next(read_documents(text, file, line_of), None)
    value = found.source.value if found else None
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise AuthorError(
            "Values are a mapping of keys at the top of the file.",
            where=Where(file, 1),
            fix="Write `key: value` lines.",
            code="values-not-a-map",
        )
    return value


def boolean(value: Any) -> bool | None:
    """A boolean where the field asks for one: helmfile takes `yes` and `on` there. None for anything else."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value in _TRUE | _FALSE:
        return value in _TRUE
    return None


def _with_floats(value: Any, raw: Any) -> Any:
    """The same with `1e6` and `2.0` as floats, which templates print otherwise than whole numbers."""
    if isinstance(value, dict) and isinstance(raw, dict):
        return {key: _with_floats(item, raw.get(key)) for key, item in value.items()}
    if isinstance(value, list) and isinstance(raw, list) and len(value) == len(raw):
        return [_with_floats(item, other) for item, other in zip(value, raw, strict=True)]
    is_float = type(value) is int and isinstance(raw, str) and _FLOAT.fullmatch(raw)
    return float(value) if is_float else value


def as_numbers(value: Any) -> Any:
    """The same with numbers as JSON has them, which is what Helm is given."""
    if isinstance(value, dict):
        return {key: as_numbers(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_numbers(item) for item in value]
    return plain(repr(value)) if isinstance(value, float) else value


def texts_of_yaml_11(value: Any) -> Iterator[str]:
    """Texts, keys included, that are booleans to Helm unless they stand in quotes."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, dict):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and one in _TEXTS:
            yield one


def as_written(value: Any, raw: Any) -> Any:
    """What a field that asks for a text holds: a number is taken as it was written."""
    scalar = isinstance(value, int | float) and isinstance(raw, str)
    return raw if scalar else value


def _scalars(text: str) -> Iterator[tuple[int, int, str]]:
    """Begin, end and text of each unquoted scalar on one line; none where the text is no YAML."""
    loader: Any = None
    try:
        loader = yaml.CSafeLoader(text)
        while not isinstance(event := loader.get_event(), events.StreamEndEvent):
            if isinstance(event, events.ScalarEvent) and event.implicit[0] and event.value:
                begins, ends = event.start_mark, event.end_mark
                start, end = (begins.index, ends.index) if begins and ends else (0, 0)
                if text[start:end] == event.value:
                    yield start, end, event.value
    except (yaml.YAMLError, UnicodeError):
        return
    finally:
        if loader is not None:
            loader.dispose()


def _is_special(value: str) -> bool:
    try:
        return plain(value) is not None and not isinstance(plain(value), str)
    except ValueError:
        return True


def _quoted(text: str, scalars: list[tuple[int, int, str]]) -> str:
    parts, position = [], 0
    for start, end, value in scalars:
        parts += [text[position:start], f'"{value}"']
        position = end
    return "".join([*parts, text[position:]])


def _placed(source: Source, line_of: Callable[[int], int]) -> Source:
    lines: Mapping[Path, int] = {path: line_of(line) for path, line in source.lines.items()}
    return replace(source, lines=lines)
