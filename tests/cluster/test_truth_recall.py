"""A plan that need not ask again for what was answered says what a plan that asks for everything would."""

from typing import Any

import pytest

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.adapters.helm.sdk import SdkRenderer
from bot.core.model import ChartInCheckout, DesiredRelease, Target
from bot.core.planned import ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.rehearsal.operation import Case
from bot.core.release import LocalChart, RenderJob
from tests.cluster.api import ApiError
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, drive
from tests.cluster.waiting import until

__all__ = ["bench", "renderer"]

COUNT = 20
FILES = {
    "maps.yaml": """\
{{- range $i := until 20 }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ printf "map-%02d" $i }}}
data: {level: {{ $.Values.level }}}
{{- end }}
{{- range $i := until (int .Values.more) }}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: {{ printf "new-%02d" $i }}}
data: {level: new}
{{- end }}
""",
    "deployment.yaml": """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: app}
spec:
  replicas: 0
  selector: {matchLabels: {app: app}}
  template:
    metadata: {labels: {app: app}}
    spec: {containers: [{name: app, image: "app:{{ .Values.level }}"}]}
""",
    "service.yaml": """\
apiVersion: v1
kind: Service
metadata: {name: app}
spec:
  type: {{ .Values.service }}
  selector: {app: app}
  ports: [{port: 80}]
""",
}
VALUES: dict[str, Any] = {"level": "info", "more": 0, "service": "ClusterIP"}
NEW = {**VALUES, "level": "debug"}


class Planner:
    """Plans again and again in one process."""

    def __init__(self, bench: Bench, renderer: SdkRenderer, folder: str) -> None:
        self._bench, self._renderer, self._folder = bench, renderer, folder
        self.clusters = KubernetesClusters({}, settling=0)
        self._target = Target(name="truth", project="p", kubeconfig=str(bench.kubeconfig))

    async def plan(self, values: dict[str, Any]) -> tuple[ReleasePlan, int]:
        """The plan, and how many dry runs were asked for."""
        before = self.clusters.requests["apply"]
        async with self.clusters.open(self._target) as cluster:
            assert isinstance(cluster, KubernetesCluster)
            plan = await drive(await self._case(cluster, values), cluster)
        return plan, self.clusters.requests["apply"] - before

    async def _case(self, cluster: KubernetesCluster, values: dict[str, Any]) -> Case:
        chart = LocalChart(self._folder, "sha256:1", "chart", "1.0.0")
        desired = DesiredRelease("app", self._bench.namespace, ChartInCheckout("./chart"), values)
        live = await cluster.release(desired.namespace, desired.name)
        assert live is not None
        job = RenderJob(
            chart, "app", desired.namespace, values, await cluster.capabilities(),
            revision=live.newest.revision + 1, is_upgrade=True,
        )  # fmt: skip
        return Case(
            desired=desired,
            rendered=await self._renderer.render(job),
            again=await self._renderer.render(job),
            live=live,
            scopes=await cluster.scopes(),
            masker=Masker(b"truth"),
            chart=chart,
        )


@pytest.fixture
async def planner(bench: Bench, renderer: SdkRenderer) -> Planner:
    """A release that stands, and a planner that has been asked for its upgrade before."""
    chart = bench.chart(FILES, "one", "1.0.0")
    deployed = bench.deploy(chart, VALUES)
    assert deployed.returncode == 0, deployed.stderr
    planner = Planner(bench, renderer, str(chart))
    await planner.plan(NEW)
    first, asked = await planner.plan(NEW)
    assert asked > COUNT
    assert not errors(first)
    return planner


def errors(plan: ReleasePlan) -> list[str]:
    return [finding.code for finding in plan.findings if finding.level.name == "ERROR"]


async def fresh(planner: Planner, bench: Bench, renderer: SdkRenderer, values: dict[str, Any]) -> ReleasePlan:
    """The plan of a process that remembers nothing."""
    plan, _ = await Planner(bench, renderer, planner._folder).plan(values)
    return plan


async def test_what_did_not_change_is_not_asked_again(
    planner: Planner, bench: Bench, renderer: SdkRenderer
) -> None:
    plan, asked = await planner.plan(NEW)
    assert asked == 0
    assert plan == await fresh(planner, bench, renderer, NEW)


async def test_another_desired_state_is_asked_about(
    planner: Planner, bench: Bench, renderer: SdkRenderer
) -> None:
    values = {**NEW, "level": "warn"}
    plan, asked = await planner.plan(values)
    assert asked > COUNT
    assert plan == await fresh(planner, bench, renderer, values)


async def test_a_change_by_hand_is_seen(planner: Planner, bench: Bench, renderer: SdkRenderer) -> None:
    path = f"/api/v1/namespaces/{bench.namespace}/configmaps/map-03?fieldManager=hand"
    patch = {"data": {"level": "by-hand"}}
    bench.api.call("PATCH", path, patch, content_type="application/merge-patch+json")
    plan, asked = await planner.plan(NEW)
    assert asked == 1
    assert errors(plan) == ["conflict"]
    assert plan == await fresh(planner, bench, renderer, NEW)


