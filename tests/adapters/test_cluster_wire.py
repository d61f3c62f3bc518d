"""An API server that is gone, slow, overloaded, confused or against us."""

import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.model import ObjectRef
from bot.core.question import (
    UNANSWERED,
    Absent,
    Answer,
    Apply,
    Found,
    ListOf,
    NoSuchKind,
    Question,
    Read,
    Refused,
)
from tests.adapters.cluster_script import CORE, Said, Script, groups, kubeconfig, serving, status, target

TOKEN = "very-secret-token"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "web"}}
REF = ObjectRef("v1", "ConfigMap", "web", "a")
PATH = "/api/v1/namespaces/web/configmaps/a"
SECRETS = "/api/v1/secrets"


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with serving(Script()) as script:
        yield script


@pytest.fixture
async def cluster(script: Script, tmp_path: Path) -> AsyncIterator[KubernetesCluster]:
    file = kubeconfig(tmp_path, script.url, {"token": TOKEN})
    async with KubernetesClusters({}, seconds_per_request=0.3).open(target(file)) as cluster:
        assert isinstance(cluster, KubernetesCluster)
        yield cluster


async def one(cluster: KubernetesCluster, question: Question) -> Answer:
    (answer,) = await cluster.ask([question])
    return answer


async def test_a_server_that_is_gone_is_unreachable_and_the_token_stays_ours(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    file = kubeconfig(tmp_path, f"http://127.0.0.1:{port}", {"token": TOKEN})
    async with KubernetesClusters({}).open(target(file)) as cluster:
        with pytest.raises(ClusterUnreachable, match=f"127.0.0.1:{port} cannot be reached") as error:
            await cluster.capabilities()
    assert TOKEN not in str(error.value)


async def test_a_slow_server_is_given_up_after_one_wait(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", PATH, Said(late=True))
    with pytest.raises(ClusterUnreachable, match="did not answer in time"):
        await one(cluster, Read(REF))
    assert script.count("GET", PATH) == 1


async def test_an_advisory_question_that_gets_no_answer_in_time_is_that_alone(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("PATCH", PATH, Said(late=True), Said(late=True))
    said = await one(cluster, Apply(CONFIG_MAP, force=True, advisory=True))
    assert isinstance(said, Refused)
    assert said.status == UNANSWERED
    with pytest.raises(ClusterUnreachable, match="did not answer in time"):
        await one(cluster, Apply(CONFIG_MAP, force=True))


@pytest.mark.parametrize("code", [200, 403, 500])
async def test_html_is_no_answer(script: Script, cluster: KubernetesCluster, code: int) -> None:
    script.say("GET", PATH, Said(code, "<html>please log in</html>"))
    with pytest.raises(ClusterUnreachable, match=f"HTTP {code}, get configmaps in namespace web"):
        await one(cluster, Read(REF))


async def test_json_that_is_no_object_is_no_answer(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", PATH, Said(200, "[1]"))
    with pytest.raises(ClusterUnreachable, match="did not answer as a Kubernetes API server does"):
        await one(cluster, Read(REF))


async def test_wrong_credentials_are_forbidden_not_unreachable(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("PATCH", PATH, status(401, "Unauthorized", "Unauthorized"))
    with pytest.raises(ClusterForbids, match="does not accept our credentials") as error:
        await one(cluster, Apply(CONFIG_MAP))
    assert TOKEN not in str(error.value)


async def test_the_token_goes_out_with_every_request(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", PATH, Said(200, CONFIG_MAP))
    await one(cluster, Read(REF))
    assert {request.headers["Authorization"] for request in script.asked} == {f"Bearer {TOKEN}"}
    assert {request.headers["User-Agent"] for request in script.asked} == {"purser"}


@pytest.mark.parametrize("code", [429, 502, 503, 504])
async def test_an_overloaded_server_is_asked_again(
    script: Script, cluster: KubernetesCluster, code: int
) -> None:
    script.say("PATCH", PATH, Said(code, "busy", (("Retry-After", "0"),)), Said(200, CONFIG_MAP))
    assert await one(cluster, Apply(CONFIG_MAP)) == Found(CONFIG_MAP)
    assert cluster.requests["apply"] == 2


async def test_a_server_that_stays_overloaded_is_unreachable(
    script: Script, cluster: KubernetesCluster
) -> None:
    busy = [Said(429, "busy", (("Retry-After", seconds),)) for seconds in ("0", "0", "7")]
    script.say("GET", PATH, *busy)
    with pytest.raises(ClusterUnreachable, match="overloaded or not ready") as error:
        await one(cluster, Read(REF))
    assert error.value.retry_after == 7
    assert script.count("GET", PATH) == 3


async def test_a_manifest_against_the_schema_is_not_asked_about_again(
    script: Script, cluster: KubernetesCluster
) -> None:
    message = "failed to create typed patch object (web/a; /v1, Kind=ConfigMap): .dta: field not declared"
    script.say("PATCH", PATH, status(500, "", message))
    assert await one(cluster, Apply(CONFIG_MAP)) == Refused(500, "", message)
    assert script.count("PATCH", PATH) == 1


async def test_a_webhook_that_fails_is_asked_again_and_then_a_refusal(
    script: Script, cluster: KubernetesCluster
) -> None:
    message = 'Internal error occurred: failed calling webhook "policy.example.com"'
    script.say("PATCH", PATH, status(500, "InternalError", message, causes=[{"message": "refused"}]))
    answer = await one(cluster, Apply(CONFIG_MAP))
    assert answer == Refused(500, "InternalError", message, (("", "", "refused"),))
    assert script.count("PATCH", PATH) == 3


async def test_a_read_that_fails_over_there_is_unreachable(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", PATH, status(500, "InternalError", "etcdserver: no leader"))
    with pytest.raises(ClusterUnreachable, match="could not get configmaps in namespace web"):
        await one(cluster, Read(REF))


async def test_warnings_come_with_the_answer(script: Script, cluster: KubernetesCluster) -> None:
    two_in_one = '299 - "it is \\"old\\"", 299 kube "second"'
    headers = (("Warning", two_in_one), ("Warning", '299 - "third"'))
    script.say("PATCH", PATH, Said(200, CONFIG_MAP, headers))
    answer = await one(cluster, Apply(CONFIG_MAP))
    assert answer == Found(CONFIG_MAP, ('it is "old"', "second", "third"))


async def test_an_api_that_went_away_is_no_such_kind(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", "/api", groups(CORE), groups())
    script.say("GET", "/api/v1/configmaps", Said(404, "404 page not found"))
    assert await one(cluster, ListOf("v1", "ConfigMap")) == NoSuchKind()


async def test_a_path_that_should_be_there_and_is_not_is_no_api_server(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", "/api/v1/configmaps", Said(404, "404 page not found"))
    with pytest.raises(ClusterUnreachable, match="serves configmaps, but not its path"):
        await one(cluster, ListOf("v1", "ConfigMap"))


async def test_an_api_whose_server_is_down_is_not_served(script: Script, cluster: KubernetesCluster) -> None:
    resource = {"resource": "pods", "responseKind": {"kind": "PodMetrics"}, "verbs": ["list"]}
    stale = {"version": "v1beta1", "freshness": "Stale", "resources": [resource]}
    script.say("GET", "/apis", groups({"metadata": {"name": "metrics.k8s.io"}, "versions": [stale]}))
    assert (await cluster.capabilities()).api_versions == ("v1", "v1/ConfigMap")
    assert await one(cluster, ListOf("metrics.k8s.io/v1beta1", "PodMetrics")) == NoSuchKind()


async def test_a_server_without_aggregated_discovery_is_too_old(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", "/apis", Said(200, {"kind": "APIGroupList", "groups": []}))
    with pytest.raises(AuthorError, match="does not tell what it serves") as error:
        await cluster.scopes()
    assert error.value.code == "cluster-version"


async def test_forbidden_discovery_is_named(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", "/api", status(403, "Forbidden", 'forbidden: User "system:anonymous"'))
    with pytest.raises(ClusterForbids, match="forbids us to get /api"):
        await cluster.capabilities()


async def test_one_failure_among_many_questions_is_raised_as_itself(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", PATH, status(403, "Forbidden", "no"))
    others = [Read(ObjectRef("v1", "ConfigMap", "web", f"b{number}")) for number in range(20)]
    with pytest.raises(ClusterForbids, match="get configmaps in namespace web"):
        await cluster.ask([Read(REF), *others])


async def test_the_list_of_releases_is_read_page_by_page(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", SECRETS, page("web", 1, "next"), page("web", 2))
    assert [head.revision for head in await cluster.releases()] == [2, 1]
    first, second = [dict(request.query) for request in script.asked if request.path == SECRETS]
    assert first == {"labelSelector": "owner=helm", "limit": "500"}
    assert second == {**first, "continue": "next"}


async def test_a_list_that_expired_half_way_is_read_once_more_in_one_piece(
    script: Script, cluster: KubernetesCluster
) -> None:
    expired = status(410, "Expired", "The provided continue parameter is too old")
    script.say("GET", SECRETS, page("web", 1, "next"), expired, page("web", 3))
    assert [head.revision for head in await cluster.releases()] == [3]
    assert "limit" not in script.asked[-1].query


async def test_a_record_that_is_gone_when_it_is_read_is_looked_for_again(
    script: Script, cluster: KubernetesCluster
) -> None:
    secrets = "/api/v1/namespaces/web/secrets"
    script.say("GET", secrets, page("web", 1), Said(200, {"items": []}))
    script.say("GET", f"{secrets}/sh.helm.release.v1.web.v1", status(404, "NotFound", "not found", name="x"))
    assert await cluster.release("web", "web") is None


async def test_a_missing_object_is_absent(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", PATH, status(404, "NotFound", 'configmaps "a" not found', name="a", kind="configmaps"))
    assert await one(cluster, Read(REF)) == Absent()


async def test_an_object_without_its_namespace_is_our_own_mistake(cluster: KubernetesCluster) -> None:
    with pytest.raises(ValueError, match="lives in a namespace"):
        await one(cluster, Read(ObjectRef("v1", "ConfigMap", "", "a")))


def page(name: str, revision: int, following: str = "") -> Said:
    metadata = {
        "name": f"sh.helm.release.v1.{name}.v{revision}",
        "namespace": "web",
        "labels": {"owner": "helm", "name": name, "status": "deployed"},
    }
    return Said(200, {"items": [{"metadata": metadata}], "metadata": {"continue": following}})


async def test_a_list_that_is_forbidden_is_refused_and_ends_no_plan(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", "/api/v1/configmaps", status(403, "Forbidden", "no lists for you"))
    assert await one(cluster, ListOf("v1", "ConfigMap")) == Refused(403, "Forbidden", "no lists for you")
