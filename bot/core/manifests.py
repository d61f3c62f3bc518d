"""Kubernetes manifests as text and as values.

YAML is read as Helm and kubectl read it (go-yaml v2 and sigs.k8s.io/yaml, then JSON): YAML 1.1 words such
as `yes`, `on` and `y` are booleans, a leading zero is octal, dates stay strings, a whole float is an integer,
keys become strings, and of equal keys the last one wins.
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import yaml

from bot.core.errors import AuthorError
from bot.core.model import Manifest, ObjectRef

MAX_NODES = 2_000_000
"""More values than any release that fits into Helm's record; a YAML bomb has more."""

_TRUE = frozenset({"y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"})
_FALSE = frozenset({"n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"})
_NULL = frozenset({"", "~", "null", "Null", "NULL"})
_INT = re.compile(r"[-+]?(?:0[xX][0-9a-fA-F]+|0[bB][01]+|0[oO]?[0-7]+|0|[1-9][0-9]*)\Z")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?\Z")
_SPECIAL = re.compile(r"(?:[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))\Z")


class _Loader(yaml.CSafeLoader):
    """Scalars stay nodes of one kind until `_scalar` resolves them."""


_PLAIN = "tag:purser,2026:plain"
_Loader.yaml_implicit_resolvers = {
    "<": [("tag:yaml.org,2002:merge", re.compile(r"<<\Z"))],
    None: [(_PLAIN, re.compile(r".*", re.DOTALL))],
}


def _scalar(text: str) -> Any:
    if text in _NULL:
        return None
    if text in _TRUE or text in _FALSE:
        return text in _TRUE
    plain = text.replace("_", "") if text[:1].isdigit() or text[:1] in "+-" else text
    if _INT.match(plain):
        return _integer(plain)
    if _FLOAT.match(plain):
        return _number(float(plain))
    return text


def _integer(text: str) -> int | float:
    sign = -1 if text.startswith("-") else 1
    digits = text.lstrip("+-").lower()
    base = 10
    if digits.startswith(("0x", "0b", "0o")):
        base = {"x": 16, "b": 2, "o": 8}[digits[1]]
        digits = digits[2:]
    elif len(digits) > 1 and digits.startswith("0"):
        base = 8
    value = sign * int(digits, base)
    return value if -(2**63) <= value < 2**64 else float(value)


def _number(value: float) -> int | float:
    return int(value) if math.isfinite(value) and value == int(value) and abs(value) < 1e21 else value


def _construct_scalar(loader: Any, node: Any) -> Any:
    return _scalar(str(loader.construct_scalar(node)))


def _construct_mapping(loader: yaml.CSafeLoader, node: yaml.MappingNode) -> Iterator[dict[str, Any]]:
    made: dict[str, Any] = {}
    yield made
    loader.flatten_mapping(node)
    for key_node, value_node in node.value:
        key = loader.construct_object(key_node, deep=True)
        made[_key(key)] = loader.construct_object(value_node, deep=True)


def _key(key: Any) -> str:
    if isinstance(key, bool):
        return "true" if key else "false"
    if key is None:
        return "null"
    if isinstance(key, (dict, list)):
        raise yaml.constructor.ConstructorError(None, None, "a key is a map or a list")
    return str(key)


_Loader.add_constructor(_PLAIN, _construct_scalar)
_Loader.add_constructor("tag:yaml.org,2002:map", _construct_mapping)
_Loader.add_constructor("tag:yaml.org,2002:timestamp", lambda loader, node: node.value)
_Loader.add_constructor("tag:yaml.org,2002:binary", lambda loader, node: node.value)
_Loader.add_constructor("tag:yaml.org,2002:int", lambda loader, node: _scalar(node.value))
_Loader.add_constructor("tag:yaml.org,2002:float", lambda loader, node: _number(float(node.value)))
_Loader.add_constructor("tag:yaml.org,2002:bool", lambda loader, node: node.value in _TRUE)
_Loader.add_constructor("tag:yaml.org,2002:null", lambda loader, node: None)


def parse_manifests(text: str) -> tuple[Manifest, ...]:
    """The objects of a multi-document YAML text, `kind: List` taken apart, empty documents left out.

    Raises AuthorError (`invalid-manifest`) for text that is not YAML, documents that are no objects, and YAML
    bombs.
    """
    try:
        documents = list(yaml.load_all(text, Loader=_Loader))
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        line = getattr(getattr(error, "problem_mark", None), "line", None)
        place = f" in line {line + 1}" if line is not None else ""
        raise AuthorError(f"A manifest is not valid YAML{place}.", code="invalid-manifest") from error
    budget = [MAX_NODES]
    return tuple(flatten(_plain(document, budget) for document in documents if document is not None))


def _plain(value: Any, budget: list[int]) -> Any:
    """A tree of its own without shared parts, so that aliases cannot blow up what comes after."""
    budget[0] -= 1
    if budget[0] < 0:
        raise AuthorError("A manifest is larger than any release can be.", code="invalid-manifest")
    if isinstance(value, dict):
        return {key: _plain(item, budget) for key, item in value.items()}
    if isinstance(value, list):
        return [_plain(item, budget) for item in value]
    return value


def flatten(objects: Iterable[Any]) -> Iterator[Manifest]:
    """Objects with the items of every `List` in its place, as Helm applies them one by one."""
    for found in objects:
        if not isinstance(found, dict):
            raise AuthorError("A manifest is not a Kubernetes object.", code="invalid-manifest")
        items = found.get("items")
        if str(found.get("kind", "")).endswith("List") and isinstance(items, list):
            yield from flatten(items)
        elif found:
            yield found


def ref_of(manifest: Manifest, namespace: str, scopes: Mapping[tuple[str, str], bool]) -> ObjectRef:
    """Names an object of a release in `namespace`.

    A kind that `scopes` does not know counts as namespaced.
    """
    api_version, kind = str(manifest.get("apiVersion", "")), str(manifest.get("kind", ""))
    metadata = metadata_of(manifest)
    namespaced = scopes.get((api_version, kind), True)
    place = str(metadata.get("namespace") or namespace) if namespaced else ""
    return ObjectRef(api_version, kind, place, str(metadata.get("name") or ""))


def metadata_of(manifest: Manifest) -> dict[str, Any]:
    """The object's metadata; empty where it is not a map."""
    metadata = manifest.get("metadata")
    return metadata if isinstance(metadata, dict) else {}


def annotations_of(manifest: Manifest) -> dict[str, Any]:
    """The object's annotations; empty where they are not a map."""
    found = metadata_of(manifest).get("annotations")
    return found if isinstance(found, dict) else {}


def labels_of(manifest: Manifest) -> dict[str, Any]:
    """The object's labels; empty where they are not a map."""
    found = metadata_of(manifest).get("labels")
    return found if isinstance(found, dict) else {}


def canonical(value: Any) -> str:
    """One text per JSON value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
