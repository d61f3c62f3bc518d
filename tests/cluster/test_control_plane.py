"""The control plane that the other cluster tests stand on does what a cluster does."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from tests.cluster.api import ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import KUBERNETES_VERSION
from tests.cluster.waiting import until

_LONELY = """
import json, signal
from tests.cluster.control_plane import ControlPlane
plane = ControlPlane.start(controllers=False)
print(json.dumps({"pids": plane.pids, "folder": str(plane.folder)}), flush=True)
signal.pause()
"""


def _alive(pids: tuple[int, ...]) -> list[int]:
    def runs(pid: int) -> bool:
        try:
            return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    return [pid for pid in pids if runs(pid)]


def _deployment(replicas: int) -> dict[str, object]:
    labels = {"app": "web"}
    pod = {"containers": [{"name": "web", "image": "web:1"}]}
    return {
        "metadata": {"name": "web"},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": pod},
        },
    }


def test_it_answers_as_the_pinned_kubernetes(control_plane: ControlPlane) -> None:
    assert control_plane.api.call("GET", "/readyz") == "ok"
    assert control_plane.api.call("GET", "/version")["gitVersion"] == KUBERNETES_VERSION


def test_a_deleted_namespace_goes_away_with_its_content(control_plane: ControlPlane) -> None:
    api, path = control_plane.api, "/api/v1/namespaces/short-lived"
    api.call("POST", "/api/v1/namespaces", {"metadata": {"name": "short-lived"}})
    api.call("POST", f"{path}/configmaps", {"metadata": {"name": "settings"}})
    api.call("DELETE", path)
    until(lambda: not api.exists(path), "the namespace to go")
    assert not api.exists(f"{path}/configmaps/settings")


def test_a_deployment_gets_its_pods_which_stay_pending(control_plane: ControlPlane, namespace: str) -> None:
    api, pods = control_plane.api, f"/api/v1/namespaces/{namespace}/pods"
    api.call("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment(2))
    until(lambda: len(api.call("GET", pods)["items"]) == 2, "two pods")
    assert {pod["status"]["phase"] for pod in api.call("GET", pods)["items"]} == {"Pending"}


def test_a_quota_refuses_what_is_over_it(control_plane: ControlPlane, namespace: str) -> None:
    api, path = control_plane.api, f"/api/v1/namespaces/{namespace}"
    quota = {"metadata": {"name": "few"}, "spec": {"hard": {"secrets": "0"}}}
    api.call("POST", f"{path}/resourcequotas", quota)
    until(lambda: "used" in api.call("GET", f"{path}/resourcequotas/few")["status"], "the quota to count")
    with pytest.raises(ApiError, match="exceeded quota") as refusal:
        api.call("POST", f"{path}/secrets", {"metadata": {"name": "one-too-many"}})
    assert refusal.value.status == 403


def test_a_service_account_may_only_what_its_role_says(control_plane: ControlPlane, namespace: str) -> None:
    api, path = control_plane.api, f"/api/v1/namespaces/{namespace}"
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    api.call("POST", f"{path}/serviceaccounts", {"metadata": {"name": "reader"}})
    rule = {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["list"]}
    api.call("POST", f"{rbac}/roles", {"metadata": {"name": "read"}, "rules": [rule]})
    binding = {
        "metadata": {"name": "read"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "read"},
        "subjects": [{"kind": "ServiceAccount", "name": "reader", "namespace": namespace}],
    }
    api.call("POST", f"{rbac}/rolebindings", binding)
    reader = control_plane.api_for(control_plane.service_account_token(namespace, "reader"))
    assert reader.call("GET", f"{path}/configmaps")["kind"] == "ConfigMapList"
    with pytest.raises(ApiError, match="cannot list resource") as refusal:
        reader.call("GET", f"{path}/secrets")
    assert refusal.value.status == 403


def test_every_request_is_in_the_audit_log(control_plane: ControlPlane, namespace: str) -> None:
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    control_plane.api.call("POST", path, {"metadata": {"name": "counted"}})
    control_plane.api.call("GET", f"{path}/counted")
    seen = [
        entry["verb"]
        for entry in control_plane.requests()
        if entry["user"].get("username") == "admin" and entry["requestURI"].startswith(path)
    ]
    assert seen == ["create", "get"]


def test_further_users_have_no_rights_and_a_stop_leaves_nothing(tmp_path: Path) -> None:
    with ControlPlane.start(controllers=False, users={"ann": ["developers"]}) as plane:
        pids = plane.pids
        assert _alive(pids) == list(pids)
        review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        ann = plane.api_for(plane.token_of("ann"))
        answer = ann.call("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review)
        assert answer["status"]["userInfo"]["username"] == "ann"
        assert "developers" in answer["status"]["userInfo"]["groups"]
        with pytest.raises(ApiError, match="403"):
            ann.call("GET", "/api/v1/namespaces")
    assert _alive(pids) == []
    assert not plane.folder.exists()


def test_nothing_is_left_when_the_test_run_is_killed() -> None:
    lonely = subprocess.Popen([sys.executable, "-c", _LONELY], stdout=subprocess.PIPE, text=True)
    with lonely:
        assert lonely.stdout is not None
        told = json.loads(lonely.stdout.readline())
        assert _alive(told["pids"]) == told["pids"]
        os.kill(lonely.pid, signal.SIGKILL)
    until(lambda: not _alive(told["pids"]), "the servers to go")
    assert not Path(told["folder"]).exists()
