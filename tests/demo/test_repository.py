"""Branches, commits, files and comparisons."""

from __future__ import annotations

import base64

from tests.demo.world import Scene


async def test_branches_tell_who_may_push(scene: Scene) -> None:
    await scene.merge_request("change")
    shown = (await scene.as_(scene.developer).get("/repository/branches")).json
    assert [(b["name"], b["protected"], b["can_push"], b["default"]) for b in shown] == [
        ("change", False, True, False),
        ("main", True, False, True),
    ]
    assert (await scene.api.get("/repository/branches/change")).json["name"] == "change"
    assert (await scene.api.get("/repository/branches/nowhere")).status == 404


async def test_a_file_is_read_at_a_ref(scene: Scene) -> None:
    mr = await scene.merge_request(**{"deep__d/values__yaml": "a: 1\n"})
    found = await scene.api.get(f"/repository/files/deep.d%2Fvalues.yaml?ref={mr.head}")
    assert base64.b64decode(found.json["content"]) == b"a: 1\n"
    assert (await scene.api.get("/repository/files/deep.d%2Fvalues.yaml?ref=main")).status == 404
    raw = await scene.api.get("/repository/files/values.yaml/raw?ref=main")
    assert raw.text == "replicas: 1\n"
    assert (await scene.api.get("/repository/files/values.yaml")).status == 400


async def test_a_commit_shows_parents_and_last_pipeline(scene: Scene) -> None:
    mr = await scene.merge_request()
    made = await scene.api.post(f"/statuses/{mr.head}", state="success")
    shown = (await scene.api.get(f"/repository/commits/{mr.head}")).json
    assert shown["last_pipeline"]["id"] == made.json["pipeline_id"]
    assert (shown["status"], shown["title"]) == ("success", "Change the values")
    assert (await scene.api.get("/repository/commits/nothing")).status == 404


async def test_a_merge_request_is_found_by_its_merge_commit(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.merge(mr, scene.maintainer)
    found = (await scene.api.get(f"/repository/commits/{mr.merge_commit}/merge_requests")).json
    assert [it["iid"] for it in found] == [mr.iid]


async def test_a_comparison_holds_commits_and_diffs(scene: Scene) -> None:
    mr = await scene.merge_request()
    shown = (await scene.api.get("/repository/compare?from=main&to=change")).json
    assert [c["id"] for c in shown["commits"]] == [mr.head]
    assert [d["new_path"] for d in shown["diffs"]] == ["values.yaml"]
    assert (await scene.api.get("/repository/compare?from=main")).json["error"] == "to is missing"