async def test_an_object_that_was_made_anew_is_seen(
    planner: Planner, bench: Bench, renderer: SdkRenderer
) -> None:
    path = f"/api/v1/namespaces/{bench.namespace}/configmaps/map-04"
    bench.api.call("DELETE", path)
    plan, _ = await planner.plan(NEW)
    (created,) = [one for one in plan.objects if one.action == "create"]
    assert created.ref.name == "map-04"
    assert plan == await fresh(planner, bench, renderer, NEW)


async def test_a_new_policy_is_seen(planner: Planner, bench: Bench, renderer: SdkRenderer) -> None:
    api, name = bench.api, f"{bench.namespace}-policy"
    base = "/apis/admissionregistration.k8s.io/v1"
    rule = {"apiGroups": [""], "apiVersions": ["*"], "operations": ["*"], "resources": ["configmaps"]}
    spec = {
        "failurePolicy": "Fail",
        "matchConstraints": {"resourceRules": [rule]},
        "matchConditions": [
            {"name": "here", "expression": f"request.namespace == {bench.namespace!r}"},
            {"name": "one", "expression": "request.name == 'map-07' || request.name == 'probe'"},
        ],
        "validations": [{"expression": "false", "message": "no more of these"}],
    }
    binding = {"policyName": name, "validationActions": ["Deny"]}
    api.call("POST", f"{base}/validatingadmissionpolicies", {"metadata": {"name": name}, "spec": spec})
    api.call(
        "POST", f"{base}/validatingadmissionpolicybindings", {"metadata": {"name": name}, "spec": binding}
    )
    try:
        until(lambda: refuses(bench), "the policy to be in force")
        plan, _ = await planner.plan(NEW)
        assert len(errors(plan)) == 1
        assert plan == await fresh(planner, bench, renderer, NEW)
    finally:
        api.call("DELETE", f"{base}/validatingadmissionpolicybindings/{name}")
        api.call("DELETE", f"{base}/validatingadmissionpolicies/{name}")


def refuses(bench: Bench) -> bool:
    probe = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "probe"}}
    try:
        bench.api.call("POST", f"/api/v1/namespaces/{bench.namespace}/configmaps?dryRun=All", probe)
    except ApiError as error:
        return error.status == 422
    return False


async def test_a_webhook_takes_its_kinds_out(planner: Planner, bench: Bench) -> None:
    api, name = bench.api, f"{bench.namespace}-webhook"
    base = "/apis/admissionregistration.k8s.io/v1/validatingwebhookconfigurations"
    rule = {"apiGroups": [""], "apiVersions": ["v1"], "operations": ["UPDATE"], "resources": ["configmaps"]}
    webhook = {
        "name": "nobody.example.com",
        "clientConfig": {"url": "https://127.0.0.1:9/"},
        "rules": [rule],
        "failurePolicy": "Ignore",
        "timeoutSeconds": 1,
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "namespaceSelector": {"matchLabels": {"nobody": "has-this"}},
    }
    api.call("POST", base, {"metadata": {"name": name}, "webhooks": [webhook]})
    try:
        for _ in range(2):
            _, asked = await planner.plan(NEW)
        assert asked == COUNT
    finally:
        api.call("DELETE", f"{base}/{name}")


async def test_a_smaller_quota_is_seen(planner: Planner, bench: Bench, renderer: SdkRenderer) -> None:
    values = {**NEW, "service": "LoadBalancer", "more": 1}
    before, _ = await planner.plan(values)
    assert not errors(before)
    path = f"/api/v1/namespaces/{bench.namespace}/resourcequotas"
    hard = {"services.loadbalancers": "0", "count/configmaps": str(COUNT)}
    bench.api.call("POST", path, {"metadata": {"name": "small"}, "spec": {"hard": hard}})
    until(lambda: "status" in bench.api.call("GET", f"{path}/small"), "the quota to be counted")
    until(lambda: bench.api.call("GET", f"{path}/small")["status"].get("used"), "the quota to be in force")
    plan, _ = await planner.plan(values)
    assert "quota" in errors(plan)
    assert plan == await fresh(planner, bench, renderer, values)


async def test_a_namespace_with_stricter_pods_is_seen(
    planner: Planner, bench: Bench, renderer: SdkRenderer
) -> None:
    labels = {"pod-security.kubernetes.io/warn": "restricted"}
    path = f"/api/v1/namespaces/{bench.namespace}"
    patch = {"metadata": {"labels": labels}}
    bench.api.call("PATCH", path, patch, content_type="application/merge-patch+json")
    plan, asked = await planner.plan(NEW)
    assert asked > COUNT
    assert plan == await fresh(planner, bench, renderer, NEW)
    assert any("restricted" in finding.message for finding in plan.findings)
