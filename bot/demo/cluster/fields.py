"""Which fields a value has, and in which two values differ: the sets behind managedFields.

A path is a tuple of steps as FieldsV1 writes them: `f:name` for a field, `k:{"name":"web"}` for an item of a
keyed list, `v:"x"` for an item of a set.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

from bot.demo.cluster.schemas import Schema

Path: TypeAlias = tuple[str, ...]
Paths: TypeAlias = frozenset[Path]

_NOT_OWNED = frozenset({"apiVersion", "kind"})
_OWNED_METADATA = frozenset({"annotations", "labels", "ownerReferences", "finalizers", "generateName"})


def item_step(item: Any, schema: Schema) -> str:
    """The step that names `item` in a keyed list or a set."""
    if schema.keys:
        keys = {}
        for key in sorted(schema.keys):
            value = item.get(key, schema.element.at(key).default) if isinstance(item, dict) else None
            if value is not None:
                keys[key] = value
        return "k:" + json.dumps(keys, separators=(",", ":"))
    return "v:" + json.dumps(item, separators=(",", ":"))


def children(value: Any, schema: Schema) -> Iterator[tuple[str, Any, Schema]]:
    """Step, value and schema of everything directly in `value` that can have its own manager."""
    match value:
        case dict() if not schema.atomic:
            for key, inner in value.items():
                yield f"f:{key}", inner, schema.at(key)
        case list() if schema.shape == "list" and not schema.atomic:
            for item in value:
                yield item_step(item, schema), item, schema.element


def is_leaf(value: Any, schema: Schema) -> bool:
    """Whether nothing below `value` has a manager of its own."""
    if isinstance(value, dict):
        return schema.atomic or not value
    return not (isinstance(value, list) and schema.shape == "list" and not schema.atomic)


def paths_of(value: Any, schema: Schema, prefix: Path = ()) -> Paths:
    """The field set of a value, as an applied configuration has it."""
    found: set[Path] = set()
    for step, inner, below in children(value, schema):
        path = (*prefix, step)
        found |= paths_of(inner, below, path)
        declared = schema.shape == "struct" and step[2:] in schema.fields
        if is_leaf(inner, below) or not step.startswith("f:") or not declared:
            found.add(path)
    return frozenset(found)


def _paths_with_holders(value: Any, schema: Schema, path: Path, *, bare: bool) -> Paths:
    """The field set of a value that appears at `path`, with the maps, lists and structs that hold the fields.

    `bare` says that the value stands in even an empty object of its kind, so that nobody makes it appear.
    """
    found: set[Path] = set()
    for step, inner, below in children(value, schema):
        found |= _paths_with_holders(
            inner, below, (*path, step), bare=bare and stands_alone(step, schema, below)
        )
    alone = bare and not (is_leaf(value, schema) and value)
    return frozenset(found if alone else found | {path})


def stands_alone(step: str, schema: Schema, below: Schema) -> bool:
    """Whether an empty object has the field too: Go writes out structs held by value, and required lists."""
    required_list = below.shape == "list" and step[2:] in schema.required
    return step.startswith("f:") and (below.by_value or required_list)


def owned_paths(manifest: dict[str, Any], schema: Schema) -> Paths:
    """The field set of an object, without what no manager ever owns."""
    return frozenset(path for path in paths_of(manifest, schema) if _ownable(path))


def _ownable(path: Path) -> bool:
    if path[0].removeprefix("f:") in _NOT_OWNED:
        return False
    return path[0] != "f:metadata" or (len(path) > 1 and path[1].removeprefix("f:") in _OWNED_METADATA)


@dataclass(frozen=True, slots=True)
class Difference:
    """Field sets: what only the new value has, what only the old one had, what both have and differs."""

    added: Paths = frozenset()
    removed: Paths = frozenset()
    modified: Paths = frozenset()

    @property
    def written(self) -> Paths:
        return self.added | self.modified


def compare(old: dict[str, Any], new: dict[str, Any], schema: Schema) -> Difference:
    """How two objects differ, in ownable fields."""
    added: set[Path] = set()
    removed: set[Path] = set()
    modified: set[Path] = set()
    pending: list[tuple[Path, Any, Any, Schema, bool]] = [((), old, new, schema, True)]
    while pending:
        path, before, after, here, bare = pending.pop()
        if before == after:
            continue
        if is_leaf(before, here) or is_leaf(after, here):
            modified.add(path)
        befores = {step: (inner, below) for step, inner, below in children(before, here)}
        afters = {step: (inner, below) for step, inner, below in children(after, here)}
        for step, (inner, below) in befores.items():
            if step not in afters:
                removed |= _paths_with_holders(inner, below, (*path, step), bare=False)
        for step, (inner, below) in afters.items():
            alone = bare and stands_alone(step, here, below)
            if step in befores:
                pending.append(((*path, step), befores[step][0], inner, below, alone))
            else:
                added |= _paths_with_holders(inner, below, (*path, step), bare=alone)
    return Difference(
        frozenset(path for path in added if _ownable(path)),
        frozenset(path for path in removed if _ownable(path)),
        frozenset(path for path in modified if path and _ownable(path)),
    )


def encode(paths: Paths) -> dict[str, Any]:
    """The FieldsV1 of a field set."""
    tree: dict[str, Any] = {}
    for path in sorted(paths):
        node = tree
        for step in path:
            node = node.setdefault(step, {})
        node["."] = {}
    return _without_lone_dots(tree)


def _without_lone_dots(tree: dict[str, Any]) -> dict[str, Any]:
    if set(tree) == {"."}:
        return {}
    return {step: inner if step == "." else _without_lone_dots(inner) for step, inner in sorted(tree.items())}


def decode(tree: dict[str, Any], prefix: Path = ()) -> Paths:
    """The field set that a FieldsV1 stands for."""
    if not tree and prefix:
        return frozenset({prefix})
    found: set[Path] = set()
    for step, inner in tree.items():
        found |= {prefix} if step == "." else decode(inner, (*prefix, step))
    return frozenset(found)


def shown(path: Path) -> str:
    """A path as messages write it: `.spec.containers[name="web"].image`. `m:`, `i:`: map keys, indices."""
    text = ""
    for step in path:
        mark, rest = step[0], step[2:]
        if mark in ("f", "m"):
            text += f".{rest}"
        elif mark == "i":
            text += f"[{rest}]"
        elif mark == "k":
            keys = json.loads(rest)
            text += f"[{','.join(f'{key}={json.dumps(value)}' for key, value in keys.items())}]"
        else:
            text += f"[={rest}]"
    return text
