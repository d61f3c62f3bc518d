"""A manifest against its schema: what is wrong with it, and how the server writes it down."""

import base64
import binascii
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from bot.demo.cluster.fields import Path, item_step, shown
from bot.demo.cluster.quantities import canonical
from bot.demo.cluster.schemas import Schema

Trouble: TypeAlias = Literal["unknown", "type", "duplicate", "quantity"]

# Lists that the server shows even when they are empty.
_SHOWN_EMPTY = frozenset({"pods", "groups"})


@dataclass(frozen=True, slots=True)
class Complaint:
    """One thing that is wrong at one place.

    `path` is written as `.spec.containers[name="web"].image`, `place` as `PodSpec.spec.containers.image`:
    the Go type and the fields only. `expected` is what the schema wants, or the key that is there twice.
    """

    trouble: Trouble
    path: str
    place: str
    expected: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class _Place:
    steps: Path = ()
    go_type: str = ""

    def below(self, step: str, schema: Schema) -> "_Place":
        return _Place((*self.steps, step), schema.name.rpartition(".")[2] or self.go_type)

    def complaint(self, trouble: Trouble, expected: str = "", value: Any = None) -> Complaint:
        names = [step[2:] for step in self.steps if step[0] == "f"]
        return Complaint(trouble, shown(self.steps), ".".join((self.go_type, *names)), expected, value)


def complaints(value: Any, schema: Schema) -> list[Complaint]:
    """Everything in `value` that the schema does not know."""
    return list(_complaints(value, schema, _Place(go_type=schema.name.rpartition(".")[2])))


def _complaints(value: Any, schema: Schema, at: _Place) -> Iterator[Complaint]:
    if value is None:
        return
    match schema.shape:
        case "any":
            return
        case "struct" | "map":
            if isinstance(value, dict):
                yield from _in_map(value, schema, at)
            else:
                yield at.complaint("type", "map", value)
        case "list":
            if isinstance(value, list):
                yield from _in_list(value, schema, at)
            else:
                yield at.complaint("type", "list", value)
        case scalar:
            if not _fits(value, scalar):
                yield at.complaint("type", _EXPECTED.get(scalar, scalar), value)
            elif scalar == "quantity" and canonical(value) is None:
                yield at.complaint("quantity", value=value)


_EXPECTED = {"bytes": "string", "integer": "numeric", "number": "numeric", "quantity": "string"}


def _in_map(value: dict[str, Any], schema: Schema, at: _Place) -> Iterator[Complaint]:
    for key, inner in value.items():
        if schema.shape == "struct" and key not in schema.fields:
            if not schema.keeps_unknown:
                yield at.below(f"f:{key}", schema).complaint("unknown")
        else:
            below = schema.at(key)
            step = f"f:{key}" if schema.shape == "struct" else f"m:{key}"
            yield from _complaints(inner, below, at.below(step, below))


def _in_list(value: list[Any], schema: Schema, at: _Place) -> Iterator[Complaint]:
    seen: set[str] = set()
    for index, inner in enumerate(value):
        step = f"i:{index}" if schema.atomic else item_step(inner, schema)
        yield from _complaints(inner, schema.element, at.below(step, schema.element))
        if step in seen:
            yield at.complaint("duplicate", step, inner)
        seen.add(step)


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


QUANTITY_RULE = "quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"


def typed_patch_message(found: list[Complaint]) -> str:
    """The complaints as server-side apply words them: of each struct only one unknown field."""
    lines: list[str] = []
    told: set[str] = set()
    for one in found:
        match one.trouble:
            case "unknown" if (holder := one.path.rpartition(".")[0]) not in told:
                told.add(holder)
                lines.append(f"{one.path}: field not declared in schema")
            case "duplicate":
                lines.append(f"{one.path}: duplicate entries for key {shown((one.expected,))}")
            case "type":
                lines.append(f"{one.path}: {_mismatch(one)}")
            case _:
                pass
    return lines[0] if len(lines) == 1 else "errors:\n" + "\n".join(f"  {line}" for line in lines)


def _mismatch(one: Complaint) -> str:
    if one.expected == "numeric" and isinstance(one.value, str):
        return "expected numeric (int or float), got string"
    return f"expected {one.expected}, got &value.valueUnstructured{{Value:{json.dumps(one.value)}}}"
