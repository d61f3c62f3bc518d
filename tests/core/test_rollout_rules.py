"""The rules of kstatus, one sentence each; what differs from it on purpose is said so."""

from typing import Any

import pytest

from bot.core.model import ObjectRef
from bot.core.verify.rollout import claim_waits_for_its_pod, has_rollout, rollout_of
from tests.core.test_rollout import condition, outcome, thing

STATEFUL = {"observedGeneration": 2, "replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}


def rule(sentence: str, manifest: dict[str, Any], expected: str) -> Any:
    return pytest.param(manifest, expected, id=sentence)


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        rule(
            "a StatefulSet between two revisions waits",
            thing(
                "StatefulSet",
                "apps/v1",
                {"replicas": 2},
                {**STATEFUL, "currentRevision": "a", "updateRevision": "b"},
            ),
            "waiting",
        ),
        rule(
            "a StatefulSet with a partition stays between two revisions",
            thing(
                "StatefulSet",
                "apps/v1",
                {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 1}}},
                {**STATEFUL, "updatedReplicas": 1, "currentRevision": "a", "updateRevision": "b"},
            ),
            "ready",
        ),
        rule(
            "a StatefulSet whose partition is above its replicas updates none",
            thing(
                "StatefulSet",
                "apps/v1",
                {"replicas": 2, "updateStrategy": {"rollingUpdate": {"partition": 5}}},
                {**STATEFUL, "updatedReplicas": 0},
            ),
            "ready",
        ),
        rule(
            "a DaemonSet that has not counted its nodes waits",
            thing("DaemonSet", "apps/v1", {}, {"observedGeneration": 2}),
            "waiting",
        ),
        rule(
            "a DaemonSet with OnDelete need not be updated, but available",
            thing(
                "DaemonSet",
                "apps/v1",
                {"updateStrategy": {"type": "OnDelete"}},
                {
                    "observedGeneration": 2,
                    "desiredNumberScheduled": 1,
                    "numberReady": 1,
                    "numberAvailable": 1,
                },
            ),
            "ready",
        ),
        rule(
            "a ReplicaSet with pods too many waits",
            thing("ReplicaSet", "apps/v1", {"replicas": 1}, {"replicas": 2, "readyReplicas": 2}),
            "waiting",
        ),
        rule("a CronJob is ready at once", thing("CronJob", "batch/v1", {"schedule": "* * * * *"}), "ready"),
        rule(
            "a PodDisruptionBudget that was seen is ready",
            thing("PodDisruptionBudget", "policy/v1", {}, {"observedGeneration": 2, "disruptionsAllowed": 0}),
            "ready",
        ),
        rule(
            "a PodDisruptionBudget of another generation waits",
            thing("PodDisruptionBudget", "policy/v1", {}, {"observedGeneration": 1}),
            "waiting",
        ),
        rule(
            "a CRD that is being installed waits",
            thing(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                {"a": 1},
                {"conditions": [condition("Established", "False", reason="Installing")]},
            ),
            "waiting",
        ),
        rule(
            "a CRD that cannot be established has failed",
            thing(
                "CustomResourceDefinition",
                "apiextensions.k8s.io/v1",
                {"a": 1},
                {"conditions": [condition("Established", "False", reason="NotAccepted")]},
            ),
            "failed",
        ),
        rule(
            "Stalled counts on every kind",
            thing(
                "Ingress", "networking.k8s.io/v1", {"a": 1}, {"conditions": [condition("Stalled", "True")]}
            ),
            "failed",
        ),
        rule(
            "Reconciling counts on every kind",
            thing(
                "Ingress",
                "networking.k8s.io/v1",
                {"a": 1},
                {"conditions": [condition("Reconciling", "True")]},
            ),
            "waiting",
        ),
        rule(
            "an Ingress is ready without an address",
            thing("Ingress", "networking.k8s.io/v1", {"a": 1}),
            "ready",
        ),
        rule(
            "a condition Ready of an older generation counts for nothing",
            thing(
                "Widget",
                "example.com/v1",
                {"a": 1},
                {"conditions": [{**condition("Ready", "True"), "observedGeneration": 1}]},
            ),
            "waiting",
        ),
        rule(
            "a condition Ready that is unknown waits",
            thing("Widget", "example.com/v1", {"a": 1}, {"conditions": [condition("Ready", "Unknown")]}),
            "waiting",
        ),
        rule(
            "a status of a later generation is not this object's",
            thing(
                "Widget",
                "example.com/v1",
                {"a": 1},
                {"observedGeneration": 3, "conditions": [condition("Ready", "True")]},
            ),
            "waiting",
        ),
        rule(
            "a custom resource without a status is ready, as nobody may ever give it one",
            thing("Widget", "example.com/v1", {"a": 1}),
            "ready",
        ),
        rule(
            "stricter than kstatus: a Job that runs is not done",
            thing("Job", "batch/v1", {}, {"startTime": "2026-11-23T13:00:00Z", "active": 1}),
            "waiting",
        ),
        rule(
            "stricter than kstatus: a LoadBalancer needs its address",
            thing("Service", "v1", {"type": "LoadBalancer", "clusterIP": "10.96.0.7"}, {"loadBalancer": {}}),
            "waiting",
        ),
        rule(
            "a Service with external addresses of its own waits for none",
            thing(
                "Service", "v1", {"type": "LoadBalancer", "externalIPs": ["192.0.2.1"]}, {"loadBalancer": {}}
            ),
            "ready",
        ),
        rule(
            "stricter than kstatus: a pod that failed has failed",
            thing("Pod", "v1", {}, {"phase": "Failed", "reason": "Evicted"}),
            "failed",
        ),
    ],
)
def test_a_rule(manifest: dict[str, Any], expected: str) -> None:
    assert outcome(manifest) == expected
    assert rollout_of(manifest).message


@pytest.mark.parametrize(
    ("mode", "phase", "waits"),
    [
        ("WaitForFirstConsumer", "Pending", True),
        ("Immediate", "Pending", False),
        (None, "Pending", False),
        ("WaitForFirstConsumer", "Lost", False),
    ],
    ids=[
        "a claim of a late class is bound with its first pod",
        "a claim of a class that binds at once is waited for",
        "a claim of a class that nobody may read is waited for",
        "a claim that lost its volume is no late one",
    ],
)
def test_claims_that_wait_for_a_pod(mode: str | None, phase: str, waits: bool) -> None:
    claim = thing("PersistentVolumeClaim", "v1", {}, {"phase": phase})
    assert claim_waits_for_its_pod(claim, {"volumeBindingMode": mode} if mode else {}) == waits


@pytest.mark.parametrize(
    ("api_version", "kind", "expected"),
    [
        ("apps/v1", "Deployment", True),
        ("v1", "ConfigMap", False),
        ("rbac.authorization.k8s.io/v1", "Role", False),
        ("gateway.networking.k8s.io/v1", "Gateway", True),
        ("cert-manager.io/v1", "Certificate", True),
        ("v1", "Service", True),
    ],
)
def test_only_kinds_that_can_be_anything_but_ready_are_read(
    api_version: str, kind: str, expected: bool
) -> None:
    assert has_rollout(ObjectRef(api_version, kind, "shop", "x")) == expected
