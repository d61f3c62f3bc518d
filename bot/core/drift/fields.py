"""Fields that a release set and that are not as it set them, by what the API server knows of their writers.

A field drifted where Helm wrote it once and does not own it any more: somebody changed or removed it. Fields
that the release never set (those of autoscalers, webhooks, controllers) are no drift, and neither is what the
API server made of a value that is still Helm's.
"""

import base64
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias

from bot.core.managed import Fields, Written, entry_step, is_set, list_keys, owns, written
from bot.core.model import Manifest
from bot.core.pointer import MISSING, escape

Steps: TypeAlias = tuple[str, ...]

_METADATA = frozenset({"labels", "annotations", "finalizers"})
_QUANTITY = re.compile(r"([+-]?\d+(?:\.\d*)?|[+-]?\.\d+)(m|k|M|G|T|P|E|Ki|Mi|Gi|Ti|Pi|Ei)?")
_UNITS: dict[str | None, Decimal] = {
    None: Decimal(1), "m": Decimal("0.001"),
    **{unit: Decimal(1000) ** power for power, unit in enumerate(("k", "M", "G", "T", "P", "E"), 1)},
    **{unit: Decimal(1024) ** power for power, unit in enumerate(("Ki", "Mi", "Gi", "Ti", "Pi", "Ei"), 1)},
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Drifted:
    """One field. `steps` are those of managedFields; `gone` says that it was removed. `time` may be empty."""

    steps: Steps
    gone: bool
    managers: tuple[str, ...] = ()
    time: str = ""


def drifted(base: Manifest, live: Manifest) -> tuple[Drifted, ...]:
    """What `live` has otherwise than `base`, the object as Helm applied it, and who wrote it.

    Nothing where the object does not say what Helm wrote, or is read in another version than it was applied.
    """
    who = written(live)
    if who is None or base.get("apiVersion") != live.get("apiVersion"):
        return ()
    return tuple(_map(base, who.helm, live, (), who))


def as_kept(manifest: Manifest) -> Manifest:
    """The object with a Secret's `stringData` where the API server keeps it."""
    texts = manifest.get("stringData")
    if manifest.get("kind") != "Secret" or not isinstance(texts, dict):
        return manifest
    data = manifest.get("data")
    encoded = {key: base64.b64encode(str(value).encode()).decode() for key, value in texts.items()}
    rest = {key: value for key, value in manifest.items() if key != "stringData"}
    return {**rest, "data": {**(data if isinstance(data, dict) else {}), **encoded}}


def pointer_to(document: Any, steps: Steps) -> str | None:
    """Where these steps lead in a document; None where they lead nowhere."""
    pointer, at = "", document
    for step in steps:
        kind, _, name = step.partition(":")
        place = _place(at, kind, name)
        if place is None:
            return None
        pointer, at = f"{pointer}/{escape(place)}", at[place]
    return pointer


def _place(at: Any, kind: str, name: str) -> str | int | None:
    if kind == "f":
        return name if isinstance(at, dict) and name in at else None
    if not isinstance(at, list):
        return None
    wanted = json.loads(name)
    for index, item in enumerate(at):
        if item == wanted if kind == "v" else entry_step({f"k:{name}": {}}, item) is not None:
            return index
    return None


def _map(base: dict[str, Any], helm: Fields, live: Any, steps: Steps, who: Written) -> Iterator[Drifted]:
    for key, value in base.items():
        if value in (None, {}, []) or _not_applied(steps, key):
            continue
        step = f"f:{key}"
        yield from _field(value, helm.get(step), _get(live, key), (*steps, step), who)


def _not_applied(steps: Steps, key: str) -> bool:
    """Whether it names the object, or is the API server's own."""
    if not steps:
        return key in ("apiVersion", "kind", "status")
    return steps == ("f:metadata",) and key not in _METADATA


def _field(value: Any, helm: Fields | None, live: Any, steps: Steps, who: Written) -> Iterator[Drifted]:
    if helm is not None and not helm and not _emptied(value, live) and not _node(who.every, steps):
        return
    if live is MISSING:
        if not helm:
            yield Drifted(steps, gone=True)
    elif isinstance(value, dict) and isinstance(live, dict):
        yield from _map(value, helm or {}, live, steps, who)
    elif isinstance(value, list) and isinstance(live, list):
        yield from _list(value, helm, live, steps, who)
    elif not alike(value, live):
        yield _changed(steps, who)


def _emptied(value: Any, live: Any) -> bool:
    """Whether a map or list lost all that it held: its container alone can still be Helm's."""
    return isinstance(value, dict | list) and (live is MISSING or live in ({}, []))


def _list(
    value: list[Any], helm: Fields | None, live: list[Any], steps: Steps, who: Written
) -> Iterator[Drifted]:
    node = _node(who.every, steps)
    if list_keys(node):
        for item in value:
            step = entry_step(node, item) or _step_of(item, list_keys(node))
            there = next((one for one in live if entry_step({step: {}}, one)), MISSING)
            yield from _field(item, (helm or {}).get(step), there, (*steps, step), who)
    elif is_set(node):
        for item in value:
            step = f"v:{json.dumps(item)}"
            if item not in live:
                yield Drifted((*steps, step), gone=True)
    elif helm is None and not alike(value, live):
        yield _changed(steps, who)


def _step_of(item: Any, keys: tuple[str, ...]) -> str:
    named = {key: item[key] for key in keys if key in item} if isinstance(item, dict) else {}
    return f"k:{json.dumps(named, separators=(',', ':'))}"


def _changed(steps: Steps, who: Written) -> Drifted:
    found = [one for one in who.others if owns(one.fields, steps)]
    return Drifted(
        steps,
        gone=False,
        managers=tuple(dict.fromkeys(one.manager for one in found)),
        time=max((one.time for one in found), default=""),
    )


def _node(tree: Fields, steps: Steps) -> Fields:
    at: Any = tree
    for step in steps:
        at = at.get(step, {})
    return at if isinstance(at, dict) else {}


def _get(live: Any, key: str) -> Any:
    return live.get(key, MISSING) if isinstance(live, dict) else MISSING


def alike(applied: Any, live: Any) -> bool:
    """Whether the API server may keep the one as the other: defaults added, numbers written otherwise."""
    if isinstance(applied, dict) and isinstance(live, dict):
        return all(value is None or alike(value, live.get(key, MISSING)) for key, value in applied.items())
    if isinstance(applied, list) and isinstance(live, list):
        return len(applied) == len(live) and all(map(alike, applied, live))
    if isinstance(applied, bool) or isinstance(live, bool):
        return applied is live
    return bool(applied == live) or str(applied) == str(live) or _same_amount(applied, live)


def _same_amount(one: Any, other: Any) -> bool:
    amounts = [_amount(value) for value in (one, other)]
    return None not in amounts and amounts[0] == amounts[1]


def _amount(value: Any) -> Decimal | None:
    found = _QUANTITY.fullmatch(str(value))
    return Decimal(found[1]) * _UNITS[found[2]] if found else None
