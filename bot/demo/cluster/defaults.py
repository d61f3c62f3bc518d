"""What the API server fills in: the defaults of the kinds that charts mostly consist of."""

import base64
from collections.abc import Callable
from typing import Any

from bot.demo.cluster.pod_defaults import default, pod_spec

Object = dict[str, Any]


def fill(manifest: Object) -> None:
    """Fills in the defaults of a built-in kind, in place; the same for a dry run and a real write."""
    filler = _FILLERS.get((manifest["apiVersion"].rpartition("/")[0], manifest["kind"]))
    if filler is not None:
        filler(manifest)


def _deployment(manifest: Object) -> None:
    spec = _pods_of(manifest)
    default(spec, progressDeadlineSeconds=600, replicas=1, revisionHistoryLimit=10)
    strategy = spec.setdefault("strategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        default(strategy.setdefault("rollingUpdate", {}), maxSurge="25%", maxUnavailable="25%")


def _stateful_set(manifest: Object) -> None:
    spec = _pods_of(manifest)
    default(spec, podManagementPolicy="OrderedReady", replicas=1, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        default(strategy.setdefault("rollingUpdate", {}), partition=0)
    default(
        spec.setdefault("persistentVolumeClaimRetentionPolicy", {}), whenDeleted="Retain", whenScaled="Retain"
    )
    for claim in spec.get("volumeClaimTemplates", ()):
        claim.setdefault("apiVersion", "v1")
        claim.setdefault("kind", "PersistentVolumeClaim")
        default(claim.setdefault("spec", {}), volumeMode="Filesystem")
        default(claim.setdefault("status", {}), phase="Pending")


def _daemon_set(manifest: Object) -> None:
    spec = _pods_of(manifest)
    default(spec, revisionHistoryLimit=10)
    strategy = spec.setdefault("updateStrategy", {})
    annotations = manifest["metadata"].setdefault("annotations", {})
    annotations.setdefault("deprecated.daemonset.template.generation", "1")
    if strategy.setdefault("type", "RollingUpdate") == "RollingUpdate":
        default(strategy.setdefault("rollingUpdate", {}), maxSurge=0, maxUnavailable=1)


def _replica_set(manifest: Object) -> None:
    default(_pods_of(manifest), replicas=1)


def _job(manifest: Object) -> None:
    _job_spec(manifest.setdefault("spec", {}))


def _job_spec(spec: Object) -> None:
    default(spec, backoffLimit=6, completionMode="NonIndexed", manualSelector=False, suspend=False)
    if "completions" not in spec and "parallelism" not in spec:
        spec["completions"] = 1
    default(spec, parallelism=1, podReplacementPolicy="TerminatingOrFailed")
    _template(spec)


def _cron_job(manifest: Object) -> None:
    spec = manifest.setdefault("spec", {})
    default(
        spec, concurrencyPolicy="Allow", failedJobsHistoryLimit=1, successfulJobsHistoryLimit=3, suspend=False
    )
    template = spec.setdefault("jobTemplate", {})
    template.setdefault("metadata", {})
    _template(template.setdefault("spec", {}))


def _pod(manifest: Object) -> None:
    pod_spec(manifest.setdefault("spec", {}))
    for container in (*manifest["spec"].get("containers", ()), *manifest["spec"].get("initContainers", ())):
        for name, quantity in container["resources"].get("limits", {}).items():
            container["resources"].setdefault("requests", {}).setdefault(name, quantity)
    default(manifest["spec"], enableServiceLinks=True)


def _pods_of(manifest: Object) -> Object:
    spec: Object = manifest.setdefault("spec", {})
    _template(spec)
    return spec


def _template(spec: Object) -> None:
    template = spec.setdefault("template", {})
    template.setdefault("metadata", {})
    pod_spec(template.setdefault("spec", {}))


def _service(manifest: Object) -> None:
    spec = manifest.setdefault("spec", {})
    kind = spec.setdefault("type", "ClusterIP")
    default(spec, sessionAffinity="None")
    for port in spec.get("ports", ()):
        default(port, protocol="TCP")
        default(port, targetPort=port.get("port"))
    if kind == "ExternalName":
        return
    default(spec, internalTrafficPolicy="Cluster")
    if kind in ("NodePort", "LoadBalancer"):
        default(spec, externalTrafficPolicy="Cluster")
    if kind == "LoadBalancer":
        default(spec, allocateLoadBalancerNodePorts=True)


def _secret(manifest: Object) -> None:
    for key, text in (manifest.pop("stringData", None) or {}).items():
        manifest.setdefault("data", {})[key] = base64.b64encode(str(text).encode()).decode()
    default(manifest, type="Opaque")


def _namespace(manifest: Object) -> None:
    labels = manifest["metadata"].setdefault("labels", {})
    labels["kubernetes.io/metadata.name"] = manifest["metadata"]["name"]


def _claim(manifest: Object) -> None:
    default(manifest.setdefault("spec", {}), volumeMode="Filesystem")


def _volume_itself(manifest: Object) -> None:
    default(manifest.setdefault("spec", {}), persistentVolumeReclaimPolicy="Retain", volumeMode="Filesystem")


def _network_policy(manifest: Object) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("podSelector", {})
    for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
        for port in rule.get("ports", ()):
            default(port, protocol="TCP")
    if "policyTypes" not in spec:
        spec["policyTypes"] = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]


def _binding(manifest: Object) -> None:
    default(manifest.setdefault("roleRef", {}), apiGroup="rbac.authorization.k8s.io")
    for subject in manifest.get("subjects", ()):
        if subject.get("kind") in ("User", "Group"):
            default(subject, apiGroup="rbac.authorization.k8s.io")


def _role(manifest: Object) -> None:
    manifest.setdefault("rules", None)


def _autoscaler(manifest: Object) -> None:
    spec = manifest.setdefault("spec", {})
    default(spec, minReplicas=1)
    if manifest["apiVersion"] == "autoscaling/v2" and not spec.get("metrics"):
        target = {"type": "Utilization", "averageUtilization": 80}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]


