"""The cluster's contract on a real API server, and what only a real one has."""

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

import pytest
import yaml

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef
from bot.core.question import Apply, Create, Delete, Found, Patch, Read, Refused
from tests.cluster.api import Api
from tests.cluster.control_plane import ControlPlane
from tests.cluster.waiting import until
from tests.contracts.cluster_dry_runs import DryRunContract
from tests.contracts.cluster_releases import ReadingContract
from tests.contracts.cluster_suite import OnACluster, config_map, deployment, one, ref_of, target

Helm: TypeAlias = Callable[..., None]
CHART = {
    "Chart.yaml": "apiVersion: v2\nname: probe\nversion: 1.2.3\nappVersion: '9'\n",
    "templates/apis.yaml": (
        "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: apis}\n"
        "data:\n  apis: {{ .Capabilities.APIVersions | sortAlpha | toJson | quote }}\n"
        "  kube: {{ .Capabilities.KubeVersion.Version }}\n"
    ),
    "templates/hook.yaml": (
        "apiVersion: v1\nkind: ConfigMap\n"
        "metadata:\n  name: hook\n  annotations: {helm.sh/hook: post-upgrade, helm.sh/hook-weight: '5'}\n"
    ),
}


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    for name, content in CHART.items():
        path = tmp_path / "probe" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return tmp_path / "probe"


@pytest.fixture
def in_namespace(helm: Path, kubeconfig: Path, namespace: str) -> Helm:
    """Runs Helm in the test's namespace."""

    def run(*arguments: str) -> None:
        where = ("--kubeconfig", str(kubeconfig), "--namespace", namespace)
        subprocess.run([str(helm), *arguments, *where], check=True, capture_output=True)

    return run


class TestDryRunsOnARealCluster(DryRunContract):
    pass


class TestReadingOnARealCluster(ReadingContract):
    pass


