"""Who wrote which field of an object, and by what the API server tells the entries of a list apart.

Both stand in `metadata.managedFields`: trees of `f:<field>`, `k:<list-map-keys as JSON>` and `v:<member>`
(https://kubernetes.io/docs/reference/using-api/server-side-apply/). What has nothing below it is owned whole;
`.` is the map or the entry itself, without what is in it.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

from bot.core.model import Manifest
from bot.core.objects import RELEASE_NAME, metadata_of

Fields: TypeAlias = Mapping[str, Any]
HELM = "helm"
_LEFT_OUT = {"protocol": "TCP"}
"""What a key is where an entry leaves it out; any other one matches."""


@dataclass(frozen=True, slots=True)
class Writer:
    """One entry of managedFields. `time` is when it last changed, as the API server writes it (RFC 3339)."""

    manager: str
    time: str
    fields: Fields


@dataclass(frozen=True, slots=True)
class Written:
    """An object's fields by who wrote them: the Helm that applied the release, and everybody else."""

    helm: Fields
    others: tuple[Writer, ...]
    every: Fields


def written(manifest: Manifest) -> Written | None:
    """Who wrote what, in the object's own version; None where the object does not say what Helm wrote.

    Helm is the manager `helm`, else the one that wrote the annotation with the release's name.
    """
    found = _writers(manifest)
    names = {one.manager for one in found if one.manager == HELM} or {
        one.manager for one in found if owns(one.fields, ("f:metadata", "f:annotations", f"f:{RELEASE_NAME}"))
    }
    if not names:
        return None
    helm = merged(one.fields for one in found if one.manager in names)
    return Written(
        helm, tuple(one for one in found if one.manager not in names), merged(one.fields for one in found)
    )


def structure(*manifests: Manifest) -> Fields:
    """All that is known of the fields of these states of one object."""
    return merged(one.fields for manifest in manifests for one in _writers(manifest))


def merged(trees: Iterable[Fields]) -> dict[str, Any]:
    """One tree of all."""
    found: dict[str, Any] = {}
    for tree in trees:
        for step, below in tree.items():
            if isinstance(below, Mapping):
                found[step] = merged((found[step], below)) if step in found else dict(below)
    return found


def owns(tree: Fields, steps: Iterable[str]) -> bool:
    """Whether the tree has all of it, or has written what it is a part of as a whole."""
    at = tree
    for number, step in enumerate(steps):
        if number and not at:
            return True
        below = at.get(step)
        if not isinstance(below, Mapping):
            return False
        at = below
    return True


def list_keys(node: Fields) -> tuple[str, ...]:
    """The fields by which the entries of this list are told apart; none where it is no such list."""
    for step in node:
        if step.startswith("k:"):
            keys = _keys(step)
            return tuple(keys) if isinstance(keys, dict) else ()
    return ()


def is_set(node: Fields) -> bool:
    """Whether this list is a set of plain values."""
    return any(step.startswith("v:") for step in node)


def entries(node: Fields) -> dict[str, Any]:
    """What is known of the entries of a list, whichever entry it was."""
    return merged(below for step, below in node.items() if step.startswith("k:"))


def entry_step(node: Fields, item: Any) -> str | None:
    """The step that leads to this entry, or None. A key that the entry leaves out has its default there."""
    if not isinstance(item, Mapping):
        return None
    for step in node:
        if step.startswith("k:"):
            keys = _keys(step)
            if any(key in item for key in keys) and all(
                item.get(key, _LEFT_OUT.get(key, value)) == value for key, value in keys.items()
            ):
                return step
    return None


@lru_cache(maxsize=8192)  # an object's lists name the same entries at every comparison
def _keys(step: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(step[2:])
    return found


def _writers(manifest: Manifest) -> list[Writer]:
    listed = metadata_of(manifest).get("managedFields")
    return [
        Writer(str(one.get("manager", "")), str(one.get("time", "")), one["fieldsV1"])
        for one in (listed if isinstance(listed, list) else [])
        if isinstance(one, dict)
        and one.get("apiVersion") == manifest.get("apiVersion")
        and one.get("subresource") != "status"
        and isinstance(one.get("fieldsV1"), dict)
    ]
