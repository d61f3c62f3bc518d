"""What pods say about the workload that owns them."""

from typing import Any

import pytest

from bot.core.verify.pods import pod_trouble, trouble

REVISION = "deployment.kubernetes.io/revision"


def workload(kind: str = "Deployment", revision: str = "2", **status: Any) -> dict[str, Any]:
    metadata = {"name": "web", "namespace": "shop", "uid": "w", "annotations": {REVISION: revision}}
    return {"kind": kind, "metadata": metadata, "status": status}


def owned(kind: str, name: str, owner: str, **metadata: Any) -> dict[str, Any]:
    references = [{"uid": owner, "controller": True}]
    return {"kind": kind, "metadata": {"name": name, "uid": name, "ownerReferences": references, **metadata}}


def replica_set(name: str, revision: str) -> dict[str, Any]:
    return owned("ReplicaSet", name, "w", annotations={REVISION: revision})


def waits(reason: str, message: str = "", restarts: int = 0, ended: int | None = None) -> dict[str, Any]:
    container = {
        "name": "app",
        "restartCount": restarts,
        "state": {"waiting": {"reason": reason, "message": message}},
        "lastState": {"terminated": {"exitCode": ended, "reason": "Error"}} if ended is not None else {},
    }
    return {"containerStatuses": [container]}


def pod(owner: str, status: dict[str, Any], **labels: str) -> dict[str, Any]:
    return owned("Pod", "web-1", owner, labels=labels) | {"status": status}


NEW, OLD = replica_set("new", "2"), replica_set("old", "1")


@pytest.mark.parametrize(
    ("status", "hopeless", "said"),
    [
        pytest.param(
            waits("ImagePullBackOff", "Back-off pulling image"),
            True,
            "pod web-1, container app: ImagePullBackOff: Back-off pulling image",
            id="an image that cannot be pulled is given up",
        ),
        pytest.param(
            waits("InvalidImageName"),
            True,
            "pod web-1, container app: InvalidImageName",
            id="a name that is none of an image is given up",
        ),
        pytest.param(
            waits("ErrImagePull", "not found"),
            False,
            "pod web-1, container app: ErrImagePull: not found",
            id="the first failure to pull is only said",
        ),
        pytest.param(
            waits("CrashLoopBackOff", restarts=3, ended=137),
            True,
            "pod web-1, container app: CrashLoopBackOff, restarted 3 times, the last time with exit code "
            "137 (Error)",
            id="a container that crashed three times is given up",
        ),
        pytest.param(
            waits("CrashLoopBackOff", restarts=2),
            False,
            "pod web-1, container app: CrashLoopBackOff, restarted 2 times",
            id="a container that crashed twice may have started too early",
        ),
        pytest.param(
            waits("CreateContainerConfigError", 'secret "x" not found'),
            False,
            'pod web-1, container app: CreateContainerConfigError: secret "x" not found',
            id="a Secret that is missing may still come",
        ),
        pytest.param(
            {"initContainerStatuses": waits("ImagePullBackOff")["containerStatuses"]},
            True,
            "pod web-1, container app: ImagePullBackOff",
            id="init containers count as well",
        ),
        pytest.param(
            {
                "conditions": [
                    {
                        "type": "PodScheduled",
                        "status": "False",
                        "reason": "Unschedulable",
                        "message": "0/3 nodes",
                    }
                ]
            },
            False,
            "pod web-1 finds no node: 0/3 nodes",
            id="a pod without a node may get one",
        ),
    ],
)
def test_the_reason_is_said_and_what_is_hopeless_is_known(
    status: dict[str, Any], hopeless: bool, said: str
) -> None:
    found = trouble(workload(), [NEW, OLD], [pod("new", status)])
    assert found is not None
    assert (found.hopeless, found.message) == (hopeless, said)
    alone = pod_trouble(pod("new", status))
    assert alone == found


def test_pods_of_an_older_revision_are_not_looked_at() -> None:
    assert trouble(workload(), [NEW, OLD], [pod("old", waits("ImagePullBackOff"))]) is None


def test_pods_of_somebody_else_are_not_looked_at() -> None:
    assert trouble(workload(), [NEW, OLD], [pod("other", waits("ImagePullBackOff"))]) is None


def test_a_deployment_without_its_replica_set_yet_has_no_pods() -> None:
    assert trouble(workload(), [OLD], [pod("new", waits("ImagePullBackOff"))]) is None


def test_the_worst_of_several_pods_is_said() -> None:
    pods = [pod("new", waits("ErrImagePull")), pod("new", waits("ImagePullBackOff"))]
    found = trouble(workload(), [NEW], pods)
    assert found is not None
    assert found.hopeless


@pytest.mark.parametrize(
    ("kind", "status", "labels", "counts"),
    [
        ("StatefulSet", {"updateRevision": "web-2"}, {"controller-revision-hash": "web-2"}, True),
        ("StatefulSet", {"updateRevision": "web-2"}, {"controller-revision-hash": "web-1"}, False),
        ("DaemonSet", {}, {}, True),
        ("ReplicaSet", {}, {}, True),
    ],
    ids=["the new pods of a StatefulSet", "its old pods", "a DaemonSet's", "a ReplicaSet's"],
)
def test_which_pods_count(kind: str, status: dict[str, Any], labels: dict[str, str], counts: bool) -> None:
    found = trouble(workload(kind, **status), [], [pod("w", waits("ImagePullBackOff"), **labels)])
    assert (found is not None) == counts


def test_an_older_template_of_a_daemon_set_does_not_count() -> None:
    daemon = workload("DaemonSet")
    daemon["metadata"]["annotations"]["deprecated.daemonset.template.generation"] = "2"
    status = waits("ImagePullBackOff")
    assert trouble(daemon, [], [pod("w", status, **{"pod-template-generation": "1"})]) is None
    assert trouble(daemon, [], [pod("w", status, **{"pod-template-generation": "2"})]) is not None


def test_a_job_counts_its_crashes_by_itself() -> None:
    found = trouble(workload("Job"), [], [pod("w", waits("CrashLoopBackOff", restarts=9))])
    assert found is not None
    assert not found.hopeless


def test_a_status_of_an_unknown_shape_is_no_error() -> None:
    odd: dict[str, Any] = {"containerStatuses": "x", "conditions": [1, {"type": "PodScheduled"}]}
    assert trouble(workload(), [NEW], [pod("new", odd)]) is None