def _storage_class(manifest: Object) -> None:
    default(manifest, reclaimPolicy="Delete", volumeBindingMode="Immediate")


def _definition(manifest: Object) -> None:
    spec = manifest.setdefault("spec", {})
    spec.setdefault("conversion", {"strategy": "None"})
    names = spec.setdefault("names", {})
    default(names, singular=str(names.get("kind", "")).lower(), listKind=f"{names.get('kind', '')}List")


def _priority(manifest: Object) -> None:
    default(manifest, preemptionPolicy="PreemptLowerPriority")


def _limits(manifest: Object) -> None:
    for limit in manifest.get("spec", {}).get("limits", ()):
        if limit.get("type") == "Container" and (given := limit.get("default")):
            limit["defaultRequest"] = given | limit.get("defaultRequest", {})


def _webhooks(manifest: Object) -> None:
    mutating = manifest["kind"].startswith("Mutating")
    for hook in manifest.get("webhooks", ()):
        default(hook, failurePolicy="Fail", matchPolicy="Equivalent", timeoutSeconds=10)
        hook.setdefault("namespaceSelector", {})
        hook.setdefault("objectSelector", {})
        if mutating:
            default(hook, reinvocationPolicy="Never")
        for rule in hook.get("rules", ()):
            default(rule, scope="*")
        if service := hook.get("clientConfig", {}).get("service"):
            default(service, port=443)


_RBAC = "rbac.authorization.k8s.io"
_FILLERS: dict[tuple[str, str], Callable[[Object], None]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _cron_job,
    ("", "Pod"): _pod,
    ("", "Service"): _service,
    ("", "Secret"): _secret,
    ("", "Namespace"): _namespace,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "PersistentVolume"): _volume_itself,
    ("networking.k8s.io", "NetworkPolicy"): _network_policy,
    (_RBAC, "RoleBinding"): _binding,
    (_RBAC, "ClusterRoleBinding"): _binding,
    (_RBAC, "Role"): _role,
    (_RBAC, "ClusterRole"): _role,
    ("autoscaling", "HorizontalPodAutoscaler"): _autoscaler,
    ("scheduling.k8s.io", "PriorityClass"): _priority,
    ("", "LimitRange"): _limits,
    ("storage.k8s.io", "StorageClass"): _storage_class,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _definition,
    ("admissionregistration.k8s.io", "ValidatingWebhookConfiguration"): _webhooks,
    ("admissionregistration.k8s.io", "MutatingWebhookConfiguration"): _webhooks,
}
