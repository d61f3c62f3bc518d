"""What becomes of merge requests whose commits reach the target branch without them, or whose branch goes."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.gitlab import Settings
from tests.demo.world import Scene


async def stacked(scene: Scene) -> tuple[Any, Any]:
    """One merge request, and another that is built on its branch; both go to main."""
    lower = await scene.merge_request("lower", one__txt="1")
    await scene.gitlab.push(scene.project, "upper", {"two.txt": "2"}, scene.developer, start="lower")
    return lower, await scene.gitlab.open_merge_request(scene.project, "upper", scene.developer)


async def _main(scene: Scene) -> Any:
    return await scene.gitlab.world.repository(scene.project).commit("refs/heads/main")


async def test_what_is_merged_with_another_is_merged_by_its_commit(scene: Scene) -> None:
    lower, upper = await stacked(scene)
    await scene.gitlab.merge(upper, scene.maintainer)
    after = await _main(scene)
    read = (await scene.api.get(f"/merge_requests/{lower.iid}")).json
    assert (read["state"], read["merge_user"]["username"]) == ("merged", "ada")
    assert read["merge_commit_sha"] == upper.merge_commit == after.id
    assert lower.head not in after.parents


async def test_a_fast_forward_goes_through_the_head_of_what_it_brings(scene: Scene) -> None:
    scene.project.settings = Settings(merge_method="ff")
    lower, upper = await stacked(scene)
    await scene.gitlab.merge(upper, scene.maintainer)
    assert (lower.state, lower.merge_commit) == ("merged", lower.head)
    assert (upper.merge_commit, upper.head) == (None, (await _main(scene)).id)


async def test_a_push_by_hand_merges_what_it_brings(scene: Scene) -> None:
    mr = await scene.merge_request()
    pushed = await scene.gitlab.push(
        scene.project, "main", {"x.txt": "x"}, scene.maintainer, start="change", force=True
    )
    assert (mr.state, mr.merge_commit, mr.merged_by) == ("merged", mr.head, scene.maintainer)
    assert pushed != mr.head


async def test_a_squash_brings_no_commit_of_another(scene: Scene) -> None:
    lower, upper = await stacked(scene)
    await scene.gitlab.merge(upper, scene.maintainer, squash=True)
    assert (lower.state, upper.state) == ("opened", "merged")


async def test_one_without_a_commit_stays_open_whatever_is_pushed(scene: Scene) -> None:
    await scene.gitlab.branch(scene.project, "issue-1", scene.developer)
    mr = await scene.gitlab.open_merge_request(scene.project, "issue-1", scene.developer)
    await scene.gitlab.push(scene.project, "main", {"x.txt": "x"}, scene.maintainer)
    read = (await scene.api.get(f"/merge_requests/{mr.iid}")).json
    assert (read["state"], read["has_conflicts"]) == ("opened", False)
    assert read["diff_refs"]["base_sha"] == read["diff_refs"]["head_sha"] == read["sha"]


@pytest.mark.parametrize("method", ["merge", "ff"])
async def test_a_branch_that_goes_closes_what_it_was_the_source_of(scene: Scene, method: Any) -> None:
    scene.project.settings = Settings(merge_method=method, remove_source_branch_after_merge=True)
    mr = await scene.merge_request()
    await scene.gitlab.branch(scene.project, "release", scene.developer)
    other = await scene.gitlab.open_merge_request(scene.project, "change", scene.developer, target="release")
    await scene.gitlab.merge(mr, scene.maintainer)
    assert (mr.state, other.state) == ("merged", "closed")
