"""What a real API server says of a release that does not come up. Without nodes, states are put in."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cluster.witness import ApiWitness
from bot.core.model import ObjectRef, Target
from bot.core.verify.symptoms import symptoms_of
from tests.cluster.applied import Checkout, checkout
from tests.cluster.control_plane import ControlPlane
from tests.cluster.waiting import until

SECRET = "not-a-real-password-9"
TEMPLATE = """
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: not-a-real-password-9}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: shop}
spec:
  replicas: 1
  selector: {matchLabels: {app: shop}}
  template:
    metadata: {labels: {app: shop}}
    spec: {containers: [{name: web, image: "registry.example.com/shop:2"}]}
"""


@pytest.fixture
async def shop(tmp_path: Path, kubeconfig: Path, namespace: str, helm: Path) -> AsyncIterator[Checkout]:
    async with checkout(tmp_path, kubeconfig, namespace, helm) as made:
        made.write({"templates/all.yaml": TEMPLATE})
        yield made


def crash(plane: ControlPlane, namespace: str) -> str:
    """The Deployment's pod crashes, as a node would say it; the pod's name."""
    pods = f"/api/v1/namespaces/{namespace}/pods"
    until(lambda: bool(plane.api.call("GET", pods)["items"]), "the pod of the Deployment", 60)
    [pod] = plane.api.call("GET", pods)["items"]
    name = str(pod["metadata"]["name"])
    ended = {"exitCode": 137, "reason": "OOMKilled"}
    status = {
        "name": "web", "image": "x", "imageID": "", "ready": False, "restartCount": 5,
        "state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off 5m0s"}},
        "lastState": {"terminated": ended},
    }  # fmt: skip
    change = {"status": {"containerStatuses": [status]}}
    plane.api.call("PATCH", f"{pods}/{name}/status", change, content_type="application/merge-patch+json")
    event: dict[str, Any] = {
        "metadata": {"name": f"{name}.1", "namespace": namespace},
        "involvedObject": {"apiVersion": "v1", "kind": "Pod", "name": name, "namespace": namespace},
        "type": "Warning", "reason": "BackOff", "count": 7,
        "message": f"login with {SECRET} failed",
        "lastTimestamp": "2026-01-01T00:00:00Z", "source": {"component": "kubelet"},
    }  # fmt: skip
    plane.api.call("POST", f"/api/v1/namespaces/{namespace}/events", event)
    return name


async def test_a_failed_verification_says_what_pods_and_warnings_say_and_that_there_is_no_log(
    control_plane: ControlPlane, shop: Checkout
) -> None:
    assert (await shop.apply()).result == "unverified"
    pod = crash(control_plane, shop.namespace)
    shop.write({"templates/all.yaml": TEMPLATE.replace("name: login}", "name: login, labels: {a: b}}")})
    done = await shop.apply()
    assert done.result == "unverified"
    [told] = [one.symptoms for one in done.releases if one.symptoms]
    assert told.lines[0] == f"Deployment {shop.namespace}/shop: 0 of 1 pods are available"
    assert f"Pod {pod}: container web waits: CrashLoopBackOff: back-off 5m0s; 5 restarts, " in told.lines[1]
    assert "exit code 137 (OOMKilled)" in told.lines[1]
    [warning] = [line for line in told.lines if line.startswith("Warning, 7 times, ")]
    assert f"Pod {pod}: BackOff: login with ‹masked:" in warning
    assert told.logs == ()
    assert told.unread == (f"pod {pod}, container web before its last restart: the log is empty.",)
    assert "What the cluster says of" in "\n".join(shop.lines)
    assert SECRET not in "\n".join(shop.lines)


async def test_a_log_that_no_node_gives_is_one_plain_line(
    control_plane: ControlPlane, shop: Checkout
) -> None:
    await shop.apply()
    pod = crash(control_plane, shop.namespace)
    path = f"/api/v1/namespaces/{shop.namespace}/pods/{pod}/binding"
    node = {"apiVersion": "v1", "kind": "Node", "name": "nowhere"}
    control_plane.api.call("POST", path, {"metadata": {"name": pod}, "target": node})
    ref = ObjectRef("apps/v1", "Deployment", shop.namespace, "shop")
    seen = await ApiWitness({}).look(shop.target, [ref])
    told = symptoms_of(f"{shop.namespace}/shop", seen, str)
    assert "CrashLoopBackOff" in told.lines[1]
    [said] = told.unread
    assert said.startswith("Not read: the API server could not get pods/log (HTTP ")


async def test_rights_that_are_missing_are_named_and_the_rest_is_said(
    control_plane: ControlPlane, shop: Checkout
) -> None:
    await shop.apply()
    crash(control_plane, shop.namespace)
    space, rbac = shop.namespace, f"/apis/rbac.authorization.k8s.io/v1/namespaces/{shop.namespace}"
    post = control_plane.api.call
    post("POST", f"/api/v1/namespaces/{space}/serviceaccounts", {"metadata": {"name": "half"}})
    rules = [{"apiGroups": ["", "apps"], "resources": ["pods", "replicasets", "deployments"],
              "verbs": ["get", "list"]}]  # fmt: skip
    post("POST", f"{rbac}/roles", {"metadata": {"name": "half"}, "rules": rules})
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "half"}
    who = [{"kind": "ServiceAccount", "name": "half", "namespace": space}]
    post("POST", f"{rbac}/rolebindings", {"metadata": {"name": "half"}, "roleRef": role, "subjects": who})
    token = control_plane.service_account_token(space, "half")
    config = control_plane.kubeconfig_for(f"half-{space}", token)
    target = Target("production", "ops/shop", kubeconfig=str(config))
    ref = ObjectRef("apps/v1", "Deployment", space, "shop")
    seen = await ApiWitness({}).look(target, [ref])
    told = symptoms_of(f"{space}/shop", seen, str)
    assert "CrashLoopBackOff" in told.lines[1]
    assert set(told.unread) == {
        f"Not read: the identity may not list events in namespace {space}.",
        f"Not read: the identity may not get pods/log in namespace {space}.",
    }
