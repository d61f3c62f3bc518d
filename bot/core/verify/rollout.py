"""Whether an object has become what its spec says.

The rules are those of kstatus (sigs.k8s.io/cli-utils, `pkg/kstatus/status`), which Helm 4 waits by as well,
as far as one object alone can tell. Where they are told apart on purpose: a Job has to complete (there it is
enough that it runs), a Service of type LoadBalancer needs its address, a pod that failed is a failure, and so
is a ReplicaFailure. What the pods of a workload add to it is in core/verify/pods.py.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.model import Manifest, ObjectRef
from bot.core.objects import mapping


@dataclass(frozen=True, slots=True)
class RolloutState:
    """Whether one object has become what its spec says. `message` is plain text for the note."""

    ready: bool
    failed: bool
    message: str


def has_rollout(ref: ObjectRef) -> bool:
    """Whether an object of this kind can be anything but ready once it is there."""
    return (ref.group, ref.kind) in _RULES or ref.group not in _BUILT_IN


def rollout_of(manifest: Manifest) -> RolloutState:
    """The state of an object as the API server has it. An object without any status is ready at once."""
    group = str(manifest.get("apiVersion", "")).rpartition("/")[0]
    if mapping(manifest.get("metadata")).get("deletionTimestamp"):
        return _waiting("is being deleted")
    status = mapping(manifest.get("status"))
    kind = (group, str(manifest.get("kind", "")))
    if _unobserved(manifest, status) or (kind in _OBSERVED and "observedGeneration" not in status):
        return _waiting("its controller has not seen the newest change yet")
    if (said := _by_standard_conditions(status)) is not None:
        return said
    if kind not in _RULES:
        return _by_ready(_generation(manifest), status)
    return _RULES[kind](mapping(manifest.get("spec")), status)


def claim_waits_for_its_pod(claim: Manifest, storage_class: Manifest) -> bool:
    """Whether a claim that is not bound yet is as it should be: it is bound when a pod wants it."""
    late = storage_class.get("volumeBindingMode") == "WaitForFirstConsumer"
    return late and mapping(claim.get("status")).get("phase") == "Pending"


def _deployment(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    if spec.get("paused"):
        return _ready("is paused")
    progressing = _condition(status, "Progressing")
    if progressing.get("reason") == "ProgressDeadlineExceeded":
        return _failed(progressing, "did not become available in time")
    failure = _condition(status, "ReplicaFailure")
    if failure.get("status") == "True":
        return _failed(failure, "could not create its pods")
    wanted = _wanted(spec)
    updated, total = _count(status, "updatedReplicas"), _count(status, "replicas")
    if updated < wanted:
        return _waiting(f"{updated} of {wanted} pods are updated")
    if total > updated:
        return _waiting(f"{total - updated} old pods are still there")
    available = min(_count(status, "availableReplicas"), _count(status, "readyReplicas"))
    if available < wanted:
        return _waiting(f"{available} of {wanted} pods are available")
    return _ready(f"{wanted} of {wanted} pods are available")


def _stateful_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    wanted, ready = _wanted(spec), _count(status, "readyReplicas")
    strategy = mapping(spec.get("updateStrategy"))
    if strategy.get("type") == "OnDelete":
        return _ready("its pods are updated when somebody deletes them")
    if ready < wanted:
        return _waiting(f"{ready} of {wanted} pods are ready")
    if _count(status, "replicas") > wanted:
        return _waiting(f"{_count(status, 'replicas') - wanted} pods are still to go")
    partition = _count(mapping(strategy.get("rollingUpdate")), "partition")
    to_update, updated = max(wanted - partition, 0), _count(status, "updatedReplicas")
    if updated < to_update:
        return _waiting(f"{updated} of {to_update} pods are updated")
    if not partition and status.get("currentRevision") != status.get("updateRevision"):
        return _waiting("its last pods are on their way to the new revision")
    return _ready(f"{ready} of {wanted} pods are ready")


def _daemon_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    if "desiredNumberScheduled" not in status:
        return _waiting("its controller has not counted its nodes yet")
    wanted = _count(status, "desiredNumberScheduled")
    if mapping(spec.get("updateStrategy")).get("type") != "OnDelete":
        updated = _count(status, "updatedNumberScheduled")
        if updated < wanted:
            return _waiting(f"{updated} of {wanted} pods are updated")
    available = min(_count(status, "numberAvailable"), _count(status, "numberReady"))
    if available < wanted:
        return _waiting(f"{available} of {wanted} pods are available")
    return _ready(f"{wanted} of {wanted} pods are available")


def _replica_set(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    failure = _condition(status, "ReplicaFailure")
    if failure.get("status") == "True":
        return _failed(failure, "could not create its pods")
    wanted, ready = _wanted(spec), _count(status, "readyReplicas")
    if ready < wanted:
        return _waiting(f"{ready} of {wanted} pods are ready")
    if _count(status, "replicas") > wanted:
        return _waiting(f"{_count(status, 'replicas') - wanted} pods are still to go")
    return _ready(f"{ready} of {wanted} pods are ready")


def _job(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    failure = _condition(status, "Failed")
    if failure.get("status") == "True":
        return _failed(failure, "failed")
    if _condition(status, "Complete").get("status") == "True":
        return _ready("is complete")
    if spec.get("suspend"):
        return _ready("is suspended")
    return _waiting(f"{_count(status, 'succeeded')} of {spec.get('completions') or 1} completions are done")


def _custom_resource_definition(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    names = _condition(status, "NamesAccepted")
    if names.get("status") == "False":
        return _failed(names, "its names are taken")
    established = _condition(status, "Established")
    if established.get("status") == "True":
        return _ready("is established")
    if established.get("status") == "False" and established.get("reason") != "Installing":
        return _failed(established, "is not established")
    return _waiting("is not established yet")


def _claim(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    phase = str(status.get("phase", "Pending"))
    if phase == "Lost":
        return RolloutState(ready=False, failed=True, message="lost its volume")
    return _ready("is bound") if phase == "Bound" else _waiting("is not bound to a volume yet")


def _pod(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    phase = status.get("phase")
    if phase == "Succeeded":
        return _ready("has succeeded")
    if phase == "Failed":
        return _failed(status, "failed")
    if _condition(status, "Ready").get("status") == "True":
        return _ready("is ready")
    return _waiting("is not ready yet")


def _api_service(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    available = _condition(status, "Available")
    if available.get("status") == "True":
        return _ready("is available")
    return _waiting(_said(available, "is not available yet"))


def _namespace(_spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    return _waiting("is being deleted") if status.get("phase") == "Terminating" else _ready("is active")


def _service(spec: Mapping[str, Any], status: Mapping[str, Any]) -> RolloutState:
    if spec.get("type") != "LoadBalancer" or spec.get("externalIPs"):
        return _ready("is ready")
    if mapping(status.get("loadBalancer")).get("ingress"):
        return _ready("has its address")
    return _waiting("has no address of a load balancer yet")


def _always(_spec: Mapping[str, Any], _status: Mapping[str, Any]) -> RolloutState:
    return _ready("is ready")


def _by_standard_conditions(status: Mapping[str, Any]) -> RolloutState | None:
    """What kstatus' own two conditions say, on whatever kind they stand."""
    stalled = _condition(status, "Stalled")
    if stalled.get("status") == "True":
        return _failed(stalled, "is stalled")
    reconciling = _condition(status, "Reconciling")
    if reconciling.get("status") == "True":
        return _waiting(_said(reconciling, "is being reconciled"))
    return None


