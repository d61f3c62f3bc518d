"""What the doctor says of rights, and that its own commands grant exactly them, on a real API server."""

import json
import shlex
from pathlib import Path
from typing import Any

from bot.adapters.cluster.rights import review, try_write
from bot.app.doctor import write_sign
from bot.core.model import Target
from bot.core.rights import EVERYTHING, Right, deploying, grants, missing, planning
from tests.cluster.control_plane import ControlPlane

RBAC = "/apis/rbac.authorization.k8s.io/v1"


def carry_out(control_plane: ControlPlane, command: str) -> str:
    """What kubectl would do, through the API; the path of what was made."""
    words = shlex.split(command)
    assert words[:2] == ["kubectl", "create"]
    kind, name = words[2:4]
    flags = {it.partition("=")[0]: it.partition("=")[2] for it in words[4:] if "=" in it}
    namespace = words[words.index("--namespace") + 1] if "--namespace" in words else ""
    body: dict[str, Any] = {"metadata": {"name": name}}
    if kind.endswith("binding"):
        role = "clusterrole" if kind.startswith("cluster") else "role"
        proper = {"clusterrole": "ClusterRole", "role": "Role"}[role]
        body["roleRef"] = {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": proper,
            "name": flags[f"--{role}"],
        }
        of, account = flags["--serviceaccount"].split(":")
        body["subjects"] = [{"kind": "ServiceAccount", "namespace": of, "name": account}]
    else:
        resources = [it.partition(".") for it in flags["--resource"].split(",")]
        body["rules"] = [
            {"apiGroups": [group], "resources": [resource], "verbs": flags["--verb"].split(",")}
            for resource, _, group in resources
        ]
    path = f"{RBAC}/namespaces/{namespace}/{kind}s" if namespace else f"{RBAC}/{kind}s"
    control_plane.api.call("POST", path, body)
    return f"{path}/{name}"


async def test_the_commands_of_the_doctor_grant_what_it_found_missing(
    control_plane: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    control_plane.api.call("POST", accounts, {"metadata": {"name": "planner"}})
    token = control_plane.service_account_token(namespace, "planner")
    kubeconfig = control_plane.kubeconfig_for(f"doctor-{namespace}", token)
    target = Target("production", "platform/cluster", kubeconfig=str(kubeconfig))
    wanted = [*planning([namespace]), *deploying([namespace])]
    first = await review(target, [*wanted, EVERYTHING])
    assert first.user == f"system:serviceaccount:{namespace}:planner"
    assert first.version.startswith("v1.")
    assert set(first.denied) == {*wanted, EVERYTHING}
    assert all(f"in the namespace {namespace}" in it or "namespaces" in it or "custom" in it
               for it in missing(wanted))  # fmt: skip
    made = []
    try:
        for command in grants(first.user, [it for it in first.denied if it != EVERYTHING], namespace):
            made.append(carry_out(control_plane, command))
        second = await review(target, [*wanted, EVERYTHING, Right("delete", "", "nodes")])
        assert second.denied == (EVERYTHING, Right("delete", "", "nodes"))
    finally:
        for path in made:
            control_plane.api.call("DELETE", path)


async def test_an_administrator_lacks_nothing_and_may_do_anything(kubeconfig: Path) -> None:
    target = Target("production", "platform/cluster", kubeconfig=str(kubeconfig))
    found = await review(target, [*planning(), *deploying(), EVERYTHING])
    assert (found.denied, bool(found.user)) == ((), True)
    assert json.dumps(found.user)


def kept(control_plane: ControlPlane, namespace: str) -> list[str]:
    """The doctor's ConfigMaps that stand."""
    found = control_plane.api.call("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return [it["metadata"]["name"] for it in found if it["metadata"]["name"].startswith("purser-doctor-")]


async def state(target: Target, namespace: str) -> tuple[str, str]:
    """How the doctor judges a write that was tried, and what mends it."""
    it = await try_write(target, namespace)
    sign = write_sign("production", namespace, it.status, it.words, name=it.name, left=it.left)
    return sign.state, sign.mend


async def test_a_write_that_nothing_refuses_is_told_and_taken_back(
    control_plane: ControlPlane, namespace: str, kubeconfig: Path
) -> None:
    administrator = Target("production", "a/b", kubeconfig=str(kubeconfig))
    judged, mend = await state(administrator, namespace)
    assert (judged, "admissionPolicy" in mend) == ("ill", True)
    assert kept(control_plane, namespace) == []
    assert (await state(administrator, "no-such-namespace"))[0] == "unsure"


async def test_a_write_that_cannot_be_taken_back_is_told_with_the_command_that_does(
    control_plane: ControlPlane, namespace: str
) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    control_plane.api.call("POST", accounts, {"metadata": {"name": "writer"}})
    token = control_plane.service_account_token(namespace, "writer")
    kubeconfig = control_plane.kubeconfig_for(f"writer-{namespace}", token)
    target = Target("production", "a/b", kubeconfig=str(kubeconfig))
    assert (await state(target, namespace))[0] == "well"  # RBAC refuses it
    role = "kubectl create role writer --verb=create,patch --resource=configmaps --namespace"
    binding = f"kubectl create rolebinding writer --role=writer --serviceaccount={namespace}:writer"
    carry_out(control_plane, f"{role} {namespace}")
    carry_out(control_plane, f"{binding} --namespace {namespace}")
    judged, mend = await state(target, namespace)
    [name] = kept(control_plane, namespace)
    assert (judged, mend) == ("ill", f"kubectl --namespace {namespace} delete configmap {name}")
