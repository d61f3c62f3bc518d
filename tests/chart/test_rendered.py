"""What the chart makes of values, rendered with the project's own renderer."""

import json
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import yaml

from bot.adapters.helm.sdk import SdkRenderer
from bot.app.ports import Renderer
from bot.config import load
from bot.core.errors import AuthorError
from bot.core.release import Rendered
from tests.chart.cases import CASES, CHART, POSTGRESQL, job, one, values

pytestmark = pytest.mark.asyncio(loop_scope="module")
ALWAYS = Counter({
    "ServiceAccount": 1, "ConfigMap": 1, "Deployment": 1, "Service": 2, "NetworkPolicy": 1,
    "PersistentVolumeClaim": 1, "ClusterRole": 2, "ClusterRoleBinding": 2,
    "ValidatingAdmissionPolicy": 1, "ValidatingAdmissionPolicyBinding": 1,
})  # fmt: skip
DEPLOYER = {"ServiceAccount": 1, "Secret": 1, "ConfigMap": 1}
DIFFERENT: Mapping[str, Mapping[str, int]] = {
    "replicas": {"PodDisruptionBudget": 1},
    "postgresql without a volume": {"PersistentVolumeClaim": -1},
    "a claim that exists": {"PersistentVolumeClaim": -1},
    "direct": {**DEPLOYER, "ClusterRoleBinding": 1},
    "direct in namespaces": {**DEPLOYER, "RoleBinding": 2},
    "plans in namespaces": {"RoleBinding": 2, "ClusterRoleBinding": -1},
    "no policy": {"ValidatingAdmissionPolicy": -1, "ValidatingAdmissionPolicyBinding": -1},
    "no rights": {
        "ValidatingAdmissionPolicy": -1, "ValidatingAdmissionPolicyBinding": -1,
        "ClusterRole": -2, "ClusterRoleBinding": -2,
    },
    "ingress": {"Ingress": 1},
    "ingress without TLS": {"Ingress": 1},
    "no metrics": {"Service": -1},
    "monitored": {"ServiceMonitor": 1},
    "no network policy": {"NetworkPolicy": -1},
}  # fmt: skip


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def renderer() -> AsyncIterator[Renderer]:
    async with SdkRenderer(workers=1, read_paths=[str(CHART)]) as made:
        yield made


async def rendered(renderer: Renderer, *laid_over: Mapping[str, Any]) -> Rendered:
    return await renderer.render(job(values(*laid_over)))


def pod(found: Rendered) -> dict[str, Any]:
    spec: dict[str, Any] = one(found.objects, "Deployment")["spec"]["template"]["spec"]
    return spec


def environment(found: Rendered) -> dict[str, Any]:
    return {it["name"]: it for it in pod(found)["containers"][0]["env"]}


@pytest.mark.parametrize("case", CASES)
async def test_each_choice_makes_its_objects_and_no_others(renderer: Renderer, case: str) -> None:
    found = await rendered(renderer, CASES[case])
    expected = Counter(ALWAYS)
    expected.update(DIFFERENT.get(case, {}))
    assert Counter(it["kind"] for it in found.objects) == +expected
    assert (found.hooks, found.crds, found.findings) == ((), (), ())
    names = [(it["kind"], it["metadata"].get("namespace"), it["metadata"]["name"]) for it in found.objects]
    assert len(set(names)) == len(names)
    assert all(it["metadata"]["labels"]["app.kubernetes.io/name"] == "purser" for it in found.objects)


@pytest.mark.parametrize("case", CASES)
async def test_the_configuration_that_is_made_passes_the_service_s_own_check(
    renderer: Renderer, case: str, tmp_path: Path
) -> None:
    found = await rendered(renderer, CASES[case])
    data = one(found.objects, "ConfigMap", "quartermaster-config" if case == "named" else "purser-config")
    text = data["data"]["purser.yaml"]
    # The files of the Secret's volume lie where the test may write.
    file = tmp_path / "purser.yaml"
    file.write_text(text.replace("/etc/purser/secrets/", f"{tmp_path}/"), encoding="utf-8")
    for name in ("gitlab-token", "webhook-token"):
        (tmp_path / name).write_text("0123456789abcdef0123456789abcdef", encoding="utf-8")
    config = load(file, {"PURSER_DATABASE_URL": "postgresql://purser@db.example.com/purser"})
    assert [target.name for target in config.targets] == ["production"]
    assert [(it.host, it.port) for it in (config.listen, config.metrics.listen)] == [
        ("0.0.0.0", 8080),
        ("0.0.0.0", 9090),
    ]
    assert config.database_url.startswith("postgresql") == ("database" in CASES[case])


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"secrets": {"existingSecret": ""}}, "secrets.existingSecret is empty: make a Secret"),
        ({"config": {"projects": []}}, "config.projects is empty: name one project at least"),
        ({"replicas": 2}, "replicas is more than 1, which SQLite cannot serve"),
        ({"persistence": {"enabled": False}}, "the trail would be lost with the pod"),
    ],
    ids=["secret", "projects", "replicas", "volume"],
)
async def test_what_cannot_work_is_refused_with_a_sentence(
    renderer: Renderer, wrong: Mapping[str, Any], words: str
) -> None:
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, wrong)
    assert words in caught.value.what


