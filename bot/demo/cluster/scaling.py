"""The scale subresource."""

from collections.abc import Callable
from typing import Any

Object = dict[str, Any]


def scale_of(live: Object) -> Object:
    """The Scale of a workload."""
    names = ("name", "namespace", "uid", "resourceVersion", "creationTimestamp")
    labels = (live["spec"].get("selector") or {}).get("matchLabels", {})
    return {
        "kind": "Scale",
        "apiVersion": "autoscaling/v1",
        "metadata": {key: live["metadata"][key] for key in names if key in live["metadata"]},
        "spec": {"replicas": live["spec"].get("replicas", 0)},
        "status": {
            "replicas": live.get("status", {}).get("replicas", 0),
            "selector": ",".join(f"{key}={value}" for key, value in labels.items()),
        },
    }


def scaled(scale: Object) -> Callable[[Object], Object]:
    """The change to a workload that a written Scale stands for."""

    def change(live: Object) -> Object:
        metadata = dict(live["metadata"])
        if version := scale.get("metadata", {}).get("resourceVersion"):
            metadata["resourceVersion"] = version
        spec = live["spec"] | {"replicas": scale.get("spec", {}).get("replicas", 0)}
        return live | {"metadata": metadata, "spec": spec}

    return change
