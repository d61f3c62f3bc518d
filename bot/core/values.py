"""User values, layered by Helm's rules for several `--values` files."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.core.composing import Source
from bot.core.errors import AuthorError, Where
from bot.core.manifest import source

Values = Mapping[str, Any]


def read_values(text: str, *, where: Where) -> tuple[dict[str, Any], Source]:
    """The values of one file, and the file with its lines. An empty file holds no values.

    Raises AuthorError (`yaml`, or `values-not-a-map` for a list or a word at the top).
    """
    found = source(text, where=where)
    if found.value is None:
        return {}, found
    if not isinstance(found.value, dict):
        raise AuthorError(
            f"Values are a mapping of keys at the top of the file; this file holds {described(found.value)}.",
            where=found.at(),
            fix="Write `key: value` lines.",
            code="values-not-a-map",
        )
    return found.value, found


def merge(*layers: Values) -> dict[str, Any]:
    """One set of values: maps are merged deeply, a later layer wins, lists are replaced whole.

    A null is kept: Helm lets it take a default of the chart away.
    """
    merged: dict[str, Any] = {}
    for layer in layers:
        for key, value in layer.items():
            before = merged.get(key)
            if isinstance(value, Mapping):
                merged[key] = merge(before if isinstance(before, Mapping) else {}, value)
            else:
                merged[key] = value
    return merged


def nested(path: Sequence[str], value: Any) -> dict[str, Any]:
    """Values that hold only this one, at this path of keys (at least one)."""
    head, *rest = path
    return {head: nested(rest, value) if rest else value}


def described(value: Any) -> str:
    """What a value is, in words for messages: `a list`, `the text "yes"`. Long text is not quoted."""
    match value:
        case None:
            return "nothing"
        case bool():
            return "true" if value else "false"
        case int() | float():
            return f"the number {value}"
        case str() if len(value) <= 40 and value.isprintable():
            return f'the text "{value}"'
        case str():
            return "a text"
        case list() | tuple():
            return "a list"
        case _:
            return "a mapping"