@pytest.mark.parametrize(
    "wrong",
    [{"replica": 2}, {"replicas": "two"}, {"image": {"digest": "latest"}}, {"persistence": {"size": "much"}},
     {"rbac": {"plan": {"namespace": ["web"]}}}, {"config": {"projects": [{"path": "a/b"}]}}],
    ids=str,
)  # fmt: skip
async def test_misspelt_values_are_refused_by_the_schema(
    renderer: Renderer, wrong: Mapping[str, Any]
) -> None:
    with pytest.raises(AuthorError) as caught:
        await rendered(renderer, wrong)
    assert "schema" in caught.value.what


@pytest.mark.parametrize("case", CASES)
async def test_the_pod_is_as_restricted_as_kubernetes_can_say(renderer: Renderer, case: str) -> None:
    spec = pod(await rendered(renderer, CASES[case]))
    [container] = spec["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True, "capabilities": {"drop": ["ALL"]},
    }  # fmt: skip
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    writable = {it["mountPath"] for it in container["volumeMounts"] if not it.get("readOnly")}
    assert writable == {"/var/lib/purser", "/tmp"}
    assert {it["name"] for it in container["volumeMounts"]} == {it["name"] for it in spec["volumes"]}


async def test_sqlite_has_one_writer_and_postgresql_rolls(renderer: Renderer) -> None:
    lite = one((await rendered(renderer)).objects, "Deployment")["spec"]
    assert (lite["replicas"], lite["strategy"]) == (1, {"type": "Recreate"})
    found = await rendered(renderer, POSTGRESQL, {"replicas": 3})
    rolling = one(found.objects, "Deployment")["spec"]
    assert (rolling["replicas"], rolling["strategy"]["type"]) == (3, "RollingUpdate")
    assert rolling["strategy"]["rollingUpdate"] == {"maxUnavailable": 0, "maxSurge": 1}
    assert environment(found)["PURSER_DATABASE_URL"]["valueFrom"] == {
        "secretKeyRef": {"name": "purser-database", "key": "url"}
    }


async def test_a_changed_configuration_restarts_the_pod_and_another_value_does_not(
    renderer: Renderer,
) -> None:
    def sum_of(found: Rendered) -> str:
        template = one(found.objects, "Deployment")["spec"]["template"]
        return str(template["metadata"]["annotations"]["checksum/config"])

    first = sum_of(await rendered(renderer))
    assert sum_of(await rendered(renderer, {"service": {"port": 8000}})) == first
    assert sum_of(await rendered(renderer, {"config": {"log": {"level": "debug"}}})) != first


async def test_an_own_authority_is_trusted_besides_the_system_s(renderer: Renderer) -> None:
    found = await rendered(renderer, CASES["own authority"])
    assert environment(found)["SSL_CERT_FILE"]["value"] == "/etc/purser/ca/root.pem"
    assert {"name": "ca", "configMap": {"name": "authority"}} in pod(found)["volumes"]


async def test_no_rule_of_the_planner_is_a_wildcard_and_none_takes_a_token(renderer: Renderer) -> None:
    for case in CASES:
        objects = (await rendered(renderer, CASES[case])).objects
        rules = [rule for it in objects if it["kind"] == "ClusterRole" for rule in it["rules"]]
        words = [word for rule in rules for key in ("apiGroups", "resources", "verbs") for word in rule[key]]
        assert [word for word in words if "*" in word or "/" in word] == []
        assert {"impersonate", "update", "deletecollection"} & set(words) == set()


async def test_the_deployer_exists_only_where_it_is_asked_for(renderer: Renderer) -> None:
    without = json.dumps((await rendered(renderer)).objects)
    assert ("purser-deploy" in without, "cluster-admin" in without) == (False, False)
    found = (await rendered(renderer, CASES["direct in namespaces"])).objects
    bindings = [it for it in found if it["kind"] == "RoleBinding"]
    assert [it["metadata"]["namespace"] for it in bindings] == ["web", "data"]
    assert {it["roleRef"]["name"] for it in bindings} == {"cluster-admin"}
    assert not [it for it in found if it["kind"] == "ClusterRoleBinding" and "deploy" in str(it["subjects"])]
    kubeconfig = yaml.safe_load(one(found, "ConfigMap", "purser-deploy")["data"]["kubeconfig"])
    assert kubeconfig["users"] == [{"name": "deploy", "user": {"tokenFile": "/etc/purser/deploy/token"}}]


@pytest.mark.parametrize(
    ("choice", "file"),
    [
        pytest.param(
            choice, file, marks=pytest.mark.skipif(not (CHART / "files" / file).exists(), reason=file)
        )
        for choice, file in (("rules", "alerts.yaml"), ("dashboard", "dashboard.json"))
    ],
)
async def test_rules_and_dashboard_are_those_of_the_chart_s_files(
    renderer: Renderer, choice: str, file: str
) -> None:
    content = yaml.safe_load((CHART / "files" / file).read_text(encoding="utf-8"))
    found = (await rendered(renderer, {"metrics": {choice: {"enabled": True}}})).objects
    if choice == "rules":
        assert one(found, "PrometheusRule")["spec"] == content
    else:
        assert json.loads(one(found, "ConfigMap", "purser-dashboard")["data"]["purser.json"]) == content