def _by_ready(generation: Any, status: Mapping[str, Any]) -> RolloutState:
    ready = _condition(status, "Ready")
    if ready and _of_another(ready.get("observedGeneration"), generation):
        return _waiting("its condition Ready is of an older generation")
    if ready and ready.get("status") != "True":
        return _waiting(_said(ready, "is not ready yet"))
    return _ready("is ready")


_RULES: Mapping[tuple[str, str], Callable[[Mapping[str, Any], Mapping[str, Any]], RolloutState]] = {
    ("apps", "Deployment"): _deployment,
    ("apps", "StatefulSet"): _stateful_set,
    ("apps", "DaemonSet"): _daemon_set,
    ("apps", "ReplicaSet"): _replica_set,
    ("batch", "Job"): _job,
    ("batch", "CronJob"): _always,
    ("policy", "PodDisruptionBudget"): _always,
    ("apiextensions.k8s.io", "CustomResourceDefinition"): _custom_resource_definition,
    ("apiregistration.k8s.io", "APIService"): _api_service,
    ("", "PersistentVolumeClaim"): _claim,
    ("", "Pod"): _pod,
    ("", "Namespace"): _namespace,
    ("", "Service"): _service,
}

_BUILT_IN = frozenset(
    {"", "apps", "autoscaling", "batch", "policy", "admissionregistration.k8s.io", "apiextensions.k8s.io"}
    | {"apiregistration.k8s.io", "authentication.k8s.io", "authorization.k8s.io", "certificates.k8s.io"}
    | {"coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "flowcontrol.apiserver.k8s.io"}
    | {"networking.k8s.io", "node.k8s.io", "rbac.authorization.k8s.io", "resource.k8s.io"}
    | {"scheduling.k8s.io", "storage.k8s.io"}
)
"""The API server's own groups; the kinds of all others are custom resources, which conditions speak for."""

# Their controllers always say which generation they have seen; until then the numbers mean nothing.
_OBSERVED = frozenset({("apps", "Deployment"), ("apps", "StatefulSet"), ("apps", "DaemonSet")})


def _unobserved(manifest: Manifest, status: Mapping[str, Any]) -> bool:
    return _of_another(status.get("observedGeneration"), _generation(manifest))


def _generation(manifest: Manifest) -> Any:
    return mapping(manifest.get("metadata")).get("generation")


def _of_another(observed: Any, generation: Any) -> bool:
    return isinstance(observed, int) and isinstance(generation, int) and observed != generation


def _condition(status: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    conditions = status.get("conditions")
    found = (c for c in conditions if isinstance(c, dict)) if isinstance(conditions, list) else ()
    return next((c for c in found if c.get("type") == kind), {})


def _wanted(spec: Mapping[str, Any]) -> int:
    return _count(spec, "replicas", 1)


def _count(numbers: Mapping[str, Any], key: str, default: int = 0) -> int:
    value = numbers.get(key)
    return value if isinstance(value, int) else default


def _said(condition: Mapping[str, Any], otherwise: str) -> str:
    return str(condition.get("message") or condition.get("reason") or otherwise)


def _ready(message: str) -> RolloutState:
    return RolloutState(ready=True, failed=False, message=message)


def _waiting(message: str) -> RolloutState:
    return RolloutState(ready=False, failed=False, message=message)


def _failed(condition: Mapping[str, Any], otherwise: str) -> RolloutState:
    return RolloutState(ready=False, failed=True, message=_said(condition, otherwise))
