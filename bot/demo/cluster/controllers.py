"""What controllers and nodes would do: workloads become ready, jobs complete, claims are bound."""

import asyncio
import copy
from collections.abc import Callable
from typing import Any

import structlog

from bot.demo.cluster import applying
from bot.demo.cluster.failing_pods import failing, is_slow
from bot.demo.cluster.objects import now
from bot.demo.cluster.resources import Resources
from bot.demo.cluster.storage import Happening, Object, Storage, key_of

log = structlog.get_logger()

_WORKLOADS = frozenset({"deployments", "statefulsets", "daemonsets", "replicasets"})
_WITH_PODS = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
_MANAGER = "kube-controller-manager"


class Controllers:
    """Reacts to writes, each after `delay` seconds. Workloads with a `broken` image never become ready."""

    def __init__(self, storage: Storage, resources: Resources, delay: float, broken: str) -> None:
        self._storage = storage
        self._resources = resources
        self._delay = delay
        self._broken = broken

    async def run(self) -> None:
        """Works until it is cancelled."""
        with self._storage.listening() as queue:
            async with asyncio.TaskGroup() as group:
                while True:
                    happening = await queue.get()
                    if happening.type == "DELETED":
                        self._collect(happening.after["metadata"].get("uid", ""))
                    elif self._status_for(happening.plural, happening.group):
                        group.create_task(self._settle(happening))

    async def _settle(self, happening: Happening) -> None:
        await asyncio.sleep(self._delay)
        live = self._storage.get(happening.group, happening.plural, key_of(happening.after))
        status_for = self._status_for(happening.plural, happening.group)
        if live is None or status_for is None:
            return
        status = status_for(live)
        before = live.get("status", {})
        self._mind_pods(live)
        if _told(status) == _told(before):
            return
        resource = self._resources.of_kind(live["apiVersion"], live["kind"])
        if resource is None:
            return
        fresh = live | {"status": status, "metadata": copy.deepcopy(live["metadata"])}
        if live["kind"] == "Deployment":
            annotations = fresh["metadata"].setdefault("annotations", {})
            annotations.setdefault("deployment.kubernetes.io/revision", "1")
        manager = applying.Manager(_MANAGER, "Update", resource.api_version, "status")
        managed = applying.update(live, fresh, manager, resource.schema, now=now())
        fresh["metadata"]["managedFields"] = applying.written(managed)
        self._storage.put(resource, fresh)
        namespace, name = key_of(fresh)
        log.debug("simulated.settled", kind=fresh["kind"], namespace=namespace, name=name)

    def _mind_pods(self, live: Object) -> None:
        """Those of a workload with a broken image are there to be looked at; others are not simulated."""
        if live["kind"] not in _WITH_PODS:
            return
        wanted = failing(live, now()) if self._is_broken(live) and not is_slow(live) else []
        names = {one["metadata"]["name"] for one in wanted if one["kind"] != "Event"}
        if not names <= {one["metadata"]["name"] for one in self._owned_by(live["metadata"]["uid"])}:
            self._collect(live["metadata"]["uid"])
            for one in wanted:
                self._put(one)
        elif not wanted:
            self._collect(live["metadata"]["uid"])

    def _put(self, made: Object) -> None:
        resource = self._resources.of_kind(made["apiVersion"], made["kind"])
        if resource is not None:
            self._storage.put(resource, made)

    def _collect(self, uid: str) -> None:
        """Removes what the owner leaves behind."""
        for one in self._owned_by(uid):
            resource = self._resources.of_kind(one["apiVersion"], one["kind"])
            if resource is not None:
                self._storage.take(resource.group, resource.plural, key_of(one))

    def _owned_by(self, uid: str) -> list[Object]:
        """What it owns, and what that owns."""
        kinds = (("apps", "replicasets"), ("", "pods"))
        every = [one for group, plural in kinds for one in self._storage.all(group, plural)]
        found = [one for one in every if _owner(one) == uid] if uid else []
        return [*found, *(one for owned in found for one in self._owned_by(owned["metadata"]["uid"]))]

    def _status_for(self, plural: str, group: str) -> Callable[[Object], Object] | None:
        match group, plural:
            case "apps", str() if plural in _WORKLOADS:
                return lambda live: _workload(live, ready=not self._is_broken(live))
            case "batch", "jobs":
                return lambda live: live.get("status", {}) if self._is_broken(live) else _job(live)
            case "", "persistentvolumeclaims":
                return _claim
            case "", "services":
                return _service
            case "policy", "poddisruptionbudgets":
                return _budget
            case _:
                return None

    def _is_broken(self, live: Object) -> bool:
        containers = live["spec"]["template"]["spec"].get("containers", ())
        return bool(self._broken) and any(self._broken in one.get("image", "") for one in containers)


