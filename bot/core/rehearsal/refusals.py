"""What an API server's refusal means to the author of a change.

The wordings are those of Kubernetes 1.36 (apimachinery's `api/errors`, structured-merge-diff, the admission
plugins). Messages quote values, so the text of every finding goes through the masker.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from bot.core.model import Finding, Level, ObjectRef
from bot.core.question import NoSuchKind, Refused
from bot.core.redact.masking import Masker

REMOVED_APIS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("extensions/v1beta1", "Deployment"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "DaemonSet"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "ReplicaSet"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): ("1.16", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "PodSecurityPolicy"): ("1.16", ""),
    ("apps/v1beta1", "Deployment"): ("1.16", "apps/v1"),
    ("apps/v1beta1", "StatefulSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "Deployment"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "DaemonSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "StatefulSet"): ("1.16", "apps/v1"),
    ("apps/v1beta2", "ReplicaSet"): ("1.16", "apps/v1"),
    ("extensions/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass"): ("1.22", "networking.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): ("1.22", "apiextensions.k8s.io/v1"),
    ("apiregistration.k8s.io/v1beta1", "APIService"): ("1.22", "apiregistration.k8s.io/v1"),
    ("admissionregistration.k8s.io/v1beta1", "MutatingWebhookConfiguration"): (
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("admissionregistration.k8s.io/v1beta1", "ValidatingWebhookConfiguration"): (
        "1.22",
        "admissionregistration.k8s.io/v1",
    ),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRole"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "ClusterRoleBinding"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "Role"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("scheduling.k8s.io/v1beta1", "PriorityClass"): ("1.22", "scheduling.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "StorageClass"): ("1.22", "storage.k8s.io/v1"),
    ("storage.k8s.io/v1beta1", "CSIDriver"): ("1.22", "storage.k8s.io/v1"),
    ("coordination.k8s.io/v1beta1", "Lease"): ("1.22", "coordination.k8s.io/v1"),
    ("certificates.k8s.io/v1beta1", "CertificateSigningRequest"): ("1.22", "certificates.k8s.io/v1"),
    ("batch/v1beta1", "CronJob"): ("1.25", "batch/v1"),
    ("discovery.k8s.io/v1beta1", "EndpointSlice"): ("1.25", "discovery.k8s.io/v1"),
    ("policy/v1beta1", "PodDisruptionBudget"): ("1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy"): ("1.25", ""),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): ("1.25", "autoscaling/v2"),
    ("node.k8s.io/v1beta1", "RuntimeClass"): ("1.25", "node.k8s.io/v1"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): ("1.26", "autoscaling/v2"),
    ("storage.k8s.io/v1beta1", "CSIStorageCapacity"): ("1.27", "storage.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta2", "FlowSchema"): ("1.29", "flowcontrol.apiserver.k8s.io/v1"),
    ("flowcontrol.apiserver.k8s.io/v1beta3", "FlowSchema"): ("1.32", "flowcontrol.apiserver.k8s.io/v1"),
}
"""(apiVersion, kind) -> the version of Kubernetes that removed it, and the apiVersion that took its place.

