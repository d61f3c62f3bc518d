"""The other identities that the chart can make: a planner of some namespaces only, and the deployer."""

import base64
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.attempts import reading, resources
from tests.chart.cases import DIRECT, values
from tests.chart.conftest import Helm
from tests.chart.planned import planned, purser
from tests.cluster.api import Api, ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.releases import revisions
from tests.cluster.waiting import until
from tests.e2e.files import VALUES, project_files
from tests.e2e.files import values as web_values

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
ADMISSION = {
    "validatingwebhookconfigurations",
    "mutatingwebhookconfigurations",
    "validatingadmissionpolicies",
    "validatingadmissionpolicybindings",
}


def made(plane: ControlPlane, name: str) -> str:
    plane.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


def planner(plane: ControlPlane, namespace: str) -> tuple[Api, Path]:
    """The planning account of an installation, and its kubeconfig."""
    token = plane.service_account_token(namespace, "purser-plan")
    return plane.api_for(token), plane.kubeconfig_for(f"plan-{namespace}", token)


def in_force(api: Api, namespace: str) -> None:
    """Waits for the roles and for the policy that was just installed."""

    def refused() -> bool:
        try:
            # Valid for RBAC and nothing else: without the policy it would be made.
            api.call("POST", f"/api/v1/namespaces/{namespace}/configmaps", {"metadata": {"name": "early"}})
        except ApiError as error:
            return "may only try" in str(error)
        return False

    until(refused, "the admission policy to be in force", 60)


async def test_a_planner_of_some_namespaces_sees_no_others(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    mine, other = made(plane, f"{namespace}-mine"), made(plane, f"{namespace}-other")
    helm.install(namespace, values({"rbac": {"plan": {"namespaces": [mine]}}}))
    api, kubeconfig = planner(plane, namespace)
    in_force(api, mine)
    kinds = [it for it in resources(plane.api) if not it.is_part and "list" in it.verbs]
    readable = {it.name for it in kinds if it.namespaced and reading(api, it, other) != 403}
    assert readable == set()
    assert reading(api, next(it for it in kinds if it.name == "secrets"), namespace) == 403
    wide = {it.name for it in kinds if not it.namespaced and reading(api, it, "") != 403}
    assert wide == {"namespaces", "customresourcedefinitions", *ADMISSION}

    checkout = tmp_path / "checkout"
    for name, text in project_files(mine).items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
    plan = await planned(kubeconfig, checkout, tmp_path)
    assert plan["complete"] is True
    assert [
        (it["action"], [f for f in it["findings"] if f["level"] == "error"]) for it in plan["releases"]
    ] == [("install", [])]
    with pytest.raises(ApiError, match="is forbidden: User"):
        api.call("POST", f"/api/v1/namespaces/{other}/configmaps?dryRun=All", {"metadata": {"name": "a"}})


def test_webhook_configurations_can_be_tried_only_where_the_values_say_so(
    plane: ControlPlane, helm: Helm, namespace: str
) -> None:
    """By default no verb but get and list; with the value, RBAC allows it and the policy must keep it dry."""
    path = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    body = {"metadata": {"name": f"{namespace}-hook"}}
    helm.install(namespace, values())
    api, _ = planner(plane, namespace)
    in_force(api, namespace)
    with pytest.raises(ApiError, match="is forbidden: User"):
        api.call("POST", f"{path}?dryRun=All", body)
    helm.install(namespace, values({"rbac": {"plan": {"webhookConfigurations": True}}}))

    def allowed() -> bool:
        try:
            api.call("POST", f"{path}?dryRun=All", body)
        except ApiError:
            return False
        return True

    until(allowed, "the new role", 60)
    with pytest.raises(ApiError, match="may only try"):
        api.call("POST", path, body)
    assert not plane.api.exists(f"{path}/{namespace}-hook")


def mounted(plane: ControlPlane, namespace: str, folder: Path) -> Path:
    """The kubeconfig that the pod finds in /etc/purser/deploy, with this server's address."""
    path = f"/api/v1/namespaces/{namespace}"

    def token() -> dict[str, Any] | None:
        found: dict[str, Any] = plane.api.call("GET", f"{path}/secrets/purser-deploy-token")
        return found.get("data")

    until(lambda: token() is not None, "the deployer's token")
    data = token()
    assert data is not None
    for name in ("token", "ca.crt"):
        (folder / name).write_bytes(base64.b64decode(data[name]))
    text = plane.api.call("GET", f"{path}/configmaps/purser-deploy")["data"]["kubeconfig"]
    assert "server: https://kubernetes.default.svc\n" in text
    text = text.replace("https://kubernetes.default.svc", plane.server)
    file = folder / "kubeconfig"
    file.touch(mode=0o600)
    file.write_text(text.replace("/etc/purser/deploy/", f"{folder}/"), encoding="utf-8")
    return file


async def test_the_deployer_s_kubeconfig_deploys_and_the_planner_s_does_not(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    target = made(plane, f"{namespace}-web")
    helm.install(namespace, values(DIRECT))
    api, planning = planner(plane, namespace)
    in_force(api, target)
    (tmp_path / "deploy").mkdir()
    deploying = mounted(plane, namespace, tmp_path / "deploy")
    checkout = tmp_path / "checkout"
    for name, text in {**project_files(target), VALUES: web_values(color="green", replicas=0)}.items():
        (checkout / name).parent.mkdir(parents=True, exist_ok=True)
        (checkout / name).write_text(text, encoding="utf-8")
    plan = await planned(planning, checkout, tmp_path)
    where = ("apply", str(checkout), "--seal", plan["seal"], "--kubeconfig")
    environment = {"PATH": f"{helm.program.parent}:/usr/bin:/bin"}
    code, out, err = await purser(*where, str(planning), home=tmp_path, environment=environment)
    assert code != 0, (out, err)
    assert revisions(plane, target) == []
    code, out, err = await purser(*where, str(deploying), home=tmp_path, environment=environment)
    assert code == 0, (out, err)
    assert revisions(plane, target) == [("web", 1, "deployed")]
    found = plane.api.call("GET", f"/api/v1/namespaces/{target}/configmaps/web")
    assert found["data"] == {"color": "green"}


def test_no_deployer_without_asking_for_it_and_none_is_left_behind(
    plane: ControlPlane, helm: Helm, namespace: str
) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"

    def names() -> list[str]:
        found = [it["metadata"]["name"] for it in plane.api.call("GET", accounts)["items"]]
        return sorted(it for it in found if re.match("purser", it))

    helm.install(namespace, values())
    assert names() == ["purser-plan"]
    helm.install(namespace, values(DIRECT))
    assert names() == ["purser-deploy", "purser-plan"]
    helm.install(namespace, values())
    assert names() == ["purser-plan"]
    bindings = plane.api.call("GET", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings")["items"]
    mighty = [it for it in bindings if it["roleRef"]["name"] == "cluster-admin"]
    assert [it for it in mighty if namespace in yaml.safe_dump(it)] == []
