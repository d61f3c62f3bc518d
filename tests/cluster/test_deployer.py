"""Deploying with real Helm to a real API server: the same from the command and from the library."""

import asyncio
import base64
import json
import re
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.helm.cli_deploy import CliDeployer
from bot.adapters.helm.sdk_deploy import SdkDeployer
from bot.app.ports import Deployer, DeployJob
from bot.core.errors import AuthorError
from bot.core.model import ChartInCheckout, DesiredRelease
from bot.core.planned import EngineInfo
from tests.cluster.control_plane import ControlPlane
from tests.contracts.renderer.charts import config_map, hook, of_kind, write

CHART = {
    "values.yaml": "color: blue\n",
    "templates/a.yaml": config_map(
        "{{ .Release.Name }}", color="{{ .Values.color }}", size="{{ .Values.size | default 1 | quote }}"
    ),
}
REFUSED = {
    **CHART,
    "templates/b.yaml": of_kind("Service", "bad") + "spec: {type: Nonsense, ports: [{port: 1}]}\n",
}
WAITING = {
    "templates/a.yaml": """
apiVersion: apps/v1
kind: Deployment
metadata: {name: "{{ .Release.Name }}"}
spec:
  replicas: 1
  selector: {matchLabels: {app: x}}
  template:
    metadata: {labels: {app: x}}
    spec: {containers: [{name: x, image: "example.invalid/x"}]}
"""
}
INFO = EngineInfo("helm-sdk", "4.2.3")


@pytest.fixture
def cli(helm: Path, kubeconfig: Path) -> Deployer:
    return CliDeployer(str(helm), str(kubeconfig))


@pytest.fixture
def sdk(kubeconfig: Path) -> Deployer:
    return SdkDeployer(INFO, str(kubeconfig))


@pytest.fixture(params=["cli", "sdk"])
def deployer(request: pytest.FixtureRequest) -> Deployer:
    found: Deployer = request.getfixturevalue(request.param)
    return found


