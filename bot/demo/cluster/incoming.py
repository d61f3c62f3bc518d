"""A manifest as it comes in: is it readable, does it fit its address?"""

import copy
import json
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from bot.demo.cluster import refusals
from bot.demo.cluster.reading import QUANTITY_RULE, Complaint, complaints, typed_patch_message
from bot.demo.cluster.refusals import Refusal
from bot.demo.cluster.resources import Resource

Object = dict[str, Any]
How: TypeAlias = Literal["whole", "patched", "applied"]


@dataclass(slots=True)
class Write:
    """How a client wants to write. Its warnings are collected on the way."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    subresource: str = ""
    warnings: list[str] = field(default_factory=list)


def read(resource: Resource, manifest: Object, write: Write, how: How = "whole") -> None:
    """Refuses what the schema does not know; with validation Warn unknown fields become warnings."""
    found = complaints(manifest, resource.schema)
    if how == "applied":
        _read_applied(resource, manifest, found)
    prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    for one in found:
        if one.trouble == "type":
            told = f"json: cannot unmarshal {_json_type(one.value)} into Go struct field {one.place} of type "
            raise refusals.bad_request(prefix + told + _go_type(one))
        if one.trouble == "quantity":
            raise refusals.bad_request(prefix + QUANTITY_RULE)
    unknown = [f'unknown field "{one.path[1:]}"' for one in found if one.trouble == "unknown"]
    if unknown and write.validation == "Strict":
        told = f"strict decoding error: {', '.join(unknown)}"
        if how == "patched":
            value = json.dumps(json.dumps(manifest, separators=(",", ":")))
            cause = ("patch", "FieldValueInvalid", f"Invalid value: {value}: {told}")
            raise refusals.invalid("", "", "", [cause])
        raise refusals.bad_request(prefix + told)
    if write.validation == "Warn":
        write.warnings += unknown


def _read_applied(resource: Resource, manifest: Object, found: list[Complaint]) -> None:
    """500, as the real server answers a configuration that does not fit its schema."""
    metadata = manifest["metadata"]
    which = (
        f"({metadata.get('namespace', '')}/{metadata.get('name', '')}; "
        f"{resource.group}/{resource.version}, Kind={resource.kind})"
    )
    typed = [one for one in found if one.trouble != "quantity"]
    if typed:
        raise Refusal(500, "", f"failed to create typed patch object {which}: {typed_patch_message(typed)}")
    if len(found) > len(typed):
        kind = f"{resource.api_version}, Kind={resource.kind}"
        told = f"unable to convert unstructured object to {kind}: {QUANTITY_RULE}"
        raise Refusal(500, "", f"failed to convert new object {which} to proper version: {told}")


def _go_type(one: Complaint) -> str:
    return {"numeric": "int32", "boolean": "bool"}.get(one.expected, one.expected)


def addressed(resource: Resource, namespace: str, manifest: Object) -> Object:
    """The manifest with the namespace of its address; 400 where it says another."""
    identity: Object = {"apiVersion": resource.api_version, "kind": resource.kind}
    manifest = identity | copy.deepcopy(manifest)
    if (manifest["apiVersion"], manifest["kind"]) != (resource.api_version, resource.kind):
        found = f"{manifest['kind']} in {manifest['apiVersion']}"
        raise refusals.bad_request(f"{found} does not fit {resource.kind} in {resource.api_version}")
    metadata = manifest.setdefault("metadata", {})
    if not resource.namespaced:
        metadata.pop("namespace", None)
        return manifest
    if metadata.setdefault("namespace", namespace) != namespace:
        raise refusals.bad_request(
            "the namespace of the provided object does not match the namespace sent on the request"
        )
    return manifest


def name_of(manifest: Object) -> str:
    """The name; 422 without one."""
    name = manifest["metadata"].get("name")
    if not name:
        cause = ("metadata.name", "FieldValueRequired", "Required value: name or generateName is required")
        raise refusals.invalid(manifest["kind"], manifest["apiVersion"].rpartition("/")[0], "", [cause])
    return str(name)


def _json_type(value: Any) -> str:
    match value:
        case bool():
            return "bool"
        case int() | float():
            return "number"
        case str():
            return "string"
        case list():
            return "array"
        case _:
            return "object"
