"""A manifest as it comes in: is it readable, does it fit its address?"""

import copy
from dataclasses import dataclass, field
from typing import Any

from bot.demo.cluster import refusals
from bot.demo.cluster.reading import Complaint, complaints, typed_patch_message
from bot.demo.cluster.refusals import Refusal
from bot.demo.cluster.resources import Resource

Object = dict[str, Any]


@dataclass(slots=True)
class Write:
    """How a client wants to write. Its warnings are collected on the way."""

    manager: str
    dry_run: bool = False
    validation: str = "Warn"
    subresource: str = ""
    warnings: list[str] = field(default_factory=list)


def read(resource: Resource, manifest: Object, write: Write, *, applied: bool = False) -> None:
    """Refuses what the schema does not know; with validation Warn unknown fields become warnings."""
    found = complaints(manifest, resource.schema)
    only_unknown = all(one.trouble == "unknown" for one in found)
    if applied and found and not (resource.custom and only_unknown):
        name = f"{manifest['metadata'].get('namespace', '')}/{manifest['metadata'].get('name', '')}"
        version = f"{resource.group}/{resource.version}"
        told = f"({name}; {version}, Kind={resource.kind}): {typed_patch_message(found)}"
        raise Refusal(500, "", f"failed to create typed patch object {told}")
    _strictly(resource, found, write)


def _strictly(resource: Resource, found: list[Complaint], write: Write) -> None:
    prefix = f'{resource.kind} in version "{resource.version}" cannot be handled as a {resource.kind}: '
    for one in found:
        if one.trouble == "type":
            told = f"json: cannot unmarshal {_json_type(one.value)} into Go struct field "
            raise refusals.bad_request(f"{prefix}{told}{resource.kind}.{one.path} of type {one.expected}")
    unknown = [f'unknown field "{one.path}"' for one in found if one.trouble == "unknown"]
    if unknown and write.validation == "Strict":
        raise refusals.bad_request(f"{prefix}strict decoding error: {', '.join(unknown)}")
    if write.validation == "Warn":
        write.warnings += unknown


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