class Site:
    """One namespace: jobs for it, and what stands in it."""

    def __init__(self, plane: ControlPlane, namespace: str, folder: Path) -> None:
        self.plane = plane
        self.namespace = namespace
        self.folder = folder
        self.lines: list[str] = []

    def release(self, **fields: Any) -> DesiredRelease:
        given = {"name": "web", "namespace": self.namespace, "timeout": 20, **fields}
        return DesiredRelease(chart=ChartInCheckout("demo"), **given)

    def job(
        self, files: Mapping[str, str] = CHART, *, install: bool = True, run: str = "run-1", **fields: Any
    ) -> DeployJob:
        folder = self.folder / f"chart-{len(list(self.folder.iterdir()))}"
        return DeployJob(self.release(**fields), write(folder, files), install, run)

    def get(self, path: str) -> Any:
        return self.plane.api.call("GET", path)

    def config(self, name: str = "web") -> Any:
        return self.get(f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")

    def exists(self, name: str = "web") -> bool:
        return self.plane.api.exists(f"/api/v1/namespaces/{self.namespace}/configmaps/{name}")

    def revisions(self) -> dict[int, Any]:
        found = self.get(f"/api/v1/namespaces/{self.namespace}/secrets?labelSelector=owner%3Dhelm")
        return {int(item["metadata"]["labels"]["version"]): item for item in found["items"]}

    def status(self, revision: int) -> str:
        return str(self.revisions()[revision]["metadata"]["labels"]["status"])

    def record(self, revision: int) -> Any:
        packed = self.revisions()[revision]["data"]["release"]
        return json.loads(zlib.decompress(base64.b64decode(base64.b64decode(packed)), 31))


@pytest.fixture
def site(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Site:
    return Site(control_plane, namespace, tmp_path)


def managers(found: Any) -> set[tuple[str, str]]:
    return {(entry["manager"], entry["operation"]) for entry in found["metadata"]["managedFields"]}


def unreachable(kubeconfig: Path, path: Path) -> Path:
    path.write_text(re.sub(r"server: \S+", "server: https://127.0.0.1:9", kubeconfig.read_text()))
    return path


async def test_an_install_gives_revision_1_as_helms_own(deployer: Deployer, site: Site) -> None:
    assert await deployer.deploy(site.job(values={"size": 3}, run="run-7"), site.lines.append) == 1
    found = site.config()
    assert found["data"] == {"color": "blue", "size": "3"}
    assert managers(found) == {("helm", "Apply")}
    labels = site.revisions()[1]["metadata"]["labels"]
    assert (labels["status"], labels["purser.io/run"]) == ("deployed", "run-7")


async def test_an_upgrade_takes_the_new_values_whole(deployer: Deployer, site: Site) -> None:
    await deployer.deploy(site.job(values={"color": "red", "size": 3}), site.lines.append)
    second = site.job(install=False, values={"size": 4}, run="run-2")
    assert await deployer.deploy(second, site.lines.append) == 2
    assert site.config()["data"] == {"color": "blue", "size": "4"}
    third = site.job(install=False, values={}, run="run-3")
    assert await deployer.deploy(third, site.lines.append) == 3
    assert site.config()["data"] == {"color": "blue", "size": "1"}
    assert site.record(3).get("config") in ({}, None)
    assert site.revisions()[3]["metadata"]["labels"]["purser.io/run"] == "run-3"


async def test_values_arrive_as_they_were_written(deployer: Deployer, site: Site) -> None:
    values = {"color": "'🚀 \u2028 ü \\ud83d'", "list": [1, 2.5, None, True], "big": 12345678}
    await deployer.deploy(
        site.job(
            {**CHART, "templates/a.yaml": config_map("web", color="{{ .Values.color | quote }}")},
            values=values,
        ),
        site.lines.append,
    )
    assert site.config()["data"]["color"] == values["color"]
    assert site.record(1)["config"] == values


async def test_command_and_library_upgrade_each_others_releases(
    cli: Deployer, sdk: Deployer, site: Site
) -> None:
    revisions = [
        await one.deploy(site.job(install=first, values={"size": number}), site.lines.append)
        for number, (one, first) in enumerate([(cli, True), (sdk, False), (cli, False), (sdk, False)])
    ]
    assert revisions == [1, 2, 3, 4]
    found = site.config()
    assert found["data"]["size"] == "3"
    assert managers(found) == {("helm", "Apply")}


async def test_only_ten_revisions_are_kept(sdk: Deployer, cli: Deployer, site: Site) -> None:
    for number in range(12):
        one = cli if number % 2 else sdk
        await one.deploy(site.job(install=number == 0, values={"size": number}), site.lines.append)
    assert sorted(site.revisions()) == list(range(3, 13))


async def test_a_namespace_is_made_when_the_release_asks_for_it(deployer: Deployer, site: Site) -> None:
    name = f"{site.namespace}-new"
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(namespace=name, create_namespace=False), site.lines.append)
    assert name in caught.value.what
    await deployer.deploy(site.job(namespace=name), site.lines.append)
    assert site.get(f"/api/v1/namespaces/{name}")["metadata"]["name"] == name
    site.plane.api.call("DELETE", f"/api/v1/namespaces/{name}")


async def test_an_upgrade_that_the_api_server_refuses_is_marked_failed(
    deployer: Deployer, site: Site
) -> None:
    await deployer.deploy(site.job(), site.lines.append)
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(REFUSED, install=False), site.lines.append)
    assert caught.value.code == "deploy-failed"
    assert "Nonsense" in caught.value.what
    assert str(site.folder) not in str(caught.value)
    assert (site.status(1), site.status(2)) == ("deployed", "failed")
    assert await deployer.deploy(site.job(install=False, values={"size": 9}), site.lines.append) == 3


async def test_a_failed_install_can_be_installed_again(deployer: Deployer, site: Site) -> None:
    with pytest.raises(AuthorError):
        await deployer.deploy(site.job(REFUSED), site.lines.append)
    assert site.status(1) == "failed"
    assert await deployer.deploy(site.job(), site.lines.append) == 2


async def test_an_upgrade_of_what_is_not_there_is_refused(deployer: Deployer, site: Site) -> None:
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(install=False), site.lines.append)
    assert re.search('"web" has no deployed releases', caught.value.what)


async def test_a_template_error_is_named_and_leaves_nothing(deployer: Deployer, site: Site) -> None:
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job({"templates/a.yaml": '{{ fail "not today" }}'}), site.lines.append)
    assert (caught.value.code, caught.value.what) == ("deploy-failed", "not today")
    assert site.revisions() == {}


