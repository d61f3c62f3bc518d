"""What the API server refuses with 422: fields that are missing, wrong, or may not change."""

import json
import re
from collections.abc import Iterator
from typing import Any

from bot.demo.cluster.quantities import canonical
from bot.demo.cluster.refusals import Cause
from bot.demo.cluster.schemas import Schema

Object = dict[str, Any]

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*")
_SUBDOMAIN_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
    "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)
_FREE_NAMES = frozenset({"Role", "ClusterRole", "RoleBinding", "ClusterRoleBinding"})
_IMMUTABLE = "field is immutable"


def wrong(manifest: Object, schema: Schema) -> list[Cause]:
    """What is wrong with a new or changed object in itself."""
    causes: list[Cause] = []
    name = manifest["metadata"].get("name", "")
    if manifest["kind"] not in _FREE_NAMES and not _SUBDOMAIN.fullmatch(name):
        causes.append(("metadata.name", *_invalid(name, _SUBDOMAIN_RULE)))
    for key, inner in manifest.items():
        if key not in ("apiVersion", "kind", "metadata", "status"):
            causes += _by_schema(inner, schema.at(key), key)
    for key in schema.required:
        if key not in manifest and schema.custom:
            causes.append((key, "FieldValueRequired", "Required value"))
    if not schema.custom:
        causes += _selector_matches(manifest)
        causes += _strategy(manifest)
    return causes


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
    if key in value and value[key] not in (None, ""):
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
    if schema.shape == "quantity" and canonical(value) is None:
        yield path, *_invalid(value, "quantities must match the regular expression")
    if not schema.custom:
        return
    lowest, highest, pattern = schema.limit("minimum"), schema.limit("maximum"), schema.limit("pattern")
    if isinstance(value, int | float) and not isinstance(value, bool):
        if lowest is not None and value < lowest:
            yield path, *_invalid(value, f"{path} in body should be greater than or equal to {lowest}")
        if highest is not None and value > highest:
            yield path, *_invalid(value, f"{path} in body should be less than or equal to {highest}")
    if isinstance(value, str) and pattern and not re.search(pattern, value):
        yield path, *_invalid(value, f"{path} in body should match '{pattern}'")


def _selector_matches(manifest: Object) -> Iterator[Cause]:
    if manifest["kind"] not in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"):
        return
    spec = manifest["spec"]
    wanted = (spec.get("selector") or {}).get("matchLabels", {})
    labels = spec["template"].get("metadata", {}).get("labels", {})
    if any(labels.get(key) != value for key, value in wanted.items()):
        yield (
            "spec.template.metadata.labels",
            *_invalid(labels, "`selector` does not match template `labels`"),
        )


def _strategy(manifest: Object) -> Iterator[Cause]:
    strategy = manifest.get("spec", {}).get("strategy") if manifest["kind"] == "Deployment" else None
    if strategy and strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        told = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield "spec.strategy.rollingUpdate", "FieldValueForbidden", told


def frozen(old: Object, new: Object) -> list[Cause]:
    """What a change touches that may not change."""
    match new["kind"]:
        case "Deployment" | "DaemonSet" | "ReplicaSet":
            return list(_fixed(old, new, "spec", "selector"))
        case "StatefulSet":
            return list(_stateful_set(old, new))
        case "Job":
            return [
                *_fixed(old, new, "spec", "completions"),
                *_fixed(old, new, "spec", "selector"),
                *_fixed(old, new, "spec", "template"),
            ]
        case "Service":
            return list(_service(old, new))
        case "PersistentVolumeClaim":
            return list(_claim(old, new))
        case "Secret" | "ConfigMap":
            return list(_contents(old, new))
        case "RoleBinding" | "ClusterRoleBinding":
            if old.get("roleRef") != new.get("roleRef"):
                return [("roleRef", *_invalid(new.get("roleRef"), "cannot change roleRef"))]
        case "StorageClass":
            return [
                one
                for key in ("provisioner", "parameters", "reclaimPolicy", "volumeBindingMode")
                for one in _fixed(old, new, key)
            ]
    return []


def _fixed(old: Object, new: Object, *path: str) -> Iterator[Cause]:
    before, after = _at(old, path), _at(new, path)
    if before != after:
        yield ".".join(path), *_invalid(after, _IMMUTABLE)


def _at(manifest: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        manifest = (manifest or {}).get(step)
    return manifest


_CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def _stateful_set(old: Object, new: Object) -> Iterator[Cause]:
    before, after = ({k: v for k, v in one["spec"].items() if k not in _CHANGEABLE} for one in (old, new))
    if before != after:
        names = (
            "'replicas', 'ordinals', 'template', 'updateStrategy', 'revisionHistoryLimit', "
            "'persistentVolumeClaimRetentionPolicy' and 'minReadySeconds'"
        )
        told = f"Forbidden: updates to statefulset spec for fields other than {names} are forbidden"
        yield "spec", "FieldValueForbidden", told


def _service(old: Object, new: Object) -> Iterator[Cause]:
    before, after = old["spec"], new["spec"]
    if "ExternalName" in (before.get("type"), after.get("type")) or not before.get("clusterIP"):
        return
    if before["clusterIP"] != after.get("clusterIP"):
        values = [after["clusterIP"]] if after.get("clusterIP") else None
        yield "spec.clusterIPs[0]", *_invalid(values, "may not change once set")


def _claim(old: Object, new: Object) -> Iterator[Cause]:
    before, after = json.loads(json.dumps(old["spec"])), json.loads(json.dumps(new["spec"]))
    for spec in (before, after):
        spec.pop("volumeAttributesClassName", None)
        (spec.get("resources") or {}).get("requests", {}).pop("storage", None)
    before.pop("volumeName", None)
    after.pop("volumeName", None)
    if before != after:
        told = (
            "Forbidden: spec is immutable after creation except resources.requests and "
            "volumeAttributesClassName for bound claims"
        )
        yield "spec", "FieldValueForbidden", told


def _contents(old: Object, new: Object) -> Iterator[Cause]:
    if new["kind"] == "Secret":
        yield from _fixed(old, new, "type")
    if not old.get("immutable"):
        return
    told = "Forbidden: field is immutable when `immutable` is set"
    for key in ("immutable", "data", "binaryData"):
        if (old.get(key) or {}) != (new.get(key) or {}):
            yield key, "FieldValueForbidden", told


def _invalid(value: Any, rule: str) -> tuple[str, str]:
    return "FieldValueInvalid", f"Invalid value: {json.dumps(value, separators=(',', ':'))}: {rule}"