class TestOnlyOnARealCluster(OnACluster):
    async def test_what_helm_deployed_is_read_as_helm_has_it(
        self, cluster: KubernetesCluster, namespace: str, in_namespace: Helm, chart: Path
    ) -> None:
        in_namespace("upgrade", "--install", "probe", str(chart), "--server-side=false")
        first = await cluster.release(namespace, "probe")
        in_namespace(
            "upgrade", "probe", str(chart), "--server-side=true", "--set", "a=1", "--labels", "team=b"
        )
        second = await cluster.release(namespace, "probe")
        assert first is not None
        assert second is not None
        assert (first.base.apply_method, second.base.apply_method) == ("csa", "ssa")
        base = second.base
        assert (base.revision, base.status, base.values, base.labels) == (
            2,
            "deployed",
            {"a": 1},
            {"team": "b"},
        )
        assert (base.chart_name, base.chart_version, base.app_version) == ("probe", "1.2.3", "9")
        ((events, weight, policies),) = [(h.events, h.weight, h.delete_policies) for h in base.hooks]
        assert (events, weight, policies) == (("post-upgrade",), 5, ("before-hook-creation",))
        assert second.newest == base

    async def test_api_versions_are_the_very_same_as_helms(
        self, cluster: KubernetesCluster, namespace: str, in_namespace: Helm, chart: Path
    ) -> None:
        in_namespace("install", "probe", str(chart))
        answer = await one(cluster, Read(ObjectRef("v1", "ConfigMap", namespace, "apis")))
        assert isinstance(answer, Found)
        capabilities = await cluster.capabilities()
        ours = '["' + '","'.join(capabilities.api_versions) + '"]'
        assert answer.manifest["data"] == {"apis": ours, "kube": capabilities.kube_version}

    async def test_warnings_of_the_server_are_kept(self, cluster: KubernetesCluster, namespace: str) -> None:
        endpoints = {
            "apiVersion": "v1",
            "kind": "Endpoints",
            "metadata": {"name": "old", "namespace": namespace},
        }
        answer = await one(cluster, Apply(endpoints))
        assert isinstance(answer, Found)
        (warning,) = answer.warnings
        assert warning.startswith("v1 Endpoints is deprecated")

    async def test_a_quota_refuses_what_is_over_it(
        self, cluster: KubernetesCluster, api: Api, namespace: str
    ) -> None:
        quotas = f"/api/v1/namespaces/{namespace}/resourcequotas"
        api.call(
            "POST", quotas, {"metadata": {"name": "few"}, "spec": {"hard": {"count/deployments.apps": "0"}}}
        )
        until(lambda: "used" in api.call("GET", f"{quotas}/few").get("status", {}), "the quota to count")
        for question in (Apply(deployment(namespace)), Create(deployment(namespace))):
            answer = await one(cluster, question)
            assert isinstance(answer, Refused)
            assert (answer.status, answer.reason) == (403, "Forbidden")
            assert "exceeded quota: few" in answer.message

    async def test_no_question_writes(
        self, cluster: KubernetesCluster, namespace: str, control_plane: ControlPlane
    ) -> None:
        manifest = config_map(namespace, "never")
        ref = ref_of(config_map(namespace, "kube-root-ca.crt"))
        patch = Patch(ref, "application/merge-patch+json", {"data": {"a": "b"}})
        await cluster.ask(
            [Apply(manifest), Apply(manifest, force=True), Create(manifest), Delete(ref), patch]
        )
        writes = [
            entry["requestURI"]
            for entry in control_plane.requests()
            if entry["userAgent"] == "purser" and entry["verb"] not in ("get", "list")
        ]
        assert len(writes) >= 5
        assert [uri for uri in writes if "dryRun=All" not in uri] == []

    async def test_a_user_without_rights_is_told_what_is_forbidden(
        self, control_plane: ControlPlane, namespace: str
    ) -> None:
        account = f"/api/v1/namespaces/{namespace}/serviceaccounts"
        control_plane.api.call("POST", account, {"metadata": {"name": "nobody"}})
        token = control_plane.service_account_token(namespace, "nobody")
        kubeconfig = control_plane.kubeconfig_for(f"nobody-{namespace}", token)
        async with KubernetesClusters({}).open(target(kubeconfig)) as cluster:
            with pytest.raises(ClusterForbids, match="get configmaps in namespace nowhere"):
                await cluster.ask([Read(ref_of(config_map("nowhere")))])
            with pytest.raises(ClusterForbids, match="list secrets in all namespaces"):
                await cluster.releases()
            (refused,) = await cluster.ask([Apply(config_map(namespace))])
            assert isinstance(refused, Refused)
            assert (refused.status, refused.reason) == (403, "Forbidden")
            assert 'cannot patch resource "configmaps"' in refused.message

    async def test_a_wrong_token_is_named_without_showing_it(self, control_plane: ControlPlane) -> None:
        kubeconfig = control_plane.kubeconfig_for("stranger", "not-a-token-of-this-cluster")
        async with KubernetesClusters({}).open(target(kubeconfig)) as cluster:
            with pytest.raises(ClusterForbids, match="does not accept our credentials") as error:
                await cluster.capabilities()
        assert "not-a-token" not in str(error.value)

    async def test_a_certificate_of_nobody_we_trust_is_named_and_can_be_waived(
        self, kubeconfig: Path, tmp_path: Path
    ) -> None:
        strict = distrusting(kubeconfig, tmp_path / "strict")
        async with KubernetesClusters({}).open(target(strict)) as cluster:
            with pytest.raises(ClusterUnreachable, match="shows a certificate that is not trusted"):
                await cluster.capabilities()
        waived = distrusting(kubeconfig, tmp_path / "waived", **{"insecure-skip-tls-verify": True})
        async with KubernetesClusters({}).open(target(waived)) as cluster:
            assert await cluster.namespace_exists("default")


def distrusting(kubeconfig: Path, path: Path, **more: bool) -> Path:
    """A kubeconfig like the other, without its certificate authority."""
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster = content["clusters"][0]
    cluster["cluster"] = {"server": cluster["cluster"]["server"], **more}
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path
