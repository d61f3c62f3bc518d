"""What a change touches although it may not change."""

import copy
from collections.abc import Iterator
from typing import Any

from bot.demo.cluster.refusals import Cause
from bot.demo.cluster.refusals import invalid_value as invalid

Object = dict[str, Any]

_IMMUTABLE = "field is immutable"


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
                *_fixed(old, new, "spec", "template", "spec"),
            ]
        case "Service":
            return list(_service(old, new))
        case "PersistentVolumeClaim":
            return list(_claim(old, new))
        case "Secret" | "ConfigMap":
            return list(_contents(old, new))
        case "RoleBinding" | "ClusterRoleBinding":
            if old.get("roleRef") != new.get("roleRef"):
                return [("roleRef", *invalid(_as_go_has_it(new.get("roleRef", {})), "cannot change roleRef"))]
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
        yield ".".join(path), *invalid(after, _IMMUTABLE)


def _at(manifest: Any, path: tuple[str, ...]) -> Any:
    for step in path:
        manifest = (manifest or {}).get(step)
    return manifest


_CHANGEABLE = (
    "replicas", "ordinals", "template", "updateStrategy", "revisionHistoryLimit",
    "persistentVolumeClaimRetentionPolicy", "minReadySeconds",
)  # fmt: skip


def _as_go_has_it(role: Object) -> Object:
    names = {"apiGroup": "APIGroup", "kind": "Kind", "name": "Name"}
    return {shown: role.get(name, "") for name, shown in names.items()}


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
        yield "spec.clusterIPs[0]", *invalid(values, "may not change once set")


def _claim(old: Object, new: Object) -> Iterator[Cause]:
    before, after = copy.deepcopy(old["spec"]), copy.deepcopy(new["spec"])
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
