"""What differs between two states of one object, field by field.

Both states come from the API server, so defaults and quantities are written alike on both sides. Lists are
compared by the keys that the API server merges them by (`x-kubernetes-list-map-keys` of its OpenAPI), sets by
their members, every other list by position while its length stays and as a whole otherwise.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.core.model import Manifest
from bot.core.planned import Change, Op
from bot.core.pointer import MISSING, escape, resolve

BOOKKEEPING = ("creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid")
"""Metadata that the API server keeps for itself."""

_SETS = frozenset({"finalizers", "accessModes", "loadBalancerSourceRanges", "podCIDRs"})

_KEYS: dict[str, tuple[tuple[str, ...], ...]] = {
    "ports": (("containerPort", "protocol"), ("port", "protocol")),
    "volumeMounts": (("mountPath",),),
    "volumeDevices": (("devicePath",),),
    "hostAliases": (("ip",),),
    "conditions": (("type",),),
    "topologySpreadConstraints": (("topologyKey", "whenUnsatisfiable"),),
    "ownerReferences": (("uid",),),
    "claims": (("name",),),
    "resourceClaims": (("name",),),
}
"""Merge keys by the list's field name, most telling first. Source: Kubernetes' OpenAPI v3, 1.36."""

_ATOMIC = frozenset(
    {"tolerations", "subjects", "rules", "envFrom", "ingress", "egress", "from", "to", "sources"}
)


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference: where it is before and after. `op` says which of the two exist."""

    op: Op
    before: str
    after: str

    @property
    def path(self) -> str:
        """The pointer as purser.plan/v1 writes it."""
        return self.before if self.op == "remove" else self.after


def comparable(manifest: Manifest) -> Manifest:
    """The object without its status and without what the API server keeps for itself."""
    kept = {key: value for key, value in manifest.items() if key != "status"}
    metadata = manifest.get("metadata")
    if isinstance(metadata, dict):
        kept["metadata"] = {key: value for key, value in metadata.items() if key not in BOOKKEEPING}
    return kept


def changes(before: Any, after: Any) -> tuple[Change, ...]:
    """Every changed field between two JSON values, in the result's order, removals where they stood.

    Applied in the order removals (last first), then the rest (first first), they turn `before` into `after`.
    """
    return shown(differences(before, after), before, after)


def shown(found: tuple[Difference, ...], before: Any, after: Any) -> tuple[Change, ...]:
    """The differences as changes, with their values taken from these (masked, say) states."""
    return tuple(
        Change(
            path=one.path,
            op=one.op,
            before=None if one.op == "add" else _value(before, one.before),
            after=None if one.op == "remove" else _value(after, one.after),
        )
        for one in found
    )


def _value(document: Any, pointer: str) -> Any:
    found = resolve(document, pointer)
    return None if found is MISSING else found


def differences(before: Any, after: Any) -> tuple[Difference, ...]:
    """Like `changes`, without the values."""
    return tuple(_compare(before, after, "", "", ""))


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: unlike Python's, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def _compare(before: Any, after: Any, old: str, new: str, field: str) -> Iterator[Difference]:
    if same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _maps(before, after, old, new)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, old, new, field)
    else:
        yield Difference("replace", old, new)


def _maps(before: dict[str, Any], after: dict[str, Any], old: str, new: str) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        here, there = f"{old}/{escape(key)}", f"{new}/{escape(key)}"
        if key not in after:
            yield Difference("remove", here, there)
        elif key not in before:
            yield Difference("add", here, there)
        else:
            yield from _compare(before[key], after[key], here, there, key)


def _lists(before: list[Any], after: list[Any], old: str, new: str, field: str) -> Iterator[Difference]:
    keys = _keys_of(before, after, field)
    if keys is None:
        if field not in _ATOMIC and len(before) == len(after) and _all_maps(before) and _all_maps(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _compare(one, other, f"{old}/{index}", f"{new}/{index}", "")
        else:
            yield Difference("replace", old, new)
        return
    places, targets = keys
    common = [key for key in places if key in targets]
    if common != [key for key in targets if key in places]:
        yield Difference("replace", old, new)
        return
    for key, index in places.items():
        if key not in targets:
            yield Difference("remove", f"{old}/{index}", f"{new}/{index}")
    for key, index in targets.items():
        if key not in places:
            yield Difference("add", f"{old}/{index}", f"{new}/{index}")
        else:
            was = places[key]
            yield from _compare(before[was], after[index], f"{old}/{was}", f"{new}/{index}", "")


_Places = dict[Hashable, int]


def _keys_of(before: list[Any], after: list[Any], field: str) -> tuple[_Places, _Places] | None:
    """Where each member stands, by key, in both lists; None where the list has no keys."""
    if field in _ATOMIC:
        return None
    if field in _SETS and all(isinstance(item, str) for item in [*before, *after]):
        candidates: tuple[tuple[str, ...], ...] = ((),)
    else:
        candidates = (*_KEYS.get(field, ()), ("name",))
    for fields in candidates:
        places, targets = _places(before, fields), _places(after, fields)
        if places is not None and targets is not None:
            return places, targets
    return None


def _places(items: list[Any], fields: tuple[str, ...]) -> _Places | None:
    found: _Places = {}
    for index, item in enumerate(items):
        key = _key(item, fields)
        if key is None or key in found:
            return None
        found[key] = index
    return found


def _key(item: Any, fields: tuple[str, ...]) -> Hashable | None:
    if not fields:
        return str(item)
    if not isinstance(item, dict):
        return None
    # A protocol that is left out is TCP, as the API server's default has it.
    values = tuple(item.get(field, "TCP" if field == "protocol" else None) for field in fields)
    if any(value is None or isinstance(value, (dict, list)) for value in values):
        return None
    return values


def _all_maps(items: list[Any]) -> bool:
    return all(isinstance(item, dict) for item in items)
