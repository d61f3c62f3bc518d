"""Checks of built-in kinds that their schemas cannot express; the ones that charts run into."""

from collections.abc import Iterable, Iterator
from typing import Any

from bot.demo.cluster.refusals import Cause, invalid_value

Object = dict[str, Any]

_REQUIRED = ("FieldValueRequired", "Required value")
_WITH_SELECTOR = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet"})
_COUNTS = (
    "replicas",
    "minReadySeconds",
    "revisionHistoryLimit",
    "parallelism",
    "completions",
    "backoffLimit",
)


def selector(manifest: Object) -> Iterator[Cause]:
    """Whether a workload selects its own pods."""
    if manifest["kind"] not in _WITH_SELECTOR:
        return
    spec = manifest["spec"]
    wanted = (spec.get("selector") or {}).get("matchLabels", {})
    labels = spec["template"].get("metadata", {}).get("labels")
    if not wanted or any((labels or {}).get(key) != value for key, value in wanted.items()):
        rule = "`selector` does not match template `labels`"
        yield "spec.template.metadata.labels", *invalid_value(labels, rule)


def deprecated(manifest: Object) -> list[str]:
    """What the server warns of although it takes it."""
    if manifest["kind"] not in _WITH_SELECTOR:
        return []
    annotations = manifest["spec"]["template"].get("metadata", {}).get("annotations", {})
    return [
        f"spec.template.metadata.annotations[{key}]: deprecated since v1.30; "
        'use the "appArmorProfile" field instead'
        for key in annotations
        if key.startswith("container.apparmor.security.beta.kubernetes.io/")
    ]


def by_hand(manifest: Object) -> list[Cause]:
    """Everything else."""
    causes = list(_counts(manifest.get("spec")))
    match manifest["kind"]:
        case "Service":
            return [*causes, *_service(manifest["spec"])]
        case "Pod":
            return [*causes, *_pod(manifest["spec"], "spec")]
        case "Job":
            return [*causes, *_pod(manifest["spec"]["template"]["spec"], "spec.template.spec", job=True)]
        case "CronJob":
            spec, path = manifest["spec"]["jobTemplate"]["spec"], "spec.jobTemplate.spec.template.spec"
            return [*causes, *_pod(spec["template"]["spec"], path, job=True)]
        case kind if kind in _WITH_SELECTOR:
            causes += _strategy(manifest["spec"]) if kind == "Deployment" else []
            claims = manifest["spec"].get("volumeClaimTemplates", ())
            return [*causes, *_pod(manifest["spec"]["template"]["spec"], "spec.template.spec", claims)]
        case _:
            return causes


def _counts(spec: Any) -> Iterator[Cause]:
    for key in _COUNTS:
        if isinstance(spec, dict) and isinstance(number := spec.get(key), int) and number < 0:
            yield f"spec.{key}", *invalid_value(number, "must be greater than or equal to 0")


def _strategy(spec: Object) -> Iterator[Cause]:
    strategy = spec.get("strategy") or {}
    if strategy.get("type") == "Recreate" and "rollingUpdate" in strategy:
        told = "Forbidden: may not be specified when strategy `type` is 'Recreate'"
        yield "spec.strategy.rollingUpdate", "FieldValueForbidden", told


def _service(spec: Object) -> Iterator[Cause]:
    ports = spec.get("ports", ())
    if not ports and spec.get("type") != "ExternalName" and spec.get("clusterIP") != "None":
        yield "spec.ports", *_REQUIRED
    for index, port in enumerate(ports):
        if len(ports) > 1 and not port.get("name"):
            yield f"spec.ports[{index}].name", *_REQUIRED
    names = [port.get("name") for port in ports]
    for index, name in enumerate(names):
        if name and name in names[:index]:
            yield f"spec.ports[{index}].name", "FieldValueDuplicate", f'Duplicate value: "{name}"'


def _pod(spec: Object, path: str, claims: Iterable[Object] = (), *, job: bool = False) -> Iterator[Cause]:
    volumes = {volume.get("name") for volume in spec.get("volumes", ())}
    volumes |= {claim.get("metadata", {}).get("name") for claim in claims}
    for field in ("initContainers", "containers"):
        for index, container in enumerate(spec.get(field, ())):
            here = f"{path}.{field}[{index}]"
            if not container.get("image"):
                yield f"{here}.image", *_REQUIRED
            for at, mount in enumerate(container.get("volumeMounts", ())):
                if mount.get("name") not in volumes:
                    yield (
                        f"{here}.volumeMounts[{at}].name",
                        "FieldValueNotFound",
                        f'Not found: "{mount["name"]}"',
                    )
    if job and spec.get("restartPolicy") == "Always":
        told = 'Unsupported value: "Always": supported values: "OnFailure", "Never"'
        yield f"{path}.restartPolicy", "FieldValueNotSupported", told
