"""`set` and `setString` of a release, by the rules of Helm's `--set`."""

import re
from collections.abc import Iterator
from copy import copy
from typing import Any, Final

from bot.core.layouts.helmfile_entry import Entry

_MAX_INDEX: Final = 65536
_STEP: Final = re.compile(r"\[(\d{1,6})\]")

Step = str | int


def assign(values: dict[str, Any], name: str, value: Any, entry: Entry) -> None:
    """Puts a value at a path such as `a.b[0].c`, with `\\.` for a dot in a key.

    Raises AuthorError (`bad-set`).
    """
    path = list(_steps(name, entry))
    if not path:
        raise entry.wrong("bad-set", "The `name` of what is set is missing.")
    current: Any = values
    for step, after in zip(path, [*path[1:], None], strict=True):
        if isinstance(step, int) != isinstance(current, list):
            raise entry.wrong("bad-set", f"`{name}` does not fit to the values that are there.", "name")
        if isinstance(step, int):
            current += [None] * (step + 1 - len(current))
        elif step not in current:
            current[step] = None
        if after is None:
            current[step] = value
            return
        inner = current[step]
        wanted = list if isinstance(after, int) else dict
        current[step] = copy(inner) if isinstance(inner, wanted) else wanted()
        current = current[step]


def typed(text: str) -> Any:
    """What Helm makes of the text after `=`: true, false, null, a whole number, or the text."""
    text = unescaped(text)
    word = text.lower()
    if word in ("true", "false", "null"):
        return {"true": True, "false": False, "null": None}[word]
    if text == "0":
        return 0
    if re.fullmatch(r"[-+]?[1-9][0-9]{0,18}", text) and -(2**63) <= int(text) < 2**63:
        return int(text)
    return text


def unescaped(text: str) -> str:
    """A value with the backslashes taken that Helm takes for escapes."""
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _steps(name: str, entry: Entry) -> Iterator[Step]:
    for part in re.split(r"(?<!\\)\.", name):
        key, bracket, rest = part.partition("[")
        if "=" in key or (not key and not bracket):
            raise entry.wrong("bad-set", f"`{name}` is no path into values.", "name")
        if key:
            yield unescaped(key)
        rest, at = bracket + rest, 0
        while at < len(rest):
            found = _STEP.match(rest, at)
            if found is None or int(found[1]) > _MAX_INDEX:
                raise entry.wrong("bad-set", f"`{name}` is no path into values.", "name")
            yield int(found[1])
            at = found.end()
