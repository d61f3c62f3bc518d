"""A manifest against its schema: what is wrong with it, and how the server writes it down."""

import base64
import binascii
import json
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.demo.cluster.fields import item_step
from bot.demo.cluster.quantities import canonical
from bot.demo.cluster.schemas import Schema

Trouble: TypeAlias = Literal["unknown", "type", "duplicate"]

# Lists that the server shows even when they are empty.
_SHOWN_EMPTY = frozenset({"pods", "groups"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong at one place; `path` is written as `spec.containers[0].image`."""

    trouble: Trouble
    path: str
    expected: str = ""
    value: Any = None


def complaints(value: Any, schema: Schema, path: str = "") -> list[Complaint]:
    """Everything in `value` that the schema does not know."""
    if value is None:
        return []
    match schema.shape:
        case "any":
            return []
        case "struct" | "map":
            if not isinstance(value, dict):
                return [Complaint("type", path, "map", value)]
            return _in_map(value, schema, path)
        case "list":
            if not isinstance(value, list):
                return [Complaint("type", path, "list", value)]
            return _in_list(value, schema, path)
        case scalar:
            return (
                []
                if _fits(value, scalar)
                else [Complaint("type", path, _EXPECTED.get(scalar, scalar), value)]
            )


_EXPECTED = {"bytes": "string", "integer": "numeric", "number": "numeric", "quantity": "string"}


def _in_map(value: dict[str, Any], schema: Schema, path: str) -> list[Complaint]:
    found: list[Complaint] = []
    for key, inner in value.items():
        below = f"{path}.{key}" if path else key
        if schema.shape == "struct" and key not in schema.fields:
            if not schema.keeps_unknown:
                found.append(Complaint("unknown", below))
        else:
            found += complaints(inner, schema.at(key), below)
    return found


def _in_list(value: list[Any], schema: Schema, path: str) -> list[Complaint]:
    found: list[Complaint] = []
    seen: set[str] = set()
    for index, inner in enumerate(value):
        found += complaints(inner, schema.element, f"{path}[{index}]")
        if schema.atomic:
            continue
        step = item_step(inner, schema)
        if step in seen:
            found.append(Complaint("duplicate", path, step, inner))
        seen.add(step)
    return found


def _fits(value: Any, scalar: str) -> bool:
    match scalar:
        case "string" | "bytes":
            return isinstance(value, str)
        case "boolean":
            return isinstance(value, bool)
        case "integer":
            return isinstance(value, int) and not isinstance(value, bool)
        case "number":
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, str | int | float) and not isinstance(value, bool)


def normal(value: Any, schema: Schema) -> Any:
    """The value as the server keeps it: no nulls, no unknown fields, quantities and base64 in one form.

    Built-in kinds also lose empty lists and maps, as their Go types do when they are written out.
    """
    match value:
        case dict():
            return _normal_map(value, schema)
        case list():
            return [normal(inner, schema.element) for inner in value]
        case _ if schema.shape == "quantity":
            return canonical(value) or str(value)
        case str() if schema.shape == "bytes":
            try:
                return base64.b64encode(base64.b64decode(value)).decode()
            except binascii.Error:
                return value
        case _:
            return value


# Fields whose Go type is a pointer, so that an empty text is kept.
_EMPTY_TEXT_KEPT = frozenset({"storageClassName", "ingressClassName", "volumeAttributesClassName"})
# Numbers and booleans that Go does not write out when they are zero, as the schema cannot tell.
_ZERO_OMITTED = frozenset(
    "readOnly hostNetwork hostPID hostIPC paused publishNotReadyAddresses stdin stdinOnce tty hostPort "
    "nodePort minReadySeconds initialDelaySeconds periodSeconds timeoutSeconds successThreshold "
    "failureThreshold".split()
)


def _omitted(key: str, value: Any, schema: Schema, below: Schema) -> bool:
    """Whether a built-in kind leaves the field out because of what it holds."""
    if schema.shape != "struct" or value or key in schema.required:
        return False
    match below.shape:
        case "list" | "map":
            return key not in _SHOWN_EMPTY
        case "string":
            return key not in _EMPTY_TEXT_KEPT
        case "integer" | "boolean":
            return key in _ZERO_OMITTED
        case _:
            return False


def _normal_map(value: dict[str, Any], schema: Schema) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    for key, inner in value.items():
        below = schema.at(key)
        if schema.shape == "struct" and key not in schema.fields and not schema.keeps_unknown:
            continue
        if inner is None and schema.shape == "map" and below.shape == "string" and not schema.custom:
            kept[key] = ""
            continue
        if inner is None and schema.shape != "any" and not below.limit("nullable"):
            continue
        written = normal(inner, below)
        if schema.custom or not _omitted(key, written, schema, below):
            kept[key] = written
    return kept


def typed_patch_message(found: list[Complaint]) -> str:
    """The complaints as server-side apply words them."""
    lines = []
    for one in found:
        match one.trouble:
            case "unknown":
                lines.append(f".{one.path}: field not declared in schema")
            case "duplicate":
                lines.append(f".{one.path}: duplicate entries for key {_key(one.expected)}")
            case "type":
                lines.append(
                    f".{one.path}: expected {one.expected}, got &value.valueUnstructured{{Value:{one.value}}}"
                )
    return lines[0] if len(lines) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in lines)


def _key(step: str) -> str:
    if step.startswith("v:"):
        return f"[={step[2:]}]"
    return f"[{','.join(f'{key}={json.dumps(value)}' for key, value in json.loads(step[2:]).items())}]"
