"""Merges that meet in mode `pipeline`: each ends with one note, and the cluster as the last one has it."""

import pytest

from bot.demo.gitlab import MergeRequest
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long
DONE = "✅ Deployed to `production` and verified"


async def two(site: Site) -> tuple[MergeRequest, MergeRequest]:
    """Both planned on a cluster that has neither; only the second paints."""
    first = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(first)
    second = await site.change("two", {VALUES: values(color="red")})
    await site.planned(second)
    return first, second


async def brought(site: Site, mr: MergeRequest) -> None:
    """Deployed by itself, or on command once somebody saw what is different by now."""
    note = await site.deployed(mr)
    if DONE not in note:
        assert "/helm deploy" in note
        _, said = await site.command(mr, site.max, "/helm deploy")
        assert "Say `/helm deploy` again to deploy exactly this." in said, said
        await site.command(mr, site.max, "/helm deploy")
        await site.noted_deploy(mr, DONE)


def color(running: World, site: Site) -> str:
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    return str(found["data"]["color"])


async def test_two_merges_at_once_leave_the_cluster_as_the_second_has_it(running: World) -> None:
    site = await running.site()
    first, second = await two(site)
    await site.gitlab.merge(first, site.max)
    await site.gitlab.merge(second, site.max)
    note = await site.deployed(first)
    # The second merge may come before the first one's pipeline, which would run on its files then.
    assert DONE in note or "the branch has moved past the merge commit" in note, note
    await brought(site, second)
    assert color(running, site) == "red"
    assert [len(site.deploy_notes(mr)) for mr in (first, second)] == [1, 1]


async def test_a_merge_while_a_deploy_runs_waits_for_it_and_is_not_applied_blindly(running: World) -> None:
    site = await running.site()
    first, second = await two(site)
    with site.gitlab.runner.pausing():
        await site.gitlab.merge(first, site.max)
        await until(site.apply_pipelines, "the first pipeline")
        await site.gitlab.merge(second, site.max)
    assert DONE in await site.deployed(first)
    note = await site.deployed(second)
    assert "❌" in note
    assert "the seal no longer holds" in note
    await brought(site, second)
    assert color(running, site) == "red"
    assert [len(site.deploy_notes(mr)) for mr in (first, second)] == [1, 1]
