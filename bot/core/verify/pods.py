"""What the pods of a workload say about it: why it is not ready, and whether it will ever be.

Only pods of what the workload wants now count. A rollout replaces the older ones, and an old pod that
crashes is often the very reason for it.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.core.model import Manifest
from bot.core.objects import annotations_of, labels_of, mapping, mappings, metadata_of

CRASHES = 3
"""Restarts after which a container in CrashLoopBackOff is given up: many start once or twice too early."""

_HOPELESS = frozenset({"ImagePullBackOff", "InvalidImageName", "ErrImageNeverPull"})
_TELLING = frozenset(
    {"ErrImagePull", "CreateContainerConfigError", "CreateContainerError", "RunContainerError"}
)
_HELD_BY_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "Job"})


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a workload is not ready, by its pods. `hopeless`: waiting will not help. Plain text, unmasked
    and as long as it comes: what is cut before it is masked may show half a secret.
    """

    hopeless: bool
    message: str


def has_pods(workload: Manifest) -> bool:
    """Whether `trouble` can find anything for it."""
    return workload.get("kind") in _HELD_BY_PODS


def trouble(workload: Manifest, sets: Sequence[Manifest], pods: Sequence[Manifest]) -> Trouble | None:
    """The worst that the newest pods of a workload say; `sets` are the ReplicaSets of its namespace."""
    mine = newest_pods(workload, sets, pods)
    # A Job counts its pods' failures by itself, and ends as failed when they are too many.
    found = [one for pod in mine for one in _troubles(pod, crashes_count=workload.get("kind") != "Job")]
    return min(found, key=lambda one: not one.hopeless, default=None)


def newest_pods(workload: Manifest, sets: Sequence[Manifest], pods: Sequence[Manifest]) -> list[Manifest]:
    """The pods of what a workload wants now; `sets` are the ReplicaSets of its namespace."""
    owner = _newest_set(workload, sets) if workload.get("kind") == "Deployment" else workload
    if owner is None:
        return []
    return [pod for pod in pods if _owned(pod, owner) and _is_newest(pod, workload)]


def pod_trouble(pod: Manifest) -> Trouble | None:
    """The same for a pod by itself."""
    return min(_troubles(pod, crashes_count=True), key=lambda one: not one.hopeless, default=None)


def _troubles(pod: Manifest, *, crashes_count: bool) -> Iterator[Trouble]:
    name, status = metadata_of(pod).get("name", ""), mapping(pod.get("status"))
    for kind in ("initContainerStatuses", "containerStatuses"):
        for container in mappings(status.get(kind)):
            waiting = mapping(mapping(container.get("state")).get("waiting"))
            reason, message = str(waiting.get("reason", "")), str(waiting.get("message", ""))
            restarts = container.get("restartCount", 0)
            said = f"pod {name}, container {container.get('name', '')}: {reason}"
            if reason == "CrashLoopBackOff":
                how = f"{said}, restarted {restarts} times{_last_end(container)}"
                yield Trouble(crashes_count and isinstance(restarts, int) and restarts >= CRASHES, how)
            elif reason in _HOPELESS | _TELLING:
                yield Trouble(reason in _HOPELESS, f"{said}{f': {message}' if message else ''}")
    for condition in mappings(status.get("conditions")):
        if condition.get("type") == "PodScheduled" and condition.get("reason") == "Unschedulable":
            yield Trouble(False, f"pod {name} finds no node: {condition.get('message', '')}")


def _last_end(container: Mapping[str, Any]) -> str:
    ended = mapping(mapping(container.get("lastState")).get("terminated"))
    if not ended:
        return ""
    return (
        f", the last time with exit code {ended.get('exitCode')} ({ended.get('reason', 'no reason given')})"
    )


def _newest_set(deployment: Manifest, sets: Sequence[Manifest]) -> Manifest | None:
    """The ReplicaSet of the revision that the Deployment is at."""
    key = "deployment.kubernetes.io/revision"
    revision = annotations_of(deployment).get(key)
    of = [one for one in sets if _owned(one, deployment)]
    return next(
        (one for one in of if annotations_of(one).get(key) == revision),
        None,
    )


def _is_newest(pod: Manifest, workload: Manifest) -> bool:
    labels = labels_of(pod)
    match workload.get("kind"):
        case "StatefulSet":
            wanted = mapping(workload.get("status")).get("updateRevision")
            return wanted is None or labels.get("controller-revision-hash") == wanted
        case "DaemonSet":
            key = "deprecated.daemonset.template.generation"
            template = annotations_of(workload).get(key)
            return template is None or labels.get("pod-template-generation") == template
        case _:
            return True


def _owned(item: Manifest, owner: Manifest) -> bool:
    uid = metadata_of(owner).get("uid")
    return uid is not None and any(
        one.get("uid") == uid and one.get("controller")
        for one in mappings(metadata_of(item).get("ownerReferences"))
    )
