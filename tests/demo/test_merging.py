"""The merge: three methods, squash, and what forbids it."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.gitlab import Settings
from tests.demo.world import Answer, Scene


async def _merge(scene: Scene, mr: Any, **body: Any) -> Answer:
    return await scene.as_(scene.maintainer).put(f"/merge_requests/{mr.iid}/merge", **body)


async def _main(scene: Scene) -> Any:
    return await scene.gitlab.world.repository(scene.project).commit("refs/heads/main")


async def test_a_merge_commit_joins_target_and_head(scene: Scene) -> None:
    mr = await scene.merge_request()
    before = await _main(scene)
    answer = await _merge(scene, mr, sha=mr.head)
    after = await _main(scene)
    assert (answer.status, answer.json["state"], answer.json["merge_user"]["username"]) == (
        200,
        "merged",
        "ada",
    )
    assert answer.json["merge_commit_sha"] == after.id
    assert after.parents == (before.id, mr.head)
    assert "See merge request ops/clusters/main!1" in after.message


async def test_the_merge_gives_the_tree_that_the_merge_ref_showed(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.push(scene.project, "main", {"other.txt": "x"}, scene.maintainer)
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).json["commit_id"]
    await _merge(scene, mr)
    repo = scene.gitlab.world.repository(scene.project)
    assert await repo.tree(shown) == await repo.tree("refs/heads/main")


async def test_a_squash_has_both_commits(scene: Scene) -> None:
    mr = await scene.merge_request()
    answer = await _merge(scene, mr, squash=True)
    after = await _main(scene)
    assert answer.json["squash_commit_sha"] in after.parents
    assert answer.json["merge_commit_sha"] == after.id


async def test_a_fast_forward_has_no_merge_commit(scene: Scene) -> None:
    scene.project.settings = Settings(merge_method="ff")
    mr = await scene.merge_request()
    answer = await _merge(scene, mr)
    assert (answer.json["merge_commit_sha"], answer.json["sha"]) == (None, (await _main(scene)).id)


async def test_a_squashed_fast_forward_ends_on_the_squash_commit(scene: Scene) -> None:
    scene.project.settings = Settings(merge_method="ff")
    mr = await scene.merge_request()
    answer = await _merge(scene, mr, squash=True)
    assert answer.json["squash_commit_sha"] == (await _main(scene)).id != answer.json["sha"]


async def test_a_fast_forward_behind_its_target_is_405(scene: Scene) -> None:
    scene.project.settings = Settings(merge_method="ff")
    mr = await scene.merge_request()
    await scene.gitlab.push(scene.project, "main", {"other.txt": "x"}, scene.maintainer)
    answer = await _merge(scene, mr)
    assert (answer.status, answer.json) == (405, {"message": "405 Method Not Allowed"})
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert shown["detailed_merge_status"] == "need_rebase"


async def test_another_head_is_409(scene: Scene) -> None:
    mr = await scene.merge_request()
    answer = await _merge(scene, mr, sha="1" * 40)
    assert answer.status == 409
    assert answer.json["message"].startswith("SHA does not match HEAD of source branch")
    assert mr.state == "opened"


async def test_developers_may_not_merge_into_a_protected_branch(scene: Scene) -> None:
    mr = await scene.merge_request()
    answer = await scene.as_(scene.developer).put(f"/merge_requests/{mr.iid}/merge")
    assert answer.status == 401


@pytest.mark.parametrize("what", ["closed", "merged", "draft", "conflict", "unapproved"])
async def test_what_is_not_mergeable_is_405(scene: Scene, what: str) -> None:
    mr = await scene.merge_request()
    match what:
        case "closed":
            await scene.gitlab.close(mr, scene.developer)
        case "merged":
            await scene.gitlab.merge(mr, scene.maintainer)
        case "draft":
            await scene.gitlab.edit(mr, scene.developer, title="Draft: x")
        case "conflict":
            await scene.gitlab.push(scene.project, "main", {"values.yaml": "replicas: 7\n"}, scene.maintainer)
        case _:
            scene.project.settings.approvals_required = 1
    assert (await _merge(scene, mr)).status == 405


async def test_pipelines_must_succeed_where_the_project_says_so(scene: Scene) -> None:
    scene.project.settings.only_allow_merge_if_pipeline_succeeds = True
    mr = await scene.merge_request()
    assert (await _merge(scene, mr)).status == 405
    await scene.api.post(f"/statuses/{mr.head}", state="running", name="purser/plan/production")
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert shown["detailed_merge_status"] == "ci_still_running"
    await scene.api.post(f"/statuses/{mr.head}", state="success", name="purser/plan/production")
    assert (await _merge(scene, mr)).status == 200


async def test_the_source_branch_goes_after_the_merge(scene: Scene) -> None:
    mr = await scene.merge_request("gone")
    await _merge(scene, mr)
    assert "refs/heads/gone" not in await scene.gitlab.world.repository(scene.project).refs()
