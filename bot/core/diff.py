"""What differs between two states of one object, field by field.

Both states come from the API server, so defaults and quantities are written alike on both sides. Lists are
compared as the API server itself tells in their managedFields (core/managed.py), custom resources' ones too:
by their list-map-keys, sets by their members, atomic ones as a whole. Where it does not tell (rendered
manifests), by a table of the built-in kinds, else by position while the length stays.
"""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from typing import Any

from bot.core.managed import Fields, entries, is_set, list_keys
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


def differences(before: Any, after: Any, known: Fields | None = None) -> tuple[Difference, ...]:
    """Like `changes`, without the values. `known` is the structure of both (core/managed.py)."""
    return tuple(_compare(before, after, _At("", "", "", known)))


def same(one: Any, other: Any) -> bool:
    """Equality of JSON values: unlike Python's, true is not 1."""
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(same(value, other[key]) for key, value in one.items())
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    return bool(one == other)


def within(part: Any, whole: Any) -> bool:
    """Whether everything that `part` says stands in `whole` too; the API server adds defaults."""
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and within(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) == len(whole) and all(within(a, b) for a, b in zip(part, whole, strict=True))
    return same(part, whole)


@dataclass(frozen=True, slots=True)
class _At:
    """A place in both states, the name of its field, and what is known of its structure."""

    old: str
    new: str
    field: str
    known: Fields | None

    def field_of(self, key: str) -> "_At":
        known = None if self.known is None else self.known.get(f"f:{key}")
        return _At(f"{self.old}/{escape(key)}", f"{self.new}/{escape(key)}", key, known)

    def entry(self, was: int, now: int) -> "_At":
        known = None if self.known is None else entries(self.known)
        return _At(f"{self.old}/{was}", f"{self.new}/{now}", "", known)


def _compare(before: Any, after: Any, at: _At) -> Iterator[Difference]:
    if same(before, after):
        return
    if isinstance(before, dict) and isinstance(after, dict):
        yield from _maps(before, after, at)
    elif isinstance(before, list) and isinstance(after, list):
        yield from _lists(before, after, at)
    else:
        yield Difference("replace", at.old, at.new)


def _maps(before: dict[str, Any], after: dict[str, Any], at: _At) -> Iterator[Difference]:
    for key in [*before, *(key for key in after if key not in before)]:
        inner = at.field_of(key)
        if key not in after:
            yield Difference("remove", inner.old, inner.new)
        elif key not in before:
            yield Difference("add", inner.old, inner.new)
        else:
            yield from _compare(before[key], after[key], inner)


def _lists(before: list[Any], after: list[Any], at: _At) -> Iterator[Difference]:
    keys = _keys_of(before, after, at)
    if keys is None:
        whole = at.field in _ATOMIC if at.known is None else True
        if not whole and len(before) == len(after) and _all_maps(before) and _all_maps(after):
            for index, (one, other) in enumerate(zip(before, after, strict=True)):
                yield from _compare(one, other, at.entry(index, index))
        else:
            yield Difference("replace", at.old, at.new)
        return
    places, targets = keys
    common = [key for key in places if key in targets]
    if common != [key for key in targets if key in places]:
        yield Difference("replace", at.old, at.new)
        return
    for key, index in places.items():
        if key not in targets:
            yield Difference("remove", f"{at.old}/{index}", f"{at.new}/{index}")
    for key, index in targets.items():
        if key not in places:
            yield Difference("add", f"{at.old}/{index}", f"{at.new}/{index}")
        else:
            was = places[key]
            yield from _compare(before[was], after[index], at.entry(was, index))


_Places = dict[Hashable, int]


def _keys_of(before: list[Any], after: list[Any], at: _At) -> tuple[_Places, _Places] | None:
    """Where each member stands, by key, in both lists; None where the list has no keys."""
    for fields in _candidates(before, after, at):
        places, targets = _places(before, fields), _places(after, fields)
        if places is not None and targets is not None:
            return places, targets
    return None


def _candidates(before: list[Any], after: list[Any], at: _At) -> tuple[tuple[str, ...], ...]:
    """What the entries may be told apart by, most telling first; the empty one for members of a set."""
    plain = all(isinstance(item, str) for item in [*before, *after])
    if at.known is not None:
        keys = list_keys(at.known)
        return (keys,) if keys else ((),) if is_set(at.known) and plain else ()
    if at.field in _ATOMIC:
        return ()
    return ((),) if at.field in _SETS and plain else (*_KEYS.get(at.field, ()), ("name",))


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
