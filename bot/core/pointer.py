"""JSON Pointers (RFC 6901)."""

from collections.abc import Iterable
from typing import Any

MISSING: Any = object()
"""What `resolve` gives where the pointer leads nowhere."""


def escape(key: str | int) -> str:
    """One step of a pointer."""
    return str(key).replace("~", "~0").replace("/", "~1")


def steps(pointer: str) -> list[str]:
    """The steps of a pointer, unescaped; none for the empty pointer (the whole document)."""
    return [step.replace("~1", "/").replace("~0", "~") for step in pointer.split("/")[1:]]


def resolve(document: Any, pointer: str) -> Any:
    """What the pointer names, or MISSING."""
    found = document
    for step in steps(pointer):
        if isinstance(found, dict) and step in found:
            found = found[step]
        elif isinstance(found, list) and step.isdigit() and int(step) < len(found):
            found = found[int(step)]
        else:
            return MISSING
    return found


def is_under(pointer: str, roots: Iterable[str]) -> bool:
    """Whether the pointer is one of these or leads further into one of them."""
    return any(pointer == root or pointer.startswith(root + "/") for root in roots)


def put(document: Any, pointer: str, value: Any) -> None:
    """Replaces what the pointer names; a pointer that leads nowhere changes nothing."""
    *path, last = steps(pointer)
    parent = document
    for step in path:
        parent = resolve(parent, "/" + escape(step))
    if isinstance(parent, dict) and last in parent:
        parent[last] = value
    elif isinstance(parent, list) and last.isdigit() and int(last) < len(parent):
        parent[int(last)] = value
