"""Label and field selectors, as the query of a list or watch carries them."""

import re
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from bot.demo.cluster.refusals import bad_request

Selector: TypeAlias = Callable[[Mapping[str, Any]], bool]

_SET = re.compile(r"^\s*(\S+)\s+(in|notin)\s+\(([^)]*)\)\s*$")
_EQUAL = re.compile(r"^\s*([^=!\s]+)\s*(==|=|!=)\s*([^=!\s]*)\s*$")
_COMMA_OUTSIDE = re.compile(r",(?![^(]*\))")


def selector(labels: str, fields: str) -> Selector:
    """Whether an object matches both; 400 for what cannot be read. Any field may be named."""
    tests = [_label_test(text) for text in _COMMA_OUTSIDE.split(labels) if text.strip()]
    wanted = [_field_test(text) for text in fields.split(",") if text.strip()]

    def matches(manifest: Mapping[str, Any]) -> bool:
        own = manifest.get("metadata", {}).get("labels") or {}
        return all(test(own) for test in tests) and all(test(manifest) for test in wanted)

    return matches


def _label_test(text: str) -> Selector:
    if found := _SET.match(text):
        key, values = found[1], {value.strip() for value in found[3].split(",")}
        if found[2] == "in":
            return lambda labels: labels.get(key) in values
        return lambda labels: labels.get(key) not in values
    if found := _EQUAL.match(text):
        key, value = found[1], found[3]
        if found[2] == "!=":
            return lambda labels: labels.get(key) != value
        return lambda labels: labels.get(key) == value
    key = text.strip()
    if re.fullmatch(r"![^\s!=]+", key):
        return lambda labels: key[1:] not in labels
    if re.fullmatch(r"[^\s!=]+", key):
        return lambda labels: key in labels
    raise bad_request(f"unable to parse requirement: {text!r}")


def _field_test(text: str) -> Selector:
    found = _EQUAL.match(text)
    if found is None:
        raise bad_request(f'invalid field selector: "{text}"')
    path, wanted, equal = found[1].split("."), found[3], found[2] != "!="

    def test(manifest: Mapping[str, Any]) -> bool:
        value: Any = manifest
        for step in path:
            value = value.get(step) if isinstance(value, Mapping) else None
        return (str(value if value is not None else "") == wanted) == equal

    return test
