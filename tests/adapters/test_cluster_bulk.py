"""Much at once: whole records page by page, and many objects by one list."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.adapters.cluster.bodies import FEW
from bot.adapters.cluster.reads import WORTH_A_LIST
from bot.app.ports.cluster import ReleaseHead
from bot.core.errors import AuthorError
from bot.core.helm_record import packed
from bot.core.model import ObjectRef
from bot.core.question import Absent, Found, Read
from bot.core.release import StoredRelease
from tests.adapters.cluster_script import Said, Script, kubeconfig, serving, status, target

SECRETS = "/api/v1/secrets"
MAPS = "/api/v1/namespaces/web/configmaps"
MANY = FEW + 5


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with serving(Script()) as script:
        yield script


@pytest.fixture
async def cluster(script: Script, tmp_path: Path) -> AsyncIterator[KubernetesCluster]:
    file = kubeconfig(tmp_path, script.url, {"token": "none"})
    async with KubernetesClusters({}).open(target(file)) as cluster:
        assert isinstance(cluster, KubernetesCluster)
        yield cluster


def secret(number: int, version: str = "1", *, whole: bool = True) -> dict[str, Any]:
    name = f"app-{number:02}"
    record = {"name": name, "namespace": "web", "version": 1, "info": {"status": "deployed"}}
    metadata = {
        "name": f"sh.helm.release.v1.{name}.v1",
        "namespace": "web",
        "resourceVersion": version,
        "labels": {"owner": "helm", "status": "deployed"},
    }
    return {"metadata": metadata, **({"data": {"release": packed(record)}} if whole else {})}


def page(numbers: range, go_on: str = "", *, whole: bool = True) -> Said:
    items = [secret(number, whole=whole) for number in numbers]
    return Said(200, {"metadata": {"continue": go_on}, "items": items})


async def read(cluster: KubernetesCluster, heads: list[ReleaseHead]) -> dict[str, Any]:
    return {head.name: body async for head, body in cluster.bodies(heads)}


async def test_many_records_are_read_page_by_page(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", SECRETS, page(range(MANY), whole=False), page(range(9), "next"), page(range(9, MANY)))
    heads = list(await cluster.releases())
    bodies = await read(cluster, heads)
    assert len(bodies) == MANY
    assert all(isinstance(body, StoredRelease) and body.name == name for name, body in bodies.items())
    first, second = [dict(request.query) for request in script.asked if request.path == SECRETS][1:]
    assert first == {"labelSelector": "owner=helm,status=deployed", "limit": "50"}
    assert second == {**first, "continue": "next"}


async def test_a_few_records_are_read_one_by_one(script: Script, cluster: KubernetesCluster) -> None:
    script.say("GET", SECRETS, page(range(MANY), whole=False))
    path = "/api/v1/namespaces/web/secrets/sh.helm.release.v1.app-00.v1"
    script.say("GET", path, Said(200, secret(0)))
    heads = [head for head in await cluster.releases() if head.name == "app-00"]
    assert list(await read(cluster, heads)) == ["app-00"]
    assert [request.path for request in script.asked if "secrets" in request.path] == [SECRETS, path]


async def test_what_changed_or_went_since_the_list_is_read_on_its_own(
    script: Script, cluster: KubernetesCluster
) -> None:
    listed = [secret(0, "2"), *(secret(number) for number in range(2, MANY))]
    script.say("GET", SECRETS, page(range(MANY), whole=False), Said(200, {"metadata": {}, "items": listed}))
    script.say(
        "GET", f"/api/v1/namespaces/web/secrets/{secret(0)['metadata']['name']}", Said(200, secret(0, "2"))
    )
    gone = status(404, "NotFound", "not found", name="x")
    script.say("GET", f"/api/v1/namespaces/web/secrets/{secret(1)['metadata']['name']}", gone)
    bodies = await read(cluster, list(await cluster.releases()))
    assert len(bodies) == MANY
    assert bodies["app-00"].name == "app-00"
    assert bodies["app-01"] is None


async def test_a_list_that_expires_half_way_is_finished_one_by_one(
    script: Script, cluster: KubernetesCluster
) -> None:
    expired = status(410, "Expired", "The provided continue parameter is too old")
    script.say("GET", SECRETS, page(range(MANY), whole=False), page(range(MANY - 1), "next"), expired)
    last = secret(MANY - 1)
    script.say("GET", f"/api/v1/namespaces/web/secrets/{last['metadata']['name']}", Said(200, last))
    assert len(await read(cluster, list(await cluster.releases()))) == MANY


async def test_a_damaged_record_is_said_for_its_own_release(
    script: Script, cluster: KubernetesCluster
) -> None:
    damaged = {**secret(0), "data": {"release": "bm9uc2Vuc2U="}}
    listed = [damaged, *(secret(number) for number in range(1, MANY))]
    script.say("GET", SECRETS, page(range(MANY), whole=False), Said(200, {"metadata": {}, "items": listed}))
    bodies = await read(cluster, list(await cluster.releases()))
    assert isinstance(bodies["app-00"], AuthorError)
    assert isinstance(bodies["app-01"], StoredRelease)


def named(number: int, namespace: str = "web") -> Read:
    return Read(ObjectRef("v1", "ConfigMap", namespace, f"map-{number}"))


async def test_many_objects_of_one_kind_are_read_by_one_list(
    script: Script, cluster: KubernetesCluster
) -> None:
    items = [{"metadata": {"name": f"map-{number}"}} for number in range(20)]
    script.say("GET", MAPS, Said(200, {"items": items}))
    answers = await cluster.ask([named(number) for number in range(WORTH_A_LIST)])
    expected = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "map-3"}}
    assert answers[3] == Found(expected)
    assert [request.path for request in script.asked if "configmaps" in request.path] == [MAPS]
    assert script.asked[-1].query["labelSelector"] == "app.kubernetes.io/managed-by=Helm"


async def test_what_a_list_does_not_show_is_read_on_its_own(
    script: Script, cluster: KubernetesCluster
) -> None:
    items = [{"metadata": {"name": f"map-{number}"}} for number in range(2, WORTH_A_LIST)]
    script.say("GET", MAPS, Said(200, {"items": items}))
    script.say("GET", f"{MAPS}/map-0", Said(200, {"metadata": {"name": "map-0"}}))
    script.say("GET", f"{MAPS}/map-1", status(404, "NotFound", "not found", name="map-1"))
    answers = await cluster.ask([named(number) for number in range(WORTH_A_LIST)])
    assert isinstance(answers[0], Found)
    assert answers[1] == Absent()
    assert all(isinstance(answer, Found) for answer in answers[2:])


async def test_a_list_that_is_forbidden_only_costs_its_request(
    script: Script, cluster: KubernetesCluster
) -> None:
    script.say("GET", MAPS, status(403, "Forbidden", "no lists"))
    for number in range(WORTH_A_LIST):
        script.say("GET", f"{MAPS}/map-{number}", Said(200, {"metadata": {"name": f"map-{number}"}}))
    answers = await cluster.ask([named(number) for number in range(WORTH_A_LIST)])
    assert all(isinstance(answer, Found) for answer in answers)


async def test_no_list_is_made_in_a_namespace_that_leads_elsewhere(
    script: Script, cluster: KubernetesCluster
) -> None:
    answers = await cluster.ask([named(number, "..") for number in range(WORTH_A_LIST)])
    assert not any(isinstance(answer, Found) for answer in answers)
    assert [request.path for request in script.asked if "configmaps" in request.path] == []


async def test_a_record_that_was_read_is_read_again_only_in_another_state(
    script: Script, tmp_path: Path
) -> None:
    file = kubeconfig(tmp_path, script.url, {"token": "none"})
    clusters = KubernetesClusters({})
    path = "/api/v1/namespaces/web/secrets/sh.helm.release.v1.app-00.v1"
    script.say("GET", path, Said(200, secret(0)), Said(200, secret(0)), Said(200, secret(0, "2")))

    async def plan(version: str) -> Any:
        async with clusters.open(target(file)) as cluster:
            return await read_one(cluster, ReleaseHead("app-00", "web", 1, "deployed", version))

    async with clusters.open(target(file)):
        pass  # the first opening keeps nothing
    first, again = await plan("1"), await plan("1")
    assert isinstance(first, StoredRelease)
    assert again == first
    assert len([request for request in script.asked if request.path == path]) == 1
    await plan("2")  # what came was older than what was listed: kept under neither
    assert isinstance(await plan("2"), StoredRelease)
    await plan("2")
    assert len([request for request in script.asked if request.path == path]) == 3


async def read_one(cluster: Any, head: ReleaseHead) -> Any:
    return (await read(cluster, [head]))[head.name]
