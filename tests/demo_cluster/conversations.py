"""What is said to an API server, step by step: the simulated one shall answer as the real one does."""

from dataclasses import dataclass, field
from typing import Any

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
STRATEGIC = "application/strategic-merge-patch+json"
JSON_PATCH = "application/json-patch+json"
JSON = "application/json"


@dataclass(frozen=True, slots=True)
class Step:
    """One request; `path` may contain {ns}, which is a namespace of the conversation's own."""

    method: str
    path: str
    body: Any = None
    content_type: str = JSON
    query: str = ""
    accept: str = JSON


@dataclass(frozen=True, slots=True)
class Conversation:
    """Requests that build on each other."""

    name: str
    steps: tuple[Step, ...] = field(default=())

    def __str__(self) -> str:
        return self.name


def address(manifest: dict[str, Any], *, named: bool = True) -> str:
    """The path of a manifest's object in the namespace {ns}, or of its collection."""
    plural, namespaced = PLURALS[manifest["kind"]]
    version = manifest["apiVersion"]
    root = f"/apis/{version}" if "/" in version else f"/api/{version}"
    where = "/namespaces/{ns}" if namespaced else ""
    return f"{root}{where}/{plural}" + (f"/{manifest['metadata']['name']}" if named else "")


def apply(manifest: dict[str, Any], manager: str = "helm", query: str = "") -> Step:
    """A server-side apply as Helm sends it."""
    full = f"fieldManager={manager}&force=false&fieldValidation=Strict{query}"
    return Step("PATCH", address(manifest), manifest, APPLY, full)


def create(manifest: dict[str, Any], query: str = "") -> Step:
    """A POST."""
    return Step("POST", address(manifest, named=False), manifest, JSON, f"fieldManager=creator{query}")


def patch(manifest: dict[str, Any], body: Any, content_type: str = MERGE, query: str = "") -> Step:
    """A patch other than apply."""
    return Step("PATCH", address(manifest), body, content_type, f"fieldManager=kubectl-edit{query}")


def get(manifest: dict[str, Any]) -> Step:
    """A GET."""
    return Step("GET", address(manifest))


def delete(manifest: dict[str, Any], query: str = "") -> Step:
    """A DELETE."""
    return Step("DELETE", address(manifest), None, JSON, query)


PLURALS = {
    "ConfigMap": ("configmaps", True),
    "Secret": ("secrets", True),
    "Service": ("services", True),
    "ServiceAccount": ("serviceaccounts", True),
    "PersistentVolumeClaim": ("persistentvolumeclaims", True),
    "Deployment": ("deployments", True),
    "StatefulSet": ("statefulsets", True),
    "DaemonSet": ("daemonsets", True),
    "Job": ("jobs", True),
    "CronJob": ("cronjobs", True),
    "Ingress": ("ingresses", True),
    "NetworkPolicy": ("networkpolicies", True),
    "Role": ("roles", True),
    "RoleBinding": ("rolebindings", True),
    "ClusterRole": ("clusterroles", False),
    "PodDisruptionBudget": ("poddisruptionbudgets", True),
    "HorizontalPodAutoscaler": ("horizontalpodautoscalers", True),
    "StorageClass": ("storageclasses", False),
    "PriorityClass": ("priorityclasses", False),
    "ValidatingWebhookConfiguration": ("validatingwebhookconfigurations", False),
    "MutatingWebhookConfiguration": ("mutatingwebhookconfigurations", False),
    "CustomResourceDefinition": ("customresourcedefinitions", False),
    "Widget": ("widgets", True),
    "Namespace": ("namespaces", False),
    "ResourceQuota": ("resourcequotas", True),
    "LimitRange": ("limitranges", True),
    "Lease": ("leases", True),
}
