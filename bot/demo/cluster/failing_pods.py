"""Pods of workloads whose image is broken, as a node would leave them, with the warnings about them."""

import hashlib
import json
import uuid
from typing import Any

from bot.demo.cluster.storage import Object

CRASHES = "crash"
"""An image that contains this is pulled, and its process ends at once."""
SLOW = "slow"
"""An image that contains this is not even begun with: there are no pods yet."""


def is_slow(workload: Object) -> bool:
    """Whether its pods take their time."""
    containers = workload["spec"]["template"]["spec"].get("containers", ())
    return any(SLOW in one.get("image", "") for one in containers)


def failing(workload: Object, moment: str) -> list[Object]:
    """What controllers make of a workload that does not come up: at most a ReplicaSet, one pod, one event."""
    owner, made = workload, []
    name, namespace = workload["metadata"]["name"], workload["metadata"]["namespace"]
    digest = hashlib.sha256(json.dumps(workload["spec"]["template"], sort_keys=True).encode()).hexdigest()
    if workload["kind"] == "Deployment":
        owner = _replica_set(workload, f"{name}-{digest[:9]}", moment)
        made.append(owner)
    ending = "0" if workload["kind"] == "StatefulSet" else digest[9:14]
    pod = _pod(workload, owner, f"{owner['metadata']['name']}-{ending}", moment)
    return [*made, pod, _event(pod, namespace, moment)]


def _replica_set(workload: Object, name: str, moment: str) -> Object:
    annotations = workload["metadata"].get("annotations") or {}
    key = "deployment.kubernetes.io/revision"
    template = workload["spec"]["template"]
    metadata = _metadata(name, workload, moment, (template.get("metadata") or {}).get("labels"))
    metadata["annotations"] = {key: annotations.get(key, "1")}
    spec = {"replicas": 1, "selector": workload["spec"]["selector"], "template": template}
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": spec, "status": {}}


def _pod(workload: Object, owner: Object, name: str, moment: str) -> Object:
    template = workload["spec"]["template"]
    labels = dict((template.get("metadata") or {}).get("labels") or {})
    if workload["kind"] == "StatefulSet":
        labels["controller-revision-hash"] = workload.get("status", {}).get("updateRevision", "")
    metadata = _metadata(name, owner, moment, labels)
    containers = [_container(one) for one in template["spec"].get("containers", ())]
    status = {
        "phase": "Pending",
        "startTime": moment,
        "conditions": [
            {"type": "PodScheduled", "status": "True", "lastTransitionTime": moment},
            {
                "type": "Ready",
                "status": "False",
                "reason": "ContainersNotReady",
                "message": f"containers with unready status: [{' '.join(one['name'] for one in containers)}]",
                "lastTransitionTime": moment,
            },
        ],
        "containerStatuses": containers,
    }
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": metadata,
        "spec": template["spec"],
        "status": status,
    }


def _container(spec: Object) -> Object:
    image = spec.get("image", "")
    told: Object = {"name": spec["name"], "image": image, "imageID": "", "ready": False, "restartCount": 0}
    if CRASHES not in image:
        message = f'Back-off pulling image "{image}"'
        return told | {"state": {"waiting": {"reason": "ImagePullBackOff", "message": message}}}
    waiting = {"reason": "CrashLoopBackOff", "message": "back-off 40s restarting failed container"}
    ended = {"exitCode": 1, "reason": "Error"}
    return told | {
        "restartCount": 3,
        "state": {"waiting": waiting},
        "lastState": {"terminated": ended},
    }


def _event(pod: Object, namespace: str, moment: str) -> Object:
    head, image = pod["metadata"], pod["spec"]["containers"][0].get("image", "")
    crashes = CRASHES in image
    container = pod["spec"]["containers"][0]["name"]
    message = (
        f"Back-off restarting failed container {container} in pod {head['name']}_{namespace}"
        if crashes
        else f'Failed to pull image "{image}": not found'
    )
    about = {
        "apiVersion": "v1",
        "kind": "Pod",
        "name": head["name"],
        "namespace": namespace,
        "uid": head["uid"],
    }
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": _named(f"{head['name']}.{head['uid'][:8]}", namespace, moment),
        "involvedObject": about,
        "reason": "BackOff" if crashes else "Failed",
        "message": message,
        "type": "Warning",
        "count": 3,
        "firstTimestamp": moment,
        "lastTimestamp": moment,
        "source": {"component": "kubelet"},
    }


def _metadata(name: str, owner: Object, moment: str, labels: Any) -> Object:
    head = owner["metadata"]
    reference = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": head["name"]}
    owners = [reference | {"uid": head["uid"], "controller": True, "blockOwnerDeletion": True}]
    return _named(name, head["namespace"], moment) | {"labels": dict(labels or {}), "ownerReferences": owners}


def _named(name: str, namespace: str, moment: str) -> Object:
    return {"name": name, "namespace": namespace, "uid": str(uuid.uuid4()), "creationTimestamp": moment}
