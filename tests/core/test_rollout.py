from typing import Any

import pytest

from bot.core.verify.rollout import rollout_of


def thing(
    kind: str,
    api_version: str,
    spec: dict[str, Any] | None = None,
    status: dict[str, Any] | None = None,
    **metadata: Any,
) -> dict[str, Any]:
    manifest = {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": "x", "generation": 2, **metadata},
    }
    return manifest | ({"spec": spec} if spec else {}) | ({"status": status} if status else {})


def condition(kind: str, status: str, **more: str) -> dict[str, Any]:
    return {"type": kind, "status": status, **more}


def outcome(manifest: dict[str, Any]) -> str:
    state = rollout_of(manifest)
    assert not (state.ready and state.failed)
    assert state.message
    return "ready" if state.ready else "failed" if state.failed else "waiting"


def deployment(**status: Any) -> dict[str, Any]:
    return thing("Deployment", "apps/v1", {"replicas": 2}, {"observedGeneration": 2, **status})


FULL = {"replicas": 2, "updatedReplicas": 2, "readyReplicas": 2, "availableReplicas": 2}


@pytest.mark.parametrize(
    ("manifest", "expected"),
    [
        (deployment(**FULL), "ready"),
        (deployment(**FULL | {"observedGeneration": 1}), "waiting"),
        (deployment(**FULL | {"updatedReplicas": 1}), "waiting"),
        (deployment(**FULL | {"replicas": 3}), "waiting"),
        (deployment(**FULL | {"availableReplicas": 1}), "waiting"),
        (
            deployment(conditions=[condition("Progressing", "False", reason="ProgressDeadlineExceeded")]),
            "failed",
        ),
        (deployment(conditions=[condition("ReplicaFailure", "True", message="exceeded quota")]), "failed"),
        (thing("Deployment", "apps/v1", {"replicas": 0}), "waiting"),
        (thing("Deployment", "apps/v1", {"replicas": 2, "paused": True}, {"observedGeneration": 2}), "ready"),
        (thing("Deployment", "apps/v1", {"replicas": 0}, {"observedGeneration": 2}), "ready"),
        (thing("Deployment", "apps/v1", {"replicas": 2}, {"observedGeneration": 2}), "waiting"),
    ],
)
def test_a_deployment_is_ready_when_all_its_new_pods_are_available(
    manifest: dict[str, Any], expected: str
) -> None:
    assert outcome(manifest) == expected


def test_a_failure_is_told_in_the_words_of_its_condition() -> None:
    failed = deployment(conditions=[condition("ReplicaFailure", "True", message="exceeded quota: few")])
    assert rollout_of(failed).message == "exceeded quota: few"


@pytest.mark.parametrize(
    ("spec", "status", "expected"),
    [
        ({"replicas": 2}, {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}, "ready"),
        ({"replicas": 2}, {"replicas": 2, "readyReplicas": 1, "updatedReplicas": 2}, "waiting"),
        ({"replicas": 2}, {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 1}, "waiting"),
        ({"replicas": 1}, {"replicas": 2, "readyReplicas": 2, "updatedReplicas": 2}, "waiting"),
        (
            {"replicas": 3, "updateStrategy": {"rollingUpdate": {"partition": 2}}},
            {"replicas": 3, "readyReplicas": 3, "updatedReplicas": 1},
            "ready",
        ),
        (
            {"replicas": 2, "updateStrategy": {"type": "OnDelete"}},
            {"replicas": 2, "readyReplicas": 2},
            "ready",
        ),
    ],
)
def test_a_stateful_set_is_ready_when_its_pods_are(
    spec: dict[str, Any], status: dict[str, Any], expected: str
) -> None:
    assert outcome(thing("StatefulSet", "apps/v1", spec, {"observedGeneration": 2, **status})) == expected


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        ({"desiredNumberScheduled": 0}, "ready"),
        ({"desiredNumberScheduled": 1, "updatedNumberScheduled": 0}, "waiting"),
        ({"desiredNumberScheduled": 1, "updatedNumberScheduled": 1, "numberReady": 1}, "waiting"),
        (
            {
                "desiredNumberScheduled": 1,
                "updatedNumberScheduled": 1,
                "numberReady": 1,
                "numberAvailable": 1,
            },
            "ready",
        ),
    ],
)
def test_a_daemon_set_is_ready_when_each_node_has_its_pod(status: dict[str, Any], expected: str) -> None:
    assert outcome(thing("DaemonSet", "apps/v1", {}, {"observedGeneration": 2, **status})) == expected


