"""Server-side apply: a configuration merged into an object, fields given up removed, conflicts told.

Follows the published rules (https://kubernetes.io/docs/reference/using-api/server-side-apply/).
"""

import copy
from dataclasses import dataclass
from typing import Any

from bot.demo.cluster import refusals
from bot.demo.cluster.fields import (
    Path,
    Paths,
    children,
    compare,
    decode,
    encode,
    item_step,
    owned_paths,
    shown,
)
from bot.demo.cluster.schemas import Schema


@dataclass(frozen=True, slots=True)
class Manager:
    """Who writes: the name, `Apply` or `Update`, the apiVersion written in, and the subresource if any."""

    name: str
    operation: str
    api_version: str
    subresource: str = ""

    @property
    def shown(self) -> str:
        """As conflicts call it."""
        text = f'"{self.name}"'
        if self.subresource:
            text += f' with subresource "{self.subresource}"'
        return text if self.operation == "Apply" else f"{text} using {self.api_version}"

    @property
    def same(self) -> tuple[str, str, str, str]:
        """What makes two entries one: an applier keeps its entry when it moves to a new apiVersion."""
        version = "" if self.operation == "Apply" else self.api_version
        return (self.name, self.operation, self.subresource, version)


Managed = dict[Manager, tuple[Paths, str]]
"""Manager -> its fields and the time it last wrote."""


def managed_of(manifest: dict[str, Any]) -> Managed:
    """The managedFields of an object, read."""
    found: Managed = {}
    for entry in manifest.get("metadata", {}).get("managedFields") or []:
        manager = Manager(
            entry.get("manager", ""),
            entry.get("operation", "Update"),
            entry.get("apiVersion", ""),
            entry.get("subresource", ""),
        )
        found[manager] = (decode(entry.get("fieldsV1", {})), entry.get("time", ""))
    return found


def written(managed: Managed) -> list[dict[str, Any]]:
    """managedFields as the object carries them: appliers first, then by time and name."""
    ordered = sorted(
        ((manager, held) for manager, held in managed.items() if held[0]),
        key=lambda one: (one[0].operation != "Apply", one[1][1], one[0].name),
    )
    entries = []
    for manager, (paths, time) in ordered:
        entry: dict[str, Any] = {
            "manager": manager.name,
            "operation": manager.operation,
            "apiVersion": manager.api_version,
            "time": time,
            "fieldsType": "FieldsV1",
            "fieldsV1": encode(paths),
        }
        entries.append(entry | ({"subresource": manager.subresource} if manager.subresource else {}))
    return entries


def apply(
    live: dict[str, Any], config: dict[str, Any], manager: Manager, schema: Schema, *, force: bool, now: str
) -> tuple[dict[str, Any], Managed]:
    """The merged object (without defaults) and its managers; 409 where another manager's value differs."""
    managed = managed_of(live)
    base = _bare(live)
    config = _bare(config)
    held = owned_paths(config, schema)
    before = next(
        ((one, paths, at) for one, (paths, at) in managed.items() if one.same == manager.same), None
    )
    others = {one: held for one, held in managed.items() if one.same != manager.same}
    merged = merge(base, config, schema)
    if before is not None:
        kept = held.union(*(paths for paths, _ in others.values()))
        merged = remove(merged, _given_up(before[1], kept), schema)
    difference = compare(base, merged, schema)
    conflicts = [(one, path) for one, (paths, _) in others.items() for path in paths & difference.written]
    if conflicts and not force:
        causes = [
            (shown(path), one.shown) for one, path in sorted(conflicts, key=lambda it: (it[0].name, it[1]))
        ]
        raise refusals.conflict(causes)
    lost = difference.removed | (difference.written if force else frozenset())
    after: Managed = {one: (paths - lost, at) for one, (paths, at) in others.items()}
    unchanged = before is not None and before[1] == held and before[0].api_version == manager.api_version
    after[manager] = (held, before[2] if before is not None and unchanged else now)
    return merged, after


def update(
    old: dict[str, Any], new: dict[str, Any], manager: Manager, schema: Schema, *, now: str
) -> Managed:
    """The managers after a write other than apply: who changes a field takes it."""
    managed = managed_of(new if "managedFields" in new.get("metadata", {}) else old)
    difference = compare(_bare(old), _bare(new), schema)
    if not difference.written and not difference.removed:
        return managed
    after: Managed = {}
    mine: Paths = frozenset()
    for one, (paths, at) in managed.items():
        if one.same == manager.same:
            mine = paths
        else:
            after[one] = (paths - difference.removed - difference.modified, at)
    after[manager] = ((mine | difference.written) - difference.removed, now)
    return after


def merge(live: Any, config: Any, schema: Schema) -> Any:
    """`config` laid over `live` by the schema's rules."""
    if isinstance(live, dict) and isinstance(config, dict) and not schema.atomic:
        merged = dict(live)
        for key, value in config.items():
            merged[key] = merge(live[key], value, schema.at(key)) if key in live else copy.deepcopy(value)
        return merged
    if isinstance(live, list) and isinstance(config, list) and schema.shape == "list" and not schema.atomic:
        return _merged_lists(live, config, schema)
    return copy.deepcopy(config)


def _merged_lists(live: list[Any], config: list[Any], schema: Schema) -> list[Any]:
    """In the configuration's order; items that only the object has stay where they stood among the others."""
    mine = {item_step(item, schema): item for item in config}
    theirs = {item_step(item, schema): item for item in live}
    merged: list[Any] = []
    rest = list(mine)
    for step, item in theirs.items():
        if step not in mine:
            merged.append(item)
            continue
        if step in rest:
            upto = rest.index(step) + 1
            merged += [
                merge(theirs[one], mine[one], schema.element) if one in theirs else mine[one]
                for one in rest[:upto]
            ]
            rest = rest[upto:]
    merged += [merge(theirs[one], mine[one], schema.element) if one in theirs else mine[one] for one in rest]
    return merged


def remove(value: Any, gone: frozenset[Path], schema: Schema) -> Any:
    """`value` without the fields and items in `gone`; what becomes empty by that goes too."""
    heads = {path[0] for path in gone}
    whole = {path[0] for path in gone if len(path) == 1}
    kept: list[tuple[str, Any]] = []
    for step, inner, below in children(value, schema):
        if step in whole:
            continue
        rest = inner
        if step in heads:
            rest = remove(inner, frozenset(path[1:] for path in gone if path[0] == step), below)
        if step not in heads or rest not in ({}, []):
            kept.append((step, rest))
    if isinstance(value, list):
        return [inner for _, inner in kept]
    return {step[2:]: inner for step, inner in kept}


def _given_up(before: Paths, kept: Paths) -> frozenset[Path]:
    """What was held, is held by nobody now, and has nothing below it that somebody holds."""
    alive = {path[:length] for path in kept for length in range(1, len(path) + 1)}
    return frozenset(path for path in before if path not in alive)


def _bare(manifest: dict[str, Any]) -> dict[str, Any]:
    if "metadata" not in manifest:
        return manifest
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    return manifest | {"metadata": metadata}
