"""What is asked about workloads that do not come up, how little, and what is said where no answer comes."""

import copy
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cluster.witness import ApiWitness
from bot.core.model import ObjectRef
from bot.core.verify.symptoms import Sighting
from tests.adapters.cluster_script import Said, Script, kubeconfig, serving, status, target
from tests.core.ailing import WEB, crashes, event, pod

REF = ObjectRef("apps/v1", "Deployment", "shop", "web")
OBJECT = "/apis/apps/v1/namespaces/shop/deployments/web"
SETS = "/apis/apps/v1/namespaces/shop/replicasets"
PODS, EVENTS = "/api/v1/namespaces/shop/pods", "/api/v1/namespaces/shop/events"
LOG = f"{PODS}/web-abc-12345/log"
REVISION = {"deployment.kubernetes.io/revision": "1"}


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with serving(Script()) as script:
        yield script


def arrange(script: Script, *pods: dict[str, Any]) -> None:
    """`shop/web` with one ReplicaSet and these pods of it; one crashes by default."""
    web = copy.deepcopy(WEB)
    web["metadata"]["annotations"] = REVISION
    web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
    owner = {"uid": "web", "controller": True}
    head = {"name": "web-abc", "uid": "set", "annotations": REVISION, "ownerReferences": [owner]}
    found = [copy.deepcopy(one) for one in pods or (pod("web-abc-12345", crashes()),)]
    for one in found:
        one["metadata"]["ownerReferences"] = [{"uid": "set", "controller": True}]
    others = [event("of another one", "other", "Deployment")]
    script.say("GET", OBJECT, Said(200, web))
    script.say("GET", SETS, Said(200, {"items": [{"metadata": head}]}))
    script.say("GET", PODS, Said(200, {"items": found}))
    script.say("GET", EVENTS, Said(200, {"items": [event("back-off"), *others]}))
    script.say("GET", LOG, Said(200, "one\ntwo\n"))


async def look(script: Script, folder: Path, *refs: ObjectRef, seconds: float = 20.0) -> Sighting:
    file = kubeconfig(folder, script.url, {"token": "very-secret-token"})
    return await ApiWitness({}, seconds=seconds).look(target(file), refs or (REF,))


async def test_it_finds_the_pods_the_warnings_and_the_log_of_before_the_restart(
    script: Script, tmp_path: Path
) -> None:
    arrange(script)
    seen = await look(script, tmp_path)
    assert [one["metadata"]["name"] for one in seen.workloads[0].pods] == ["web-abc-12345"]
    assert [one["message"] for one in seen.events] == ["back-off"]
    assert [(one.pod, one.container, one.previous, one.text) for one in seen.logs] == [
        ("web-abc-12345", "web", True, "one\ntwo\n")
    ]
    assert seen.unread == ()
    asked = {request.path: dict(request.query) for request in script.asked}
    assert asked[LOG] == {
        "container": "web", "previous": "true", "tailLines": "100", "limitBytes": "65536"
    }  # fmt: skip
    assert asked[PODS] == {"labelSelector": "app=web", "limit": "30"}
    assert asked[EVENTS] == {"fieldSelector": "type=Warning", "limit": "500"}
    assert {request.method for request in script.asked} == {"GET"}


async def test_what_is_ready_costs_one_read_and_the_warnings(script: Script, tmp_path: Path) -> None:
    arrange(script)
    done = {**WEB, "status": {**WEB["status"], "availableReplicas": 2, "readyReplicas": 2}}
    script.say("GET", OBJECT, Said(200, done))
    seen = await look(script, tmp_path)
    assert (seen.workloads, seen.logs) == ((), ())
    assert [request.path for request in script.asked] == [OBJECT, EVENTS]


async def test_a_right_that_is_missing_is_named_and_the_rest_is_read(script: Script, tmp_path: Path) -> None:
    arrange(script)
    for path in (EVENTS, LOG):
        script.say("GET", path, status(403, "Forbidden", "no"))
    seen = await look(script, tmp_path)
    assert len(seen.workloads[0].pods) == 1
    assert seen.unread == (
        "Not read: the identity may not list events in namespace shop.",
        "Not read: the identity may not get pods/log in namespace shop.",
    )


@pytest.mark.parametrize("code", [400, 404, 500])
async def test_a_log_that_cannot_be_read_is_one_plain_line(script: Script, tmp_path: Path, code: int) -> None:
    arrange(script)
    script.say("GET", LOG, status(code, "Odd", 'nodes "n1" not found'))
    seen = await look(script, tmp_path)
    said = f'Not read: the API server could not get pods/log (HTTP {code}: nodes "n1" not found).'
    assert (seen.logs, seen.unread) == ((), (said,))


async def test_it_ends_at_its_deadline_with_what_it_has(script: Script, tmp_path: Path) -> None:
    arrange(script)
    script.say("GET", EVENTS, Said(late=True))
    seen = await look(script, tmp_path, seconds=1.0)
    assert len(seen.workloads) == 1
    assert seen.unread == ("The API server was asked for 1 seconds, and no longer.",)


async def test_an_answer_of_too_great_a_length_is_none(script: Script, tmp_path: Path) -> None:
    arrange(script)
    script.say("GET", EVENTS, Said(200, json.dumps({"items": ["x" * 3_000_000]})))
    seen = await look(script, tmp_path)
    assert seen.events == ()
    [said] = seen.unread
    assert "answered at too great length (list events in namespace shop)" in said


async def test_a_cluster_that_is_gone_or_not_configured_is_said_and_nothing_raised(
    script: Script, tmp_path: Path
) -> None:
    [said] = (await ApiWitness({}).look(target(tmp_path / "none"), [REF])).unread
    assert "kubeconfig" in said
    file = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "very-secret-token"})
    [said] = (await ApiWitness({}).look(target(file), [REF])).unread
    assert "127.0.0.1:1 cannot be reached" in said


async def test_a_large_release_costs_a_bounded_number_of_requests(script: Script, tmp_path: Path) -> None:
    arrange(script)
    refs = [ObjectRef("apps/v1", "Deployment", "shop", f"web-{n}") for n in range(60)]
    for one in refs:
        web = copy.deepcopy(WEB)
        web["metadata"]["name"] = one.name
        web["spec"]["selector"] = {"matchLabels": {"app": "web"}}
        script.say("GET", f"/apis/apps/v1/namespaces/shop/deployments/{one.name}", Said(200, web))
    seen = await look(script, tmp_path, *refs)
    assert len(script.asked) <= 20 + 2 * 4 + 2 + 2
    assert len(seen.workloads) == 4
    assert "Of 60 workloads only 20 were looked at." in seen.unread
    assert "Of 20 workloads that are not ready 4 were looked at." in seen.unread


async def test_the_end_of_a_log_that_was_cut_within_a_line_is_left_out(
    script: Script, tmp_path: Path
) -> None:
    arrange(script)
    script.say("GET", LOG, Said(200, "first\n" + "x" * 70_000))
    assert [one.text for one in (await look(script, tmp_path)).logs] == ["first"]