def _owner(one: Object) -> str:
    owners = one["metadata"].get("ownerReferences") or [{}]
    return str(owners[0].get("uid", ""))


def _told(status: Object) -> Object:
    """A status without its times."""
    conditions = [
        {key: value for key, value in one.items() if not key.endswith("Time")}
        for one in status.get("conditions", ())
    ]
    return {key: value for key, value in status.items() if not key.endswith("Time")} | {
        "conditions": conditions
    }


def _workload(live: Object, *, ready: bool) -> Object:
    spec, generation = live["spec"], live["metadata"].get("generation", 1)
    replicas = spec.get("replicas", 1)
    here = replicas if ready else 0
    status: Object = {"observedGeneration": generation}
    match live["kind"]:
        case "DaemonSet":
            status |= {
                "currentNumberScheduled": 1,
                "desiredNumberScheduled": 1,
                "numberMisscheduled": 0,
                "numberReady": int(ready),
                "updatedNumberScheduled": 1,
            }
            status |= {"numberAvailable": 1} if ready else {"numberUnavailable": 1}
        case "StatefulSet":
            revision = f"{live['metadata']['name']}-{generation}"
            status |= {"replicas": replicas, "updatedReplicas": replicas, "currentReplicas": replicas}
            status |= {"currentRevision": revision, "updateRevision": revision, "collisionCount": 0}
            status |= {"availableReplicas": here} | ({"readyReplicas": here} if here else {})
        case _:
            status |= {"replicas": replicas, "updatedReplicas": replicas}
            status |= {"readyReplicas": here, "availableReplicas": here} if here else {}
            status |= {} if here == replicas else {"unavailableReplicas": replicas - here}
    if live["kind"] == "Deployment":
        status["conditions"] = _conditions(live, ready=ready)
    return status


def _conditions(live: Object, *, ready: bool) -> list[Object]:
    name, moment = live["metadata"]["name"], now()
    available = (
        ("True", "MinimumReplicasAvailable", "Deployment has minimum availability.")
        if ready
        else ("False", "MinimumReplicasUnavailable", "Deployment does not have minimum availability.")
    )
    progressing = (
        ("True", "NewReplicaSetAvailable", f'ReplicaSet "{name}" has successfully progressed.')
        if ready
        else ("True", "ReplicaSetUpdated", f'ReplicaSet "{name}" is progressing.')
    )
    return [
        _condition(kind, *told, moment)
        for kind, told in (("Available", available), ("Progressing", progressing))
    ]


def _condition(kind: str, status: str, reason: str, message: str, moment: str) -> Object:
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": message,
        "lastTransitionTime": moment,
        "lastUpdateTime": moment,
    }


def _job(live: Object) -> Object:
    if live["spec"].get("suspend"):
        return dict(live.get("status", {}))
    moment = now()
    count = live["spec"].get("completions", 1)
    conditions: list[dict[str, Any]] = [
        {
            "type": kind,
            "status": "True",
            "reason": "CompletionsReached",
            "message": "Reached expected number of succeeded pods",
            "lastProbeTime": moment,
            "lastTransitionTime": moment,
        }
        for kind in ("SuccessCriteriaMet", "Complete")
    ]
    return {
        "startTime": moment,
        "completionTime": moment,
        "succeeded": count,
        "ready": 0,
        "terminating": 0,
        "uncountedTerminatedPods": {},
        "conditions": conditions,
    }


def _claim(live: Object) -> Object:
    spec = live["spec"]
    capacity = spec.get("resources", {}).get("requests", {})
    return {"phase": "Bound", "accessModes": spec.get("accessModes", []), "capacity": capacity}


def _service(live: Object) -> Object:
    status: Object = dict(live.get("status", {}))
    if live["spec"].get("type") != "LoadBalancer":
        return status
    return status | {"loadBalancer": {"ingress": [{"ip": "127.0.0.1", "ipMode": "VIP"}]}}


def _budget(live: Object) -> Object:
    healthy = {"currentHealthy": 1, "desiredHealthy": 1, "disruptionsAllowed": 0, "expectedPods": 1}
    return healthy | {"observedGeneration": live["metadata"].get("generation", 1)}
