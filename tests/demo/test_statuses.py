"""Commit statuses and deployments."""

from __future__ import annotations

from typing import Any

import pytest

from tests.demo.world import Scene

NAME = "purser/plan/production"


@pytest.fixture
async def mr(scene: Scene) -> Any:
    return await scene.merge_request()


async def test_a_commit_without_a_pipeline_gets_an_external_one(scene: Scene, mr: Any) -> None:
    made = await scene.api.post(
        f"/statuses/{mr.head}", state="running", context=NAME, target_url="http://x.example/"
    )
    assert (made.status, made.json["name"], made.json["status"]) == (201, NAME, "running")
    pipeline = scene.project.pipelines[made.json["pipeline_id"]]
    assert (pipeline.source, pipeline.ref, pipeline.status) == ("external", "change", "running")
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json["head_pipeline"]
    assert shown["id"] == pipeline.id


async def test_a_status_goes_on_to_its_end_in_one_pipeline(scene: Scene, mr: Any) -> None:
    for state in ("pending", "running", "success"):
        answer = await scene.api.post(f"/statuses/{mr.head}", state=state, name=NAME)
        assert answer.status == 201
    listed = (await scene.api.get(f"/repository/commits/{mr.head}/statuses")).json
    assert [(s["name"], s["status"]) for s in listed] == [(NAME, "success")]
    assert [p.status for p in scene.project.pipelines.values()] == ["success"]


@pytest.mark.parametrize(("state", "event"), [("running", "run"), ("pending", "enqueue")])
async def test_a_transition_to_the_same_state_is_refused(
    scene: Scene, mr: Any, state: str, event: str
) -> None:
    await scene.api.post(f"/statuses/{mr.head}", state=state, name=NAME)
    again = await scene.api.post(f"/statuses/{mr.head}", state=state, name=NAME)
    assert again.status == 400
    assert again.json["message"].startswith(f"Cannot transition status via :{event} from :{state}")


async def test_after_its_end_a_status_begins_anew(scene: Scene, mr: Any) -> None:
    first = await scene.api.post(f"/statuses/{mr.head}", state="failed", name=NAME)
    second = await scene.api.post(f"/statuses/{mr.head}", state="running", name=NAME)
    assert second.json["id"] != first.json["id"]
    assert len((await scene.api.get(f"/repository/commits/{mr.head}/statuses")).json) == 1
    assert len((await scene.api.get(f"/repository/commits/{mr.head}/statuses?all=true")).json) == 2


@pytest.mark.parametrize(
    "wanted",
    [
        {"state": "great"},
        {},
        {"state": "success", "target_url": "http://x.example/" + "a" * 240},
        {"state": "success", "target_url": "javascript:alert(1)"},
    ],
    ids=["unknown state", "no state", "long address", "address without http"],
)
async def test_what_gitlab_does_not_take_is_400(scene: Scene, mr: Any, wanted: dict[str, str]) -> None:
    assert (await scene.api.post(f"/statuses/{mr.head}", name=NAME, **wanted)).status == 400
    assert scene.project.pipelines == {}


async def test_unknown_commits_and_pipelines_are_404(scene: Scene, mr: Any) -> None:
    assert (await scene.api.post(f"/statuses/{'1' * 40}", state="success")).status == 404
    assert (await scene.api.post(f"/statuses/{mr.head}", state="success", pipeline_id=9)).status == 404


async def test_reporters_may_not_set_statuses(scene: Scene, mr: Any) -> None:
    answer = await scene.as_(scene.reporter).post(f"/statuses/{mr.head}", state="success")
    assert (answer.status, answer.json) == (403, {"message": "403 Forbidden"})


async def test_a_named_pipeline_is_used(scene: Scene, mr: Any) -> None:
    first = (await scene.api.post(f"/statuses/{mr.head}", state="success", name="a")).json["pipeline_id"]
    second = await scene.api.post(f"/statuses/{mr.head}", state="success", name="b", pipeline_id=first)
    assert second.json["pipeline_id"] == first


async def test_a_deployment_is_recorded_and_finished(scene: Scene, mr: Any) -> None:
    body = {"environment": "production", "sha": mr.head, "ref": "main", "tag": False, "status": "running"}
    made = await scene.api.post("/deployments", **body)
    assert (made.status, made.json["deployable"]) == (201, None)
    assert [e["name"] for e in (await scene.api.get("/environments")).json] == ["production"]
    done = await scene.api.put(f"/deployments/{made.json['id']}", status="success")
    assert (done.status, done.json["status"]) == (200, "success")
    assert (await scene.api.put(f"/deployments/{made.json['id']}", status="failed")).status == 400
    listed = (await scene.api.get("/deployments?environment=production&status=success")).json
    assert [d["id"] for d in listed] == [made.json["id"]]


async def test_a_deployment_needs_all_its_parameters(scene: Scene) -> None:
    answer = await scene.api.post("/deployments", environment="production")
    assert answer.json["error"] == "sha is missing, ref is missing, tag is missing, status is missing"
