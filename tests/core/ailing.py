"""Pods, events and logs of a Deployment `shop/web` that does not come up."""

from datetime import UTC, datetime
from typing import Any

from bot.core.verify.symptoms import Log, Sighting, Workload

NOW = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
WEB: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop", "generation": 1, "uid": "web"},
    "spec": {"replicas": 2},
    "status": {"observedGeneration": 1, "replicas": 2, "updatedReplicas": 2},
}


def container(name: str = "web", **more: Any) -> dict[str, Any]:
    """One container's status; it never ran by default."""
    return {"name": name, "ready": False, "restartCount": 0, **more}


def waits(reason: str, message: str = "", **more: Any) -> dict[str, Any]:
    """A container that waits."""
    return container(state={"waiting": {"reason": reason, "message": message}}, **more)


def crashes(code: int = 1, reason: str = "Error", restarts: int = 4, message: str = "") -> dict[str, Any]:
    """A container in CrashLoopBackOff."""
    ended = {"exitCode": code, "reason": reason, "message": message}
    return waits("CrashLoopBackOff", "back-off 40s", restartCount=restarts, lastState={"terminated": ended})


def pod(name: str, *containers: dict[str, Any], conditions: Any = (), **status: Any) -> dict[str, Any]:
    """A pod of shop/web."""
    told = {"phase": "Pending", "conditions": list(conditions), "containerStatuses": list(containers)}
    return {"kind": "Pod", "metadata": {"name": name, "namespace": "shop"}, "status": {**told, **status}}


def event(message: str, name: str = "web-abc-12345", kind: str = "Pod", **more: Any) -> dict[str, Any]:
    """A warning of two minutes ago."""
    return {
        "involvedObject": {"kind": kind, "name": name, "namespace": "shop"},
        "reason": "Failed",
        "message": message,
        "count": 1,
        "lastTimestamp": "2026-11-23T02:58:00Z",
        **more,
    }


def sighting(*pods: dict[str, Any], events: Any = (), logs: Any = (), unread: Any = ()) -> Sighting:
    """What was seen of shop/web."""
    return Sighting(NOW, (Workload(WEB, tuple(pods)),), tuple(events), tuple(logs), tuple(unread))


def log(text: str, *, previous: bool = True) -> Log:
    """The log of its container."""
    return Log("web-abc-12345", "web", previous, text)