@pytest.mark.parametrize(
    ("kind", "api_version", "spec", "status", "expected"),
    [
        ("Job", "batch/v1", {"completions": 1}, {"active": 1}, "waiting"),
        ("Job", "batch/v1", {}, {"conditions": [condition("Complete", "True")]}, "ready"),
        ("Job", "batch/v1", {}, {"conditions": [condition("Failed", "True", message="deadline")]}, "failed"),
        ("Job", "batch/v1", {"suspend": True}, {}, "ready"),
        ("ReplicaSet", "apps/v1", {"replicas": 1}, {"readyReplicas": 0}, "waiting"),
        ("ReplicaSet", "apps/v1", {"replicas": 1}, {"readyReplicas": 1}, "ready"),
        ("Pod", "v1", {}, {"phase": "Pending"}, "waiting"),
        ("Pod", "v1", {}, {"phase": "Running", "conditions": [condition("Ready", "True")]}, "ready"),
        ("Pod", "v1", {}, {"phase": "Succeeded"}, "ready"),
        ("Pod", "v1", {}, {"phase": "Failed", "message": "evicted"}, "failed"),
        ("PersistentVolumeClaim", "v1", {}, {"phase": "Pending"}, "waiting"),
        ("PersistentVolumeClaim", "v1", {}, {"phase": "Bound"}, "ready"),
        ("PersistentVolumeClaim", "v1", {}, {"phase": "Lost"}, "failed"),
        ("Service", "v1", {"type": "ClusterIP"}, {"loadBalancer": {}}, "ready"),
        ("Service", "v1", {"type": "LoadBalancer"}, {"loadBalancer": {}}, "waiting"),
        (
            "Service",
            "v1",
            {"type": "LoadBalancer"},
            {"loadBalancer": {"ingress": [{"ip": "1.2.3.4"}]}},
            "ready",
        ),
        ("Namespace", "v1", {}, {"phase": "Active"}, "ready"),
        ("Namespace", "v1", {}, {"phase": "Terminating"}, "waiting"),
        ("ConfigMap", "v1", {}, {}, "ready"),
    ],
)
def test_each_kind_has_its_own_sign(
    kind: str, api_version: str, spec: dict[str, Any], status: dict[str, Any], expected: str
) -> None:
    assert outcome(thing(kind, api_version, spec, status)) == expected


@pytest.mark.parametrize(
    ("kind", "group", "conditions", "expected"),
    [
        ("CustomResourceDefinition", "apiextensions.k8s.io", [condition("Established", "True")], "ready"),
        ("CustomResourceDefinition", "apiextensions.k8s.io", [], "waiting"),
        ("CustomResourceDefinition", "apiextensions.k8s.io", [condition("NamesAccepted", "False")], "failed"),
        ("APIService", "apiregistration.k8s.io", [condition("Available", "True")], "ready"),
        ("APIService", "apiregistration.k8s.io", [condition("Available", "False")], "waiting"),
        ("Certificate", "cert-manager.io", [condition("Ready", "False", message="issuing")], "waiting"),
        ("Certificate", "cert-manager.io", [condition("Ready", "True")], "ready"),
        (
            "Kustomization",
            "example.com",
            [condition("Stalled", "True"), condition("Ready", "False")],
            "failed",
        ),
        ("Kustomization", "example.com", [condition("Reconciling", "True")], "waiting"),
        ("Widget", "example.com", [condition("Pretty", "False")], "ready"),
    ],
)
def test_conditions_speak_for_everything_else(
    kind: str, group: str, conditions: list[dict[str, Any]], expected: str
) -> None:
    assert outcome(thing(kind, f"{group}/v1", {"a": 1}, {"conditions": conditions})) == expected


def test_an_older_generation_says_nothing_about_the_newest() -> None:
    status = {"observedGeneration": 1, "conditions": [condition("Ready", "True")]}
    assert outcome(thing("Certificate", "cert-manager.io/v1", {}, status)) == "waiting"


def test_what_is_being_deleted_is_not_ready() -> None:
    assert outcome(thing("ConfigMap", "v1", deletionTimestamp="2026-11-23T13:00:00Z")) == "waiting"


def test_a_status_of_an_unknown_shape_is_no_error() -> None:
    odd = thing(
        "Widget",
        "example.com/v1",
        {"a": 1},
        {"conditions": ["text", {"type": "Ready"}], "observedGeneration": "2"},
    )
    assert outcome(odd) == "waiting"
