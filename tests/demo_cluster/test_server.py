import asyncio
import stat

import aiohttp
import pytest
import yaml

from bot.demo.cluster import SimulatedCluster
from bot.demo.cluster.discovery import AGGREGATED
from tests.demo_cluster.conversations import Step, apply, create, delete, get, patch
from tests.demo_cluster.manifests import PLAIN, claim, config_map
from tests.demo_cluster.talking import Talk


async def test_a_wrong_token_is_refused(simulated: SimulatedCluster, api: Talk) -> None:
    wrong = {"Authorization": "Bearer wrong"}
    async with api.session.get(f"{simulated.url}/api/v1/namespaces", headers=wrong) as answer:
        body = await answer.json()

    assert (answer.status, body["reason"]) == (401, "Unauthorized")


async def test_health_needs_no_token(simulated: SimulatedCluster, api: Talk) -> None:
    async with api.session.get(f"{simulated.url}/readyz", headers={"Authorization": ""}) as answer:
        assert (answer.status, await answer.text()) == (200, "ok")


async def test_a_client_that_trusts_others_only_does_not_connect(simulated: SimulatedCluster) -> None:
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.ClientConnectorCertificateError):
            await session.get(f"{simulated.url}/readyz")


async def test_the_kubeconfig_is_its_owners_alone_and_goes_with_the_cluster(
    simulated: SimulatedCluster,
) -> None:
    path = simulated.kubeconfig
    mode = stat.S_IMODE(path.stat().st_mode)
    server = yaml.safe_load(path.read_text())["clusters"][0]["cluster"]["server"]

    await simulated.stop()

    assert (mode, server, path.exists()) == (0o600, simulated.url, False)


async def test_reset_leaves_the_first_namespaces(simulated: SimulatedCluster, api: Talk) -> None:
    await api.say(create(config_map({"a": "1"})))

    simulated.reset()

    names = [one["metadata"]["name"] for one in simulated.objects()]
    assert names == ["default", "kube-node-lease", "kube-public", "kube-system"]


async def test_both_kinds_of_discovery_tell_the_same(api: Talk) -> None:
    _, groups = await api.say(Step("GET", "/apis"))
    _, aggregated = await api.say(Step("GET", "/apis", accept=AGGREGATED))
    plain = {
        (group["name"], version["version"]) for group in groups["groups"] for version in group["versions"]
    }
    other = {
        (group["metadata"]["name"], version["version"])
        for group in aggregated["items"]
        for version in group["versions"]
    }

    _, resources = await api.say(Step("GET", "/apis/apps/v1"))

    assert plain == other
    assert {"deployments", "deployments/status", "deployments/scale"} <= {
        one["name"] for one in resources["resources"]
    }


async def test_what_is_not_served_is_not_found(api: Talk) -> None:
    assert await api.say(Step("GET", "/apis/nothing.example.org/v1")) == (404, "404 page not found\n")
    status, body = await api.say(Step("GET", "/api/v1/namespaces/shop/nothings"))
    assert (status, body["reason"]) == (404, "NotFound")


async def test_the_open_api_documents_hold_together(api: Talk) -> None:
    _, index = await api.say(Step("GET", "/openapi/v3"))
    path, _, query = index["paths"]["apis/apps/v1"]["serverRelativeURL"].partition("?")

    _, document = await api.say(Step("GET", path, query=query))

    operation = document["paths"]["/apis/apps/v1/namespaces/{namespace}/deployments/{name}"]["patch"]
    assert "fieldValidation" in {one["name"] for one in operation["parameters"]}
    assert "io.k8s.api.core.v1.Container" in document["components"]["schemas"]


async def test_deleting_a_namespace_deletes_what_is_in_it(simulated: SimulatedCluster, api: Talk) -> None:
    await api.say(create(config_map({"a": "1"})))

    await api.say(Step("DELETE", "/api/v1/namespaces/shop"))

    assert simulated.objects(namespace="shop") == []
    status, body = await api.say(create(config_map({"a": "1"})))
    assert (status, body["message"]) == (404, 'namespaces "shop" not found')


async def test_an_object_with_a_finalizer_stays_until_it_is_taken_away(
    simulated: SimulatedCluster, api: Talk
) -> None:
    held = config_map({"a": "1"}, metadata={"name": "c", "finalizers": ["example.org/hold"]})
    await api.say(create(held))

    await api.say(delete(held))
    marked = simulated.objects("ConfigMap", "shop")
    await api.say(patch(held, {"metadata": {"finalizers": None}}))

    assert "deletionTimestamp" in marked[0]["metadata"]
    assert simulated.objects("ConfigMap", "shop") == []


async def test_everything_is_allowed_to_who_has_the_token(api: Talk) -> None:
    attributes = {"resourceAttributes": {"verb": "create", "resource": "secrets"}}
    path = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"

    status, body = await api.say(Step("POST", path, {"spec": attributes}))

    assert (status, body["status"]) == (201, {"allowed": True})


async def test_a_deployment_is_scaled_through_its_own_path(api: Talk) -> None:
    await api.say(apply(PLAIN))
    path = "/apis/apps/v1/namespaces/shop/deployments/d/scale"

    scale = await api.say(Step("GET", path))
    await api.say(Step("PUT", path, scale[1] | {"spec": {"replicas": 4}}))

    _, body = await api.say(get(PLAIN))
    assert (scale[1]["spec"], body["spec"]["replicas"]) == ({"replicas": 1}, 4)


async def test_a_claim_is_bound(api: Talk) -> None:
    claimed = claim()
    await api.say(apply(claimed))

    async with asyncio.timeout(10):
        while True:
            _, body = await api.say(get(claimed))
            if body["status"]["phase"] == "Bound":
                break

    assert body["status"]["capacity"] == {"storage": "1Gi"}
