"""Merge requests: what they show, how they are listed and edited."""

from __future__ import annotations

import pytest

from bot.demo.gitlab import Settings
from tests.demo.world import Scene


async def test_it_shows_its_commits_and_people(scene: Scene) -> None:
    mr = await scene.merge_request()
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    main = await scene.gitlab.world.repository(scene.project).resolve("main")
    assert shown["sha"] == mr.head
    assert shown["diff_refs"] == {"base_sha": main, "head_sha": mr.head, "start_sha": main}
    assert shown["author"]["username"] == "dev"
    assert (shown["id"], shown["iid"], shown["project_id"]) == (101, 1, scene.project.id)
    assert (shown["draft"], shown["changes_count"], shown["head_pipeline"]) == (False, "1", None)


async def test_it_is_checked_before_it_is_mergeable(scene: Scene) -> None:
    mr = await scene.merge_request()
    first = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    second = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert (first["detailed_merge_status"], second["detailed_merge_status"]) == ("unchecked", "mergeable")
    assert (first["merge_status"], second["merge_status"]) == ("unchecked", "can_be_merged")


async def test_the_list_can_be_filtered_and_ordered(scene: Scene) -> None:
    first = await scene.merge_request("one")
    scene.clock.advance(minutes=5)
    second = await scene.merge_request("two")
    since = scene.clock.at.isoformat().replace("+00:00", "Z")
    await scene.gitlab.close(first, scene.developer)
    opened = (await scene.api.get("/merge_requests?state=opened")).json
    assert [mr["iid"] for mr in opened] == [second.iid]
    scene.clock.advance(minutes=5)
    await scene.gitlab.edit(first, scene.developer, title="Renamed")
    by_update = (await scene.api.get("/merge_requests?order_by=updated_at&sort=desc")).json
    assert [mr["iid"] for mr in by_update] == [1, 2]
    assert len((await scene.api.get(f"/merge_requests?updated_after={since}")).json) == 2
    assert (await scene.api.get("/merge_requests?state=nonsense")).status == 400


async def test_it_is_created_and_edited_through_the_api(scene: Scene) -> None:
    await scene.gitlab.push(scene.project, "branch", {"a.txt": "a"}, scene.developer)
    api = scene.as_(scene.developer)
    made = await api.post("/merge_requests", source_branch="branch", target_branch="main", title="Draft: It")
    assert (made.status, made.json["draft"]) == (201, True)
    changed = await api.put("/merge_requests/1", title="It", labels="a,b", description="Because")
    assert (changed.json["draft"], changed.json["labels"], changed.json["description"]) == (
        False,
        ["a", "b"],
        "Because",
    )
    closed = await api.put("/merge_requests/1", state_event="close")
    assert closed.json["state"] == "closed"


async def test_a_second_one_for_the_same_branches_is_409(scene: Scene) -> None:
    await scene.merge_request("branch")
    api = scene.as_(scene.developer)
    again = await api.post("/merge_requests", source_branch="branch", target_branch="main", title="Again")
    assert again.status == 409
    assert "!1" in again.json["message"][0]


async def test_missing_parameters_are_named(scene: Scene) -> None:
    answer = await scene.as_(scene.developer).post("/merge_requests", title="x")
    assert (answer.status, answer.json["error"]) == (
        400,
        "source_branch is missing, target_branch is missing",
    )


async def test_diffs_and_commits_are_those_of_the_branch(scene: Scene) -> None:
    mr = await scene.merge_request()
    diffs = (await scene.api.get(f"/merge_requests/{mr.iid}/diffs")).json
    assert [(d["new_path"], d["new_file"]) for d in diffs] == [("values.yaml", False)]
    assert "+replicas: 2" in diffs[0]["diff"]
    commits = (await scene.api.get(f"/merge_requests/{mr.iid}/commits")).json
    assert [c["id"] for c in commits] == [mr.head]


async def test_a_fork_keeps_its_own_project_as_source(scene: Scene) -> None:
    scene.project.visibility = "public"
    guest = scene.gitlab.add_user("guest")
    fork = await scene.gitlab.fork(scene.project, guest, "guest/main")
    await scene.gitlab.push(fork, "branch", {"values.yaml": "replicas: 9\n"}, guest)
    mr = await scene.gitlab.open_merge_request(scene.project, "branch", guest, source=fork)
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert (shown["source_project_id"], shown["target_project_id"]) == (fork.id, scene.project.id)
    assert (await scene.api.get(f"/merge_requests/{mr.iid}/merge_ref")).status == 200


async def test_a_push_moves_the_head(scene: Scene) -> None:
    mr = await scene.merge_request()
    old = mr.head
    await scene.gitlab.push(scene.project, "change", {"values.yaml": "replicas: 3\n"}, scene.developer)
    shown = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert shown["sha"] == mr.head != old


async def test_approvals_name_the_people(scene: Scene) -> None:
    mr = await scene.merge_request()
    path = f"/merge_requests/{mr.iid}"
    empty = (await scene.api.get(path + "/approvals")).json
    assert (empty["approved"], empty["approved_by"]) == (
        True,
        [],
    )  # nothing is required, so this means nothing
    assert (await scene.as_(scene.maintainer).post(path + "/approve")).status == 201
    named = (await scene.api.get(path + "/approvals")).json["approved_by"]
    assert [a["user"]["username"] for a in named] == ["ada"]
    assert (await scene.as_(scene.maintainer).post(path + "/approve")).status == 401
    assert (await scene.as_(scene.maintainer).post(path + "/unapprove")).status == 201
    assert (await scene.as_(scene.maintainer).post(path + "/unapprove")).status == 404


async def test_approving_another_head_is_409_and_reporters_may_not(scene: Scene) -> None:
    mr = await scene.merge_request()
    path = f"/merge_requests/{mr.iid}/approve"
    assert (await scene.as_(scene.maintainer).post(path, sha="0" * 40)).status == 409
    assert (await scene.as_(scene.reporter).post(path)).status == 401


async def test_a_push_takes_approvals_away_where_the_project_says_so(scene: Scene) -> None:
    scene.project.settings = Settings(reset_approvals_on_push=True)
    mr = await scene.merge_request()
    await scene.gitlab.approve(mr, scene.maintainer)
    await scene.gitlab.push(scene.project, "change", {"values.yaml": "replicas: 3\n"}, scene.developer)
    assert mr.approvals == []


@pytest.mark.parametrize("wanted", [{"target_branch": "nowhere"}, {"title": " "}, {"state_event": "explode"}])
async def test_edits_that_make_no_sense_are_400(scene: Scene, wanted: dict[str, str]) -> None:
    mr = await scene.merge_request()
    assert (await scene.api.put(f"/merge_requests/{mr.iid}", **wanted)).status == 400