async def test_objects_of_others_are_taken_over_only_when_asked(deployer: Deployer, site: Site) -> None:
    path = f"/api/v1/namespaces/{site.namespace}"
    site.plane.api.call("POST", f"{path}/configmaps", {"metadata": {"name": "web"}, "data": {"mine": "1"}})
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(create_namespace=False), site.lines.append)
    assert "cannot be imported" in caught.value.what
    await deployer.deploy(site.job(create_namespace=False, take_ownership=True), site.lines.append)
    assert site.config()["metadata"]["labels"]["app.kubernetes.io/managed-by"] == "Helm"


async def test_fields_of_others_are_taken_by_force_only_when_asked(deployer: Deployer, site: Site) -> None:
    await deployer.deploy(site.job(), site.lines.append)
    path = f"/api/v1/namespaces/{site.namespace}/configmaps/web?fieldManager=ann"
    site.plane.api.call(
        "PATCH", path, {"data": {"color": "green"}}, content_type="application/merge-patch+json"
    )
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(install=False, values={"color": "red"}), site.lines.append)
    assert "conflict" in caught.value.what
    assert site.config()["data"]["color"] == "green"
    await deployer.deploy(
        site.job(install=False, values={"color": "red"}, force_conflicts=True), site.lines.append
    )
    assert site.config()["data"]["color"] == "red"


async def test_waiting_ends_after_the_releases_timeout(deployer: Deployer, site: Site) -> None:
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(WAITING, wait=True, timeout=2), site.lines.append)
    assert caught.value.code == "deploy-failed"
    assert site.status(1) == "failed"


async def test_an_atomic_release_goes_back(deployer: Deployer, site: Site) -> None:
    await deployer.deploy(site.job(), site.lines.append)
    worse = {**CHART, **WAITING, "templates/b.yaml": config_map("web-b")}
    with pytest.raises(AuthorError) as caught:
        await deployer.deploy(site.job(worse, install=False, atomic=True, timeout=2), site.lines.append)
    assert "rolled back" in caught.value.what
    assert (site.status(2), site.status(3)) == ("failed", "deployed")
    assert not site.exists("web-b")


async def test_hooks_run_and_tests_do_not(deployer: Deployer, site: Site) -> None:
    chart = {
        **CHART,
        "templates/h.yaml": hook("before", "pre-install", kind="ConfigMap"),
        "templates/tests/t.yaml": hook("checked", "test", kind="ConfigMap"),
        "crds/c.yaml": of_kind("ConfigMap", "from-crds"),
    }
    await deployer.deploy(site.job(chart), site.lines.append)
    assert site.exists("before")
    assert not site.exists("checked")


async def test_a_cancelled_deploy_lets_helm_mark_the_release_failed(deployer: Deployer, site: Site) -> None:
    work = asyncio.create_task(deployer.deploy(site.job(WAITING, wait=True, timeout=60), site.lines.append))
    path = f"/apis/apps/v1/namespaces/{site.namespace}/deployments/web"
    while not await asyncio.to_thread(site.plane.api.exists, path):
        await asyncio.wait([work], timeout=0.1)
    work.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(work, 30)
    assert site.status(1) == "failed"


async def test_an_uninstall_takes_everything_and_may_come_twice(deployer: Deployer, site: Site) -> None:
    await deployer.deploy(site.job(), site.lines.append)
    await deployer.uninstall(site.release(), site.lines.append)
    assert not site.exists()
    assert site.revisions() == {}
    await deployer.uninstall(site.release(), site.lines.append)
    await deployer.uninstall(site.release(name="never-there", wait=True), site.lines.append)


async def test_a_cluster_that_does_not_answer_is_an_error_without_paths(
    helm: Path, kubeconfig: Path, site: Site, tmp_path: Path
) -> None:
    broken = unreachable(kubeconfig, tmp_path / "broken-config")
    for deployer in (CliDeployer(str(helm), str(broken)), SdkDeployer(INFO, str(broken))):
        with pytest.raises(AuthorError) as caught:
            await deployer.deploy(site.job(), site.lines.append)
        assert caught.value.code == "deploy-failed"
        assert str(broken) not in str(caught.value)
