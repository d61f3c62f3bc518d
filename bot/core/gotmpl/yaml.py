"""`toYaml` and `toJson` as helmfile writes them: texts that are embedded elsewhere have to be the same."""

import json
import re
from collections.abc import Callable
from functools import cmp_to_key
from typing import Any, Final

import yaml

from bot.core.gotmpl.values import Budget, Mistake, Unknown, copied, shortest
from bot.core.scalar import plain

_OLD_BOOLEANS: Final = frozenset(
    "y Y yes Yes YES on On ON n N no No NO off Off OFF true True TRUE false False FALSE".split()
)
_DIGITS: Final = re.compile(r"[0-9]{0,30}")
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?")
_DATE: Final = re.compile(r"\d{4}-\d\d?-\d\d?(?:[Tt \t]+\d\d?:\d\d?:\d\d?.*)?")


def to_yaml(value: Any, budget: Budget) -> str:
    """A value as block-style YAML with sorted keys, two spaces a level. Raises Mistake for deep nesting."""
    text: str = yaml.dump(
        copied(value, budget),
        Dumper=_Dumper,
        default_flow_style=False,
        allow_unicode=True,
        width=float("inf"),
        sort_keys=False,
    )
    return text.removesuffix("...\n") if not isinstance(value, dict | list) else text


def to_json(value: Any, budget: Budget, *, pretty: bool = False, escape: bool = True) -> str:
    """A value as Go's encoding/json writes it. Raises Mistake for deep nesting."""
    text = _json(copied(value, budget), "\n" if pretty else "")
    if escape:
        for character in "<>&\u2028\u2029":
            text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def natural_order(first: str, second: str) -> int:
    """How two keys are ordered in YAML: letters after other characters, numbers by their size."""
    in_number = False
    for at, (one, other) in enumerate(zip(first, second, strict=False)):
        if one == other:
            in_number = one.isdigit()
        elif one.isalpha() and other.isalpha():
            return -1 if one < other else 1
        elif one.isalpha() or other.isalpha():
            return -1 if one.isalpha() == in_number else 1
        else:
            ranks = (_rank(first, at), _rank(second, at))
            return -1 if ranks[0] < ranks[1] else 1
    return (len(first) > len(second)) - (len(first) < len(second))


def _rank(text: str, at: int) -> tuple[int, int, str]:
    """The number that goes on at this place, its length, and the character for a tie."""
    found = _DIGITS.match(text, at)
    digits = found.group() if found else ""
    before = text[:at]
    leading = "1" if before[len(before.rstrip("0123456789")) :].strip("0") else "0"
    return int(leading + digits), len(digits), text[at]


class _Dumper(yaml.SafeDumper):
    """PyYAML's emitter with the choices of Go's library."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represent_text(dumper: _Dumper, value: str) -> yaml.ScalarNode:
    if "\n" in value:
        style: str | None = "|"
    else:
        style = None if _reads_as_text(value) else '"'
    return yaml.ScalarNode("tag:yaml.org,2002:str", value, style=style)


def _reads_as_text(value: str) -> bool:
    """Whether an unquoted text would be read as a text again."""
    if value in _OLD_BOOLEANS or value in ("", "<<", "="):
        return False
    if _BASE_60.fullmatch(value) or _DATE.fullmatch(value):
        return False
    try:
        return isinstance(plain(value), str)
    except ValueError:
        return False


def _represent_mapping(dumper: _Dumper, value: dict[str, Any]) -> yaml.Node:
    keys = sorted(value, key=cmp_to_key(natural_order))
    return dumper.represent_mapping("tag:yaml.org,2002:map", [(key, value[key]) for key in keys])


def _bare(text: str) -> yaml.ScalarNode:
    return yaml.ScalarNode("tag:yaml.org,2002:str", text)


_PLAIN: Final[dict[type, Callable[[_Dumper, Any], yaml.Node]]] = {
    str: _represent_text,
    dict: _represent_mapping,
    bool: lambda dumper, value: _bare("true" if value else "false"),
    int: lambda dumper, value: _bare(str(value)),
    float: lambda dumper, value: _bare(shortest(value, 6)),
    Unknown: lambda dumper, value: _bare(value.mark),
    type(None): lambda dumper, value: _bare("null"),
}
for _type, _represent in _PLAIN.items():
    _Dumper.add_representer(_type, _represent)
_Dumper.yaml_implicit_resolvers = {None: [("tag:yaml.org,2002:str", re.compile(".*", re.DOTALL))]}


def _json(value: Any, newline: str) -> str:
    match value:
        case Unknown():
            return json.dumps(value.mark, ensure_ascii=False)
        case float():
            text = shortest(value, 21)
            if text[-1] in "Nf":
                raise Mistake("JSON has no such number")
            return re.sub(r"e-0(\d)$", r"e-\1", text)
        case dict():
            inner = newline + "  " if newline else ""
            pairs = [f"{json.dumps(k, ensure_ascii=False)}:{' ' if newline else ''}{_json(value[k], inner)}"
                     for k in sorted(value)]  # fmt: skip
            return f"{{{inner}{f',{inner}'.join(pairs)}{newline}}}" if pairs else "{}"
        case list():
            inner = newline + "  " if newline else ""
            return (
                f"[{inner}{f',{inner}'.join(_json(one, inner) for one in value)}{newline}]" if value else "[]"
            )
        case _:
            return json.dumps(value, ensure_ascii=False)
