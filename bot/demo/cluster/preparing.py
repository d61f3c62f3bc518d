"""What a new object is given that nobody owns: addresses of Services, a Job's selector, an empty status."""

import copy
from itertools import count
from typing import Any

Object = dict[str, Any]

TEMPLATES = "deprecated.daemonset.template.generation"
CLAIM_PROTECTION = "kubernetes.io/pvc-protection"

_FIRST_STATUS: dict[str, Object] = {
    "Deployment": {},
    "ReplicaSet": {"replicas": 0},
    "StatefulSet": {"replicas": 0, "availableReplicas": 0},
    "DaemonSet": {
        "currentNumberScheduled": 0,
        "desiredNumberScheduled": 0,
        "numberMisscheduled": 0,
        "numberReady": 0,
    },
    "Job": {},
    "CronJob": {},
    "Service": {"loadBalancer": {}},
    "Ingress": {"loadBalancer": {}},
    "Namespace": {"phase": "Active"},
    "PersistentVolume": {"phase": "Pending"},
    "PersistentVolumeClaim": {"phase": "Pending"},
    "PodDisruptionBudget": {
        "disruptionsAllowed": 0,
        "currentHealthy": 0,
        "desiredHealthy": 0,
        "expectedPods": 0,
    },
    "HorizontalPodAutoscaler": {"desiredReplicas": 0, "currentMetrics": None},
    "ResourceQuota": {},
    "Pod": {"phase": "Pending", "qosClass": "BestEffort"},
}


class Preparer:
    """Prepares built-in kinds. Hands out each address and node port once; a dry run uses one up."""

    def __init__(self) -> None:
        self._addresses = count(10)
        self._ports = count(30_000)

    def prepare(self, manifest: Object) -> None:
        """Completes a new object, in place."""
        if manifest["kind"] in _FIRST_STATUS:
            manifest["status"] = copy.deepcopy(_FIRST_STATUS[manifest["kind"]])
        match manifest["apiVersion"], manifest["kind"]:
            case "v1", "Service":
                self._address(manifest["spec"])
            case "batch/v1", "Job":
                _select_pods(manifest)
            case "v1", "Pod":
                _admit_pod(manifest["spec"])
            case _, "CustomResourceDefinition":
                stored = [one["name"] for one in manifest["spec"].get("versions", ()) if one.get("storage")]
                names = {"plural": "", "kind": ""}
                manifest["status"] = {"conditions": None, "acceptedNames": names, "storedVersions": stored}
            case "v1", "Namespace":
                manifest["spec"] = {"finalizers": ["kubernetes"]}
            case "v1", "PersistentVolumeClaim":
                manifest["metadata"].setdefault("finalizers", []).append(CLAIM_PROTECTION)

    @staticmethod
    def count(live: Object, fresh: Object) -> None:
        """Counts the templates that a DaemonSet has had, in place."""
        if fresh["kind"] != "DaemonSet" or fresh["apiVersion"] != "apps/v1":
            return
        before = live["metadata"].get("annotations", {}).get(TEMPLATES, "1")
        changed = live["spec"]["template"] != fresh["spec"]["template"]
        fresh["metadata"].setdefault("annotations", {})[TEMPLATES] = str(int(before) + changed)

    def keep(self, live: Object, manifest: Object) -> None:
        """Leaves a changed Service what it was given, in place, as a write that names none of it does."""
        if (manifest["apiVersion"], manifest["kind"]) != ("v1", "Service"):
            return
        before, spec = live.get("spec", {}), manifest.setdefault("spec", {})
        _drop_what_the_type_lacks(before, spec)
        if spec.get("type", "ClusterIP") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            for key in ("clusterIP", "clusterIPs"):
                if before.get(key):
                    spec[key] = before[key]
        for key in ("ipFamilies", "ipFamilyPolicy"):
            if key in before:
                spec.setdefault(key, before[key])
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            ports = before.get("ports", ())
            given = {(port.get("port"), port.get("protocol")): port.get("nodePort") for port in ports}
            for port in spec.get("ports", ()):
                number = given.get((port.get("port"), port.get("protocol", "TCP")))
                if number and not port.get("nodePort"):
                    port["nodePort"] = number
        self._address(spec)

    def _address(self, spec: Object) -> None:
        if spec.get("type") == "ExternalName":
            return
        if not spec.get("clusterIP"):
            number = next(self._addresses)
            spec["clusterIP"] = f"10.96.{number // 250 % 250}.{number % 250 + 1}"
        spec.setdefault("clusterIPs", [spec["clusterIP"]])
        spec.setdefault("ipFamilies", ["IPv4"])
        spec.setdefault("ipFamilyPolicy", "SingleStack")
        if spec.get("type") in ("NodePort", "LoadBalancer"):
            for port in spec.get("ports", ()):
                if not port.get("nodePort"):
                    port["nodePort"] = next(self._ports)


def _admit_pod(spec: Object) -> None:
    for key in ("not-ready", "unreachable"):
        spec.setdefault("tolerations", []).append(
            {
                "effect": "NoExecute",
                "key": f"node.kubernetes.io/{key}",
                "operator": "Exists",
                "tolerationSeconds": 300,
            }
        )
    spec.setdefault("preemptionPolicy", "PreemptLowerPriority")
    spec.setdefault("priority", 0)


def _drop_what_the_type_lacks(before: Object, spec: Object) -> None:
    """A Service that changes its type loses what only the old type has, unless the write changes it too."""
    kind, lacking = spec.get("type", "ClusterIP"), []
    if kind == "ExternalName":
        lacking += ["clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy", "internalTrafficPolicy"]
    if kind not in ("NodePort", "LoadBalancer"):
        lacking += ["externalTrafficPolicy"]
        given = {port.get("nodePort") for port in before.get("ports", ())}
        for port in spec.get("ports", ()):
            if port.get("nodePort") in given:
                port.pop("nodePort", None)
    if kind != "LoadBalancer":
        lacking += ["allocateLoadBalancerNodePorts", "loadBalancerClass"]
    for key in lacking:
        if key in spec and spec[key] == before.get(key):
            del spec[key]


def _select_pods(manifest: Object) -> None:
    spec, metadata = manifest["spec"], manifest["metadata"]
    if spec.get("manualSelector"):
        return
    uid = metadata["uid"]
    spec["selector"] = {"matchLabels": {"batch.kubernetes.io/controller-uid": uid}}
    labels = spec["template"].setdefault("metadata", {}).setdefault("labels", {})
    for prefix in ("batch.kubernetes.io/", ""):
        labels.setdefault(f"{prefix}controller-uid", uid)
        labels.setdefault(f"{prefix}job-name", metadata["name"])
    metadata.setdefault("labels", dict(labels))
