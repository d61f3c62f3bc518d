"""Merge requests that share commits with others, or have none."""

import html

import pytest

from bot.demo.gitlab import MergeRequest, Settings
from tests.e2e.files import RELEASES, releases, values
from tests.e2e.site import Site
from tests.e2e.world import World


async def stacked(site: Site) -> tuple[MergeRequest, MergeRequest]:
    """One makes web green, the other adds a release to that; both go to main, both are planned."""
    lower = await site.change("lower")
    files = {RELEASES: releases(site.namespace, "web", "shop"), "values/shop.yaml": values()}
    await site.gitlab.push(site.project, "upper", files, site.ada, start="lower")
    upper = await site.gitlab.open_merge_request(site.project, "upper", site.ada, "Do upper")
    await site.planned(lower)
    await site.planned(upper)
    return lower, upper


def colors(world: World, site: Site) -> dict[str, str]:
    """What each release of the site runs."""
    assert world.cluster is not None
    found = world.cluster.objects("ConfigMap", site.namespace)
    return {it["metadata"]["name"]: it["data"]["color"] for it in found}


async def test_what_came_with_another_s_merge_is_deployed_by_that_one_alone(
    site: Site, running: World
) -> None:
    lower, upper = await stacked(site)
    await site.gitlab.merge(upper, site.max)
    assert "✅ Deployed" in await site.deployed(upper)
    note = html.unescape(await site.deployed(lower)).replace("\u2060", "")
    assert "⏸️ Held" in note
    assert f"came to main with the merge of !{upper.iid}, whose plan has them all" in note
    assert len(site.apply_pipelines()) == 1
    assert colors(running, site) == {"web": "green", "shop": "blue"}
    _, reply = await site.command(lower, site.max, "/helm deploy")
    assert "nothing" in reply.lower()


async def test_a_fast_forward_over_two_deploys_the_upper_one(running: World) -> None:
    site = await running.site(settings=Settings(merge_method="ff"))
    lower, upper = await stacked(site)
    await site.gitlab.merge(upper, site.max)
    assert "✅ Deployed" in await site.deployed(upper)
    assert "the branch has moved past the merge commit" in await site.deployed(lower)
    assert colors(running, site) == {"web": "green", "shop": "blue"}


@pytest.mark.parametrize("which", ["merge", "squash"])
async def test_each_of_a_stack_that_is_merged_by_itself_is_deployed(
    site: Site, running: World, which: str
) -> None:
    lower, upper = await stacked(site)
    await site.gitlab.merge(lower, site.max, squash=which == "squash")
    assert "✅ Deployed" in await site.deployed(lower)
    assert colors(running, site) == {"web": "green"}
    assert upper.state == "opened"


async def test_one_without_commits_is_told_so_and_planned_with_its_first_one(site: Site) -> None:
    """As GitLab makes them of an issue: a branch at the default branch, and a merge request."""
    await site.gitlab.branch(site.project, "change", site.ada)
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, "Draft: Resolve it")
    assert "Push a commit, and that is planned." in await site.noted(mr, "has no commits")
    asked, _ = await site.command(mr, site.ada, "/helm plan")
    assert [award.name for award in asked.awards] == ["eyes", "x"]
    _, reply = await site.command(mr, site.ada, "/helm plan web")
    assert "it has no commits" in reply
    await site.push("change")
    assert "+  color: green" in await site.planned(mr)
    assert len(site.plan_notes(mr)) == 1
