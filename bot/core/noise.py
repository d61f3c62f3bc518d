"""Random values of a rendering: what differs when the same chart is rendered twice from the same inputs.

Passwords, certificates and whatever follows from them (checksums) are made anew at every rendering. They are
named, and left out of comparisons and of the seal.
"""

import copy
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.core.diff import differences
from bot.core.model import Manifest
from bot.core.objects import canonical, metadata_of
from bot.core.pointer import is_under, put
from bot.core.release import Hook, Rendered

MARKER = "‹random›"
"""Stands where a random value stood."""

Identity = tuple[str, str, str, str]


def identity_of(manifest: Manifest) -> Identity:
    """Group, kind, namespace as written and name: enough to pair the objects of two renderings."""
    metadata = metadata_of(manifest)
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    return (
        group,
        str(manifest.get("kind")),
        str(metadata.get("namespace") or ""),
        str(metadata.get("name") or ""),
    )


@dataclass(frozen=True, slots=True)
class Noise:
    """The random values of one rendering: pointers by object, and the objects whose name is random."""

    pointers: Mapping[Identity, tuple[str, ...]] = field(default_factory=dict)
    random_names: frozenset[Identity] = frozenset()

    def of(self, manifest: Manifest) -> tuple[str, ...]:
        """The pointers of this object's random values, in the object as the chart renders it."""
        return self.pointers.get(identity_of(manifest), ())

    def without(self, manifest: Manifest) -> Manifest:
        """The object with a marker in place of every random value."""
        pointers = self.of(manifest)
        if identity_of(manifest) in self.random_names:
            pointers = (*pointers, "/metadata/name")
        return blanked(manifest, pointers)


def noise_between(rendered: Rendered, again: Rendered | None) -> Noise:
    """What is random in `rendered`; nothing is where there is no second rendering."""
    if again is None:
        return Noise()
    first, second = _all(rendered), {identity_of(m): m for m in _all(again)}
    pointers: dict[Identity, tuple[str, ...]] = {}
    random_names: set[Identity] = set()
    for manifest in first:
        identity = identity_of(manifest)
        other = second.get(identity)
        if other is None:
            random_names.add(identity)
        elif found := tuple(one.path for one in differences(manifest, other)):
            pointers[identity] = found
    return Noise(pointers, frozenset(random_names))


def _all(rendered: Rendered) -> list[Manifest]:
    return [*rendered.objects, *(hook.manifest for hook in rendered.hooks), *rendered.crds]


def blanked(manifest: Manifest, pointers: Iterable[str]) -> Manifest:
    """A copy with the marker at these places, where they are there."""
    places = list(pointers)
    if not places:
        return manifest
    made = copy.deepcopy(manifest)
    for pointer in places:
        put(made, pointer, MARKER)
    return made


def in_result(pointers: Sequence[str], kind: str) -> tuple[str, ...]:
    """Where the pointers of a rendered object lead in the object that the API server makes of it."""
    if kind != "Secret":
        return tuple(pointers)
    moved = (p.replace("/stringData/", "/data/", 1) if p.startswith("/stringData/") else p for p in pointers)
    return tuple(dict.fromkeys(moved))


def same_but_noise(noise: Noise, rendered: Sequence[Manifest], stored: Sequence[Manifest]) -> bool:
    """Whether a rendering is what a release already holds, random values aside."""
    stored_by = {identity_of(m): m for m in stored}
    if len(rendered) != len(stored):
        return False
    unnamed: list[str] = []
    for manifest in rendered:
        identity = identity_of(manifest)
        if identity in noise.random_names:
            unnamed.append(_nameless(manifest))
        elif (other := stored_by.pop(identity, None)) is None or not _equal(
            noise.of(manifest), manifest, other
        ):
            return False
    return sorted(unnamed) == sorted(_nameless(m) for m in stored_by.values())


def _equal(pointers: tuple[str, ...], one: Manifest, other: Manifest) -> bool:
    if one.get("apiVersion") != other.get("apiVersion"):
        return False
    return all(is_under(found.path, pointers) for found in differences(one, other))


def _nameless(manifest: Manifest) -> str:
    return canonical(blanked(manifest, ("/metadata/name",)))


def hook_facts(hook: Hook) -> tuple[Any, ...]:
    """What makes a hook besides its manifest."""
    return (tuple(sorted(hook.events)), hook.weight, tuple(sorted(hook.delete_policies)))
