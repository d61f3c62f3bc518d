"""What the API server refuses with 422: fields that are missing, wrong, or may not change."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.demo.cluster import checking
from bot.demo.cluster.refusals import Cause
from bot.demo.cluster.refusals import invalid_value as invalid
from bot.demo.cluster.schemas import Schema

Object = dict[str, Any]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_FREE_NAMES = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})


def wrong(manifest: Object, schema: Schema) -> list[Cause]:
    """What is wrong with a new or changed object in itself."""
    causes: list[Cause] = []
    name = manifest["metadata"].get("name", "")
    if manifest["kind"] not in _FREE_NAMES and not _SUBDOMAIN.fullmatch(name):
        causes.append(("metadata.name", *invalid(name, _SUBDOMAIN_RULE)))
    for key, inner in manifest.items():
        if key not in ("apiVersion", "kind", "metadata", "status"):
            causes += _by_schema(inner, schema.at(key), key)
    for key in schema.required:
        if key not in manifest and schema.custom:
            causes.append((key, "FieldValueRequired", "Required value"))
    if schema.custom:
        return causes
    first = [cause for cause in causes if cause[0] == "spec.selector"]
    rest = [cause for cause in causes if cause[0] != "spec.selector"]
    return [*first, *checking.selector(manifest), *rest, *checking.by_hand(manifest)]


def _by_schema(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    if value is None:
        return
    match value:
        case dict():
            for key in schema.required:
                if schema.shape == "struct" and _missing(value, key, schema):
                    yield f"{path}.{key}", "FieldValueRequired", "Required value"
            for key, inner in value.items():
                below = f"{path}.{key}" if schema.shape == "struct" else f"{path}[{key}]"
                yield from _by_schema(inner, schema.at(key), below)
        case list():
            for index, inner in enumerate(value):
                yield from _by_schema(inner, schema.element, f"{path}[{index}]")
        case _:
            yield from _scalar(value, schema, path)


def _missing(value: Object, key: str, schema: Schema) -> bool:
    """Whether a required field has no value; Go's zero values count where a type cannot tell them apart."""
    if key in value and value[key] not in (None, "", []):
        return False
    return schema.custom or (
        schema.fields[key].shape in ("struct", "list", "string") and key not in _MAY_LACK
    )


# Required in the schema only because Go always writes them out.
_MAY_LACK = frozenset(
    {"rules", "resources", "status", "metadata", "groups", "currentMetrics", "conditions", "type"}
)


def _scalar(value: Any, schema: Schema, path: str) -> Iterator[Cause]:
    if schema.enum and value not in schema.enum:
        supported = ", ".join(json.dumps(one) for one in schema.enum)
        text = f"Unsupported value: {json.dumps(value)}: supported values: {supported}"
        yield path, "FieldValueNotSupported", text
    if not schema.custom:
        return
    lowest, highest, pattern = schema.limit("minimum"), schema.limit("maximum"), schema.limit("pattern")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if lowest is not None and value < lowest:
            yield path, *invalid(value, f"{path} in body should be greater than or equal to {lowest}")
        if highest is not None and value > highest:
            yield path, *invalid(value, f"{path} in body should be less than or equal to {highest}")
    if isinstance(value, str) and pattern and not re.search(pattern, value):
        yield path, *invalid(value, f"{path} in body should match '{pattern}'")
