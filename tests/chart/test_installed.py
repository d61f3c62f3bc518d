"""The chart installed, upgraded and uninstalled by Helm's own command on a real API server."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from bot.adapters.helm.sdk import SdkRenderer
from bot.app.ports import Renderer
from tests.chart.cases import CASES, CHART, DIRECT, POSTGRESQL, job, values
from tests.chart.conftest import Helm
from tests.chart.planned import planned
from tests.cluster.api import ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.releases import revisions

pytestmark = [pytest.mark.cluster, pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
PLACES = {"NetworkPolicy": "networkpolicies", "Ingress": "ingresses"}
NOT_SERVED = ("ServiceMonitor", "PrometheusRule")
"""The Prometheus operator's, which this cluster does not have."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with SdkRenderer(workers=1, read_paths=[str(CHART)]) as made:
        yield made


def path_of(manifest: dict[str, Any], namespace: str) -> str:
    """Where the object is served."""
    group = manifest["apiVersion"]
    kind = manifest["kind"]
    plural = PLACES.get(kind, f"{kind.lower()}s").replace("policys", "policies")
    wide = kind.startswith(("Cluster", "ValidatingAdmission"))
    place = "" if wide else f"/namespaces/{manifest['metadata'].get('namespace', namespace)}"
    return f"/{'apis' if '/' in group else 'api'}/{group}{place}/{plural}/{manifest['metadata']['name']}"


@pytest.mark.parametrize("case", CASES)
async def test_the_server_takes_each_object_of_each_choice(
    renderer: Renderer, plane: ControlPlane, namespace: str, case: str
) -> None:
    for name in ("web", "data"):
        if not plane.api.exists(f"/api/v1/namespaces/{name}"):
            plane.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    found = (await renderer.render(job(values(CASES[case]), namespace=namespace))).objects
    known = [it for it in found if it["kind"] not in NOT_SERVED]
    assert known
    for it in known:
        # Strict: a misspelt field is refused, not dropped.
        query = "?dryRun=All&fieldManager=helm&fieldValidation=Strict"
        made = plane.api.call(
            "PATCH", path_of(it, namespace) + query, it, content_type="application/apply-patch+yaml"
        )
        assert made["metadata"]["name"] == it["metadata"]["name"]


@pytest.mark.parametrize(
    "case", ["sqlite", "postgresql", "direct", "own authority", "other clusters", "placed"]
)
async def test_its_pod_is_admitted_where_only_restricted_pods_are(
    renderer: Renderer, plane: ControlPlane, namespace: str, case: str
) -> None:
    """Admission judges pods, not Deployments, so the Deployment's pod is tried here."""
    found = (await renderer.render(job(values(CASES[case]), namespace=namespace))).objects
    [template] = [it["spec"]["template"] for it in found if it["kind"] == "Deployment"]
    pod = {"metadata": {"generateName": "try-", **template["metadata"]}, "spec": template["spec"]}
    path = f"/api/v1/namespaces/{namespace}/pods?dryRun=All"
    assert plane.api.call("POST", path, pod)["metadata"]["name"].startswith("try-")
    pod["spec"]["containers"][0]["securityContext"]["capabilities"] = {"add": ["NET_ADMIN"]}
    with pytest.raises(ApiError, match="violates PodSecurity"):
        plane.api.call("POST", path, pod)


def objects(plane: ControlPlane, namespace: str, kind: str) -> list[str]:
    """Names of the namespace's objects, as `api/v1/services`."""
    group, _, plural = kind.rpartition("/")
    found = plane.api.call("GET", f"/{group}/namespaces/{namespace}/{plural}")["items"]
    return sorted(it["metadata"]["name"] for it in found)


async def test_installed_upgraded_from_the_version_before_and_uninstalled(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    before = tmp_path / "before" / "purser"
    shutil.copytree(CHART, before)
    head = yaml.safe_load((before / "Chart.yaml").read_text())
    (before / "Chart.yaml").write_text(yaml.safe_dump({**head, "version": "0.0.9", "appVersion": "0.0.9"}))
    said = helm.install(namespace, values(), before)
    assert f"kubectl --namespace {namespace} rollout status deployment/purser" in said
    deployment = f"/apis/apps/v1/namespaces/{namespace}/deployments/purser"
    first = plane.api.call("GET", deployment)
    assert first["spec"]["template"]["spec"]["containers"][0]["image"] == "purser:0.0.9"
    claim = plane.api.call("GET", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/purser-data")

    helm.install(namespace, values({"config": {"log": {"level": "debug"}}}))
    second = plane.api.call("GET", deployment)
    assert second["metadata"]["uid"] == first["metadata"]["uid"]
    assert second["spec"]["template"]["spec"]["containers"][0]["image"] == "purser:0.1.0"
    helm.install(namespace, values(POSTGRESQL, {"replicas": 2}))
    assert plane.api.call("GET", deployment)["spec"]["strategy"]["type"] == "RollingUpdate"
    assert [number for _, number, _ in revisions(plane, namespace)] == [1, 2, 3]

    helm("uninstall", "purser", "--namespace", namespace, "--wait")
    assert objects(plane, namespace, "apis/apps/v1/deployments") == []
    assert objects(plane, namespace, "api/v1/serviceaccounts") == ["default"]
    policies = plane.api.call("GET", "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies")
    assert [it for it in policies["items"] if namespace in it["metadata"]["name"]] == []
    kept = plane.api.call("GET", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/purser-data")
    assert kept["metadata"]["uid"] == claim["metadata"]["uid"]
    assert "deletionTimestamp" not in kept["metadata"]

    helm.install(namespace, values())
    again = plane.api.call("GET", f"/api/v1/namespaces/{namespace}/persistentvolumeclaims/purser-data")
    assert again["metadata"]["uid"] == claim["metadata"]["uid"]


async def test_purser_plans_its_own_chart_and_helm_does_what_the_plan_says(
    plane: ControlPlane, helm: Helm, namespace: str, tmp_path: Path
) -> None:
    checkout = tmp_path / "checkout"
    shutil.copytree(CHART, checkout / "charts" / "purser")
    given = values(DIRECT)
    (checkout / "values.yaml").write_text(yaml.safe_dump(given))
    release = {
        "name": "purser",
        "namespace": namespace,
        "chart": "./charts/purser",
        "values": ["values.yaml"],
    }
    (checkout / "releases.yaml").write_text(yaml.safe_dump({"version": 1, "releases": [release]}))
    plan = await planned(plane.kubeconfig, checkout, tmp_path)
    [made] = plan["releases"]
    assert (plan["complete"], made["action"]) == (True, "install")
    assert [it for it in made["findings"] if it["level"] == "error"] == []
    wanted = {(it["kind"], it["name"]) for it in made["objects"] if it["action"] == "create"}
    assert ("Deployment", "purser") in wanted
    assert {it["kind"] for it in made["objects"] if it["action"] != "create"} <= {"Namespace"}

    helm.install(namespace, given)
    there = helm("get", "manifest", "purser", "--namespace", namespace)
    live = [it for it in yaml.safe_load_all(there) if it]
    assert {(it["kind"], it["metadata"]["name"]) for it in live} == wanted
    again = await planned(plane.kubeconfig, checkout, tmp_path)
    assert [it["action"] for it in again["releases"]] == ["none"]
