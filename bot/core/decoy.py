"""Finds what a rendering owes to the Secrets that its templates read, by rendering once more with decoys.

Masking the text of a Secret is not enough: a template can turn it round, cut it up or encode it. So the same
chart is rendered with other Secrets of the same shape (or with none), and whatever then comes out otherwise
came from a Secret, whatever was done to it. Random values come out otherwise too and count as such.
"""

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from bot.core.model import Manifest
from bot.core.noise import hook_facts, identity_of
from bot.core.objects import annotations_of, with_metadata
from bot.core.redact.masking import LAST_APPLIED, UNMASKED, maskable
from bot.core.release import Hook, Rendered

MOST_PLACES = 100
"""Beyond so many places outside of Secrets a rendering is not shown: each tells a little by being masked."""

# What the API server reads as a number or a time, and gives back written otherwise, so that no mask finds it.
_REWRITTEN = re.compile(r"[+-]?[0-9.]+([eE][+-]?[0-9]+|[numkMGTPE]|[KMGTPE]i)?|\d{4}-\d\d-\d\dT[0-9:.]+\S*")
_ALPHABETS = ("abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ", "0123456789")


def decoy(secret: Manifest, salt: bytes) -> Manifest:
    """A Secret of the same shape with other contents: each letter and digit is another one."""
    data = secret.get("data")
    made = dict(secret)
    if isinstance(data, dict):
        made["data"] = {key: _encoded(value, salt + str(key).encode()) for key, value in data.items()}
    annotations = annotations_of(secret)
    if LAST_APPLIED in annotations:
        other = _shifted(str(annotations[LAST_APPLIED]), salt)
        made = with_metadata(made, annotations={**annotations, LAST_APPLIED: other})
    return made


def _encoded(value: Any, salt: bytes) -> Any:
    try:
        raw = base64.b64decode(str(value), validate=True)
    except (binascii.Error, ValueError):
        return _shifted(str(value), salt)
    try:
        other = _shifted(raw.decode(), salt).encode()
    except UnicodeDecodeError:
        other = bytes(byte ^ (1 + step % 255) for byte, step in zip(raw, _steps(salt), strict=False))
    return base64.b64encode(other).decode()


def _shifted(text: str, salt: bytes) -> str:
    return "".join(_other(letter, step) for letter, step in zip(text, _steps(salt), strict=False))


def _other(letter: str, step: int) -> str:
    for alphabet in _ALPHABETS:
        if letter in alphabet:
            size = len(alphabet)
            return alphabet[(alphabet.index(letter) + 1 + step % (size - 1)) % size]
    return letter


def _steps(salt: bytes) -> Iterator[int]:
    block = b""
    while True:
        block = hashlib.sha256(salt + block).digest()
        yield from block


@dataclass(slots=True)
class Revealed:
    """What came from Secrets: texts to mask, places (`ConfigMap shop/web /data/a`) that no mask covers."""

    texts: set[str] = field(default_factory=set)
    bare: list[str] = field(default_factory=list)
    places: int = 0


def revealed(real: Rendered, other: Rendered) -> Revealed:
    """What differs in `real` from a rendering with decoys. What a mask hides anyway is left out."""
    found = Revealed()
    hooks, others = _shown(real.hooks), _shown(other.hooks)
    ones = [*real.objects, *(hook.manifest for hook in hooks), *real.crds]
    twos = [*other.objects, *(hook.manifest for hook in others), *other.crds]
    if [identity_of(one) for one in ones] != [identity_of(two) for two in twos]:
        found.bare.append("which objects there are, or their names")
        return found
    if [hook_facts(hook) for hook in hooks] != [hook_facts(hook) for hook in others]:
        found.bare.append("the events or weights of hooks")
    for one, two in zip(ones, twos, strict=True):
        _compare(found, one, two, _named(one), ())
    if found.places > MOST_PLACES:
        found.bare.append(f"more than {MOST_PLACES} fields")
    return found


def _shown(hooks: Iterable[Hook]) -> list[Hook]:
    """Without test hooks, which never run and are never shown."""
    return [hook for hook in hooks if not all(event.startswith("test") for event in hook.events)]


def _named(manifest: Manifest) -> str:
    _, kind, namespace, name = identity_of(manifest)
    return f"{kind} {namespace}/{name}" if namespace else f"{kind} {name}"


def _compare(found: Revealed, one: Any, two: Any, where: str, path: tuple[str, ...]) -> None:
    place = f"{where} /{'/'.join(path)}"
    if isinstance(one, dict) and isinstance(two, dict):
        if list(one) != list(two):
            found.bare.append(f"{place} (which keys there are)")
            return
        for key, value in one.items():
            _compare(found, value, two[key], where, (*path, str(key)))
    elif isinstance(one, list) and isinstance(two, list):
        if len(one) != len(two):
            found.bare.append(f"{place} (how many items there are)")
            return
        for index, (left, right) in enumerate(zip(one, two, strict=True)):
            _compare(found, left, right, where, (*path, str(index)))
    elif type(one) is not type(two) or one != two:
        _leaf(found, one, two, place, path)


def _leaf(found: Revealed, one: Any, two: Any, place: str, path: tuple[str, ...]) -> None:
    if place.startswith("Secret ") and len(path) == 2 and path[0] in ("data", "stringData"):
        return  # masked whole, whatever it is
    found.places += 1
    if path[-1] in UNMASKED:
        found.bare.append(f"{place} (names are shown)")
    elif not isinstance(one, str) or not isinstance(two, str):
        found.bare.append(f"{place} (a number, a truth value or nothing)")
    elif _REWRITTEN.fullmatch(one.strip()):
        found.bare.append(f"{place} (a quantity or a time)")
    elif (texts := _texts(one, two)) is None:
        found.bare.append(f"{place} (too short to be masked)")
    else:
        found.texts |= texts | _canonical(one)


def _texts(one: str, two: str) -> set[str] | None:
    """The lines that differ, or the whole text where lines do not pair or are too short."""
    lines, others = one.splitlines(), two.splitlines()
    if len(lines) == len(others) > 1:
        parts = {a.strip() for a, b in zip(lines, others, strict=True) if a != b}
        if parts and all(maskable(part) for part in parts):
            return parts
    return {one} if maskable(one) else None


def _canonical(text: str) -> set[str]:
    """The same base64 as the API server gives it back: it passes over line breaks."""
    try:
        return {base64.b64encode(base64.b64decode("".join(text.split()), validate=True)).decode()}
    except (binascii.Error, ValueError):
        return set()