Source: https://kubernetes.io/docs/reference/using-api/deprecation-guide/
"""

_IMMUTABLE = re.compile(
    r"field is immutable|may not be changed|is immutable|cannot be changed|immutable after|"
    r"updates to statefulset spec for fields other than|cannot change roleRef|may not change once set"
)
_ADMISSION = re.compile(
    r"admission webhook \"|ValidatingAdmissionPolicy|violates PodSecurity|denied the request"
)
_UNKNOWN = re.compile(r"unknown field|field not declared in schema")
_UNKNOWN_FIELD = re.compile(r"unknown field \"([^\"]+)\"|(\.[^\s:]+): field not declared in schema")
_MANAGER = re.compile(r"conflicts? with \"([^\"]+)\"")
_NAMESPACE = re.compile(r"namespaces \"([^\"]+)\" not found")


@dataclass(frozen=True, slots=True)
class _Words:
    code: str
    says: str
    fix: str


def refusal(found: Refused | NoSuchKind, ref: ObjectRef, masker: Masker) -> Finding:
    """The error finding for a refused question about `ref`."""
    words = unknown_kind(ref) if isinstance(found, NoSuchKind) else _words(found, ref)
    return Finding(Level.ERROR, words.code, masker.text(words.says), words.fix, ref)


def unknown_kind(ref: ObjectRef) -> _Words:
    """The API server does not serve this kind: removed, or its CRD is missing."""
    says = f"{ref}: the API server does not serve {ref.api_version} {ref.kind}"
    if removed := REMOVED_APIS.get((ref.api_version, ref.kind)):
        version, instead = removed
        fix = f"Use {instead} {ref.kind}, or a chart version that does." if instead else "Remove it."
        return _Words("unknown-kind", f"{says}: Kubernetes {version} removed it.", fix)
    return _Words(
        "unknown-kind",
        f"{says}.",
        "Install the CustomResourceDefinition that brings this kind first (another release, or the chart's "
        "crds/ directory at its first install), or correct apiVersion and kind.",
    )


def _words(found: Refused, ref: ObjectRef) -> _Words:
    says = f"{ref}: {_clean(found.message)}"
    message = found.message
    if _ADMISSION.search(message):
        return _Words("admission-denied", says, "Change the object so that the cluster's policy admits it.")
    if "failed calling webhook" in message:
        return _Words(
            "webhook-unavailable", says, "An admission webhook does not answer: repair it, then plan again."
        )
    match found.status:
        case 409:
            return _conflict(found, ref)
        case 403:
            return _forbidden(found, says)
        case 404:
            return _missing(found, ref, says)
        case 422 if _IMMUTABLE.search(message):
            return _immutable(found, ref)
        case 400 | 422 | 500 if _UNKNOWN.search(message):
            return _unknown_field(found, ref)
        case 500 if "duplicate entries for key" in message:
            return _Words(
                "invalid-object", says, "A list has two entries with the same key; keep one of them."
            )
        case 400 | 422:
            return _Words("invalid-object", says, "Correct the values or the template that make this field.")
        case 500 if "typed patch" in message or "typed live object" in message:
            return _Words("invalid-object", says, "Correct the values or the template that make this field.")
        case 401:
            return _Words(
                "forbidden", says, "The API server does not know our identity: renew its credentials."
            )
        case _:
            return _Words(
                "api-error", f"{says} (HTTP {found.status})", "See the API server's log, then plan again."
            )


def _clean(message: str) -> str:
    return " ".join(message.split()).removeprefix("Error: ")


def managers_in(causes: Iterable[tuple[str, str, str]]) -> frozenset[str]:
    """Whose fields an apply conflicts with, of a refusal's causes."""
    told = (message for _, reason, message in causes if reason == "FieldManagerConflict")
    return frozenset(name[1] if (name := _MANAGER.search(message)) else "" for message in told)


def _conflict(found: Refused, ref: ObjectRef) -> _Words:
    owned = [
        (name[1] if (name := _MANAGER.search(message)) else "another manager", field)
        for field, reason, message in found.causes
        if reason == "FieldManagerConflict"
    ]
    if not owned and found.reason == "AlreadyExists":
        return _Words(
            "exists",
            f"{ref} exists already, and Helm would create it.",
            "Delete it, or give the hook the deletion policy before-hook-creation.",
        )
    if not owned:
        return _Words("conflict", f"{ref}: {_clean(found.message)}", "Plan again.")
    managers = ", ".join(sorted({name for name, _ in owned}))
    fields = ", ".join(dict.fromkeys(field for _, field in owned))
    return _Words(
        "conflict",
        f"{ref}: {managers} owns {fields}. Helm does not take fields from other managers, and fails.",
        "Write the value that the cluster has into the release's values, remove the field from the chart's "
        "output (an autoscaler's replicas, say), or set force_conflicts for this release.",
    )


def _forbidden(found: Refused, says: str) -> _Words:
    if "exceeded quota" in found.message:
        return _Words("quota", says, "Ask for less, or raise the ResourceQuota first.")
    if "attempting to grant" in found.message:
        return _Words("forbidden", says, "Whoever deploys may not grant rights that they do not have.")
    if 'User "' in found.message:
        return _Words("forbidden", says, "Grant the right to whoever deploys, or leave this object out.")
    return _Words("admission-denied", says, "Change the object so that the cluster's policy admits it.")


def _missing(found: Refused, ref: ObjectRef, says: str) -> _Words:
    if name := _NAMESPACE.search(found.message):
        return _Words(
            "namespace-missing",
            f"{ref}: namespace {name[1]} does not exist.",
            "Create the namespace first (create_namespace makes the release's own), or correct its name.",
        )
    return _Words("not-found", says, "Plan again.")


def _immutable(found: Refused, ref: ObjectRef) -> _Words:
    fields = ", ".join(dict.fromkeys(field for field, _, _ in found.causes if field))
    place = f" ({fields})" if fields else ""
    return _Words(
        "immutable-field",
        f"{ref}: a field that cannot be changed would change{place}: {_clean(found.message)}",
        f"Keep the old value, give the {ref.kind} another name, or delete it before this deploy "
        "(what it runs or holds is gone meanwhile).",
    )


def _unknown_field(found: Refused, ref: ObjectRef) -> _Words:
    fields = [a or b for a, b in _UNKNOWN_FIELD.findall(found.message)]
    named = ", ".join(dict.fromkeys(fields)) or _clean(found.message)
    return _Words(
        "unknown-field",
        f"{ref}: {ref.api_version} {ref.kind} has no field {named}.",
        "Correct the spelling or the indentation in the values or the template; for a custom resource, see "
        "whether its CustomResourceDefinition is as new as the chart.",
    )
