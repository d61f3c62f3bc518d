import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from tests.demo_cluster.conversations import Step, apply, create, delete, patch
from tests.demo_cluster.custom_scripts import META_LIST
from tests.demo_cluster.manifests import PLAIN, config_map
from tests.demo_cluster.talking import Talk

PATH = "/api/v1/namespaces/shop/configmaps"


class Watch:
    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    async def next(self) -> tuple[str, dict[str, Any]]:
        async with asyncio.timeout(10):
            event = json.loads(await anext(self._lines))
        return event["type"], event["object"]


@asynccontextmanager
async def watching(
    api: Talk, query: str, path: str = PATH, accept: str = "application/json"
) -> AsyncIterator[Watch]:
    url = f"{api.server}{path}?watch=true&{query}"
    async with api.session.get(url, headers={"Accept": accept}) as answer:
        yield Watch(aiter(answer.content))


async def test_a_watch_begins_with_what_is_there_and_goes_on(api: Talk) -> None:
    await api.say(create(config_map({"a": "1"})))

    async with watching(api, "") as watch:
        first = await watch.next()
        await api.say(patch(config_map({}), {"data": {"a": "2"}}))
        second = await watch.next()
        await api.say(delete(config_map({})))
        third = await watch.next()

    assert [first[0], second[0], third[0]] == ["ADDED", "MODIFIED", "DELETED"]
    assert second[1]["data"] == {"a": "2"}


async def test_a_watch_takes_up_after_a_version(api: Talk) -> None:
    _, made = await api.say(create(config_map({"a": "1"})))
    await api.say(patch(config_map({}), {"data": {"a": "2"}}))

    async with watching(api, f"resourceVersion={made['metadata']['resourceVersion']}") as watch:
        type_, body = await watch.next()

    assert (type_, body["data"]) == ("MODIFIED", {"a": "2"})


async def test_initial_events_end_with_a_bookmark(api: Talk) -> None:
    await api.say(create(config_map({"a": "1"})))
    query = "sendInitialEvents=true&allowWatchBookmarks=true&resourceVersionMatch=NotOlderThan"

    async with watching(api, query) as watch:
        events = [await watch.next(), await watch.next()]

    assert [type_ for type_, _ in events] == ["ADDED", "BOOKMARK"]
    assert events[1][1]["metadata"]["annotations"] == {"k8s.io/initial-events-end": "true"}


async def test_an_object_that_ceases_to_match_is_deleted_for_the_watcher(api: Talk) -> None:
    labelled = config_map({"a": "1"}, metadata={"name": "c", "labels": {"app": "x"}})
    await api.say(create(labelled))

    async with watching(api, "labelSelector=app%3Dx") as watch:
        first = await watch.next()
        await api.say(patch(labelled, {"metadata": {"labels": {"app": "y"}}}))
        second = await watch.next()

    assert (first[0], second[0]) == ("ADDED", "DELETED")


async def test_a_watch_of_metadata_shows_only_that(api: Talk) -> None:
    await api.say(create(config_map({"a": "1"})))

    async with watching(api, "", accept=META_LIST) as watch:
        _, body = await watch.next()

    assert (body["kind"], "data" in body) == ("PartialObjectMetadata", False)


async def test_a_watch_ends_when_it_was_asked_to(api: Talk) -> None:
    async with api.session.get(f"{api.server}{PATH}?watch=true&timeoutSeconds=1") as answer:
        async with asyncio.timeout(10):
            assert await answer.read() == b""


async def test_workloads_become_ready(api: Talk) -> None:
    path = "/apis/apps/v1/namespaces/shop/deployments"
    async with watching(api, "", path) as watch:
        await api.say(apply(PLAIN))
        body: dict[str, Any] = {}
        while not body.get("status"):
            _, body = await watch.next()

    status = body["status"]
    assert (status["availableReplicas"], status["observedGeneration"]) == (1, 1)
    assert {one["type"]: one["status"] for one in status["conditions"]} == {
        "Available": "True",
        "Progressing": "True",
    }


async def test_pages_of_a_list_make_the_whole(api: Talk) -> None:
    for name in ("a", "b", "c"):
        await api.say(create(config_map({}, metadata={"name": name})))

    _, first = await api.say(Step("GET", PATH, query="limit=2"))
    _, second = await api.say(Step("GET", PATH, query=f"limit=2&continue={first['metadata']['continue']}"))

    names = [one["metadata"]["name"] for page in (first, second) for one in page["items"]]
    assert (names, first["metadata"]["remainingItemCount"]) == (["a", "b", "c"], 1)
