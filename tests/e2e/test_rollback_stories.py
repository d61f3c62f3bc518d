"""Going back: a preview with a code, the code confirmed, the cluster as it was; and Git, which differs."""

import re

import pytest

from bot.demo.gitlab import MergeRequest, User
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site, seal_of
from tests.e2e.world import World

pytestmark = pytest.mark.long
CODE = re.compile(r"/helm confirm ([0-9a-f]{8})")


async def deployed(site: Site, branch: str, color: str) -> MergeRequest:
    """A merge request that brought this color to the cluster."""
    mr = await site.change(branch, {VALUES: values(color=color)})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "and verified" in note, note
    return mr


async def green_then_red(site: Site) -> MergeRequest:
    """Revision 1 is green, revision 2 is red; the merge request that brought red."""
    await deployed(site, "one", "green")
    return await deployed(site, "two", "red")


async def preview(site: Site, mr: MergeRequest, text: str = "/helm rollback web") -> tuple[str, str]:
    """The reply to a rollback, and the code in it."""
    _, reply = await site.command(mr, site.max, text)
    found = CODE.search(reply)
    assert found is not None, reply
    return reply, found[1]


def colors(running: World, site: Site) -> list[str]:
    """What the cluster has."""
    assert running.cluster is not None
    return [it["data"]["color"] for it in running.cluster.objects("ConfigMap", site.namespace)]


async def goes_back(running: World, site: Site, by: User) -> str:
    """The whole way; the deploy note at its end."""
    mr = await green_then_red(site)
    reply, code = await preview(site, mr)
    assert "back to revision 1" in reply
    assert "Nothing is done yet." in reply
    assert "Afterwards Git and the cluster differ" in reply
    assert '+  color: "green"' in reply or "+  color: green" in reply, reply
    assert colors(running, site) == ["red"]
    _, said = await site.command(mr, by, f"/helm confirm {code}")
    assert "rolling" in said, said
    note = await site.noted_deploy(mr, "back to revision 1 and verified")
    assert seal_of(note) == seal_of(reply)
    assert "Git and the cluster differ now" in note
    assert "--revert in this thread opens the merge request" in note
    assert f"{site.namespace}/web runs web 1.0.0." in note
    assert "All is as revision 1 has it." in note
    assert colors(running, site) == ["green"]
    assert len(site.deploy_notes(mr)) == 1
    return note


async def test_a_rollback_by_a_pipeline_is_shown_confirmed_done_and_verified(
    running: World, site: Site
) -> None:
    await goes_back(running, site, site.max)
    last = site.apply_pipelines()[-1]
    assert [job.status for job in site.jobs(last)] == ["success"]
    assert len(site.apply_pipelines()) == 3


async def test_a_rollback_by_the_bot_itself_is_shown_confirmed_done_and_verified(running: World) -> None:
    site = await running.site("direct-11")
    note = await goes_back(running, site, site.max)
    assert f"| `{site.namespace}/web` | rollback | ✅ in " in note
    assert "revision 3 |" in note
    assert site.apply_pipelines() == []


async def test_a_code_that_nobody_was_shown_does_nothing(running: World, site: Site) -> None:
    mr = await green_then_red(site)
    _, said = await site.command(mr, site.max, "/helm confirm 0badcafe")
    assert "No rollback was shown in this thread under the code 0badcafe." in said
    assert colors(running, site) == ["red"]


async def test_a_code_is_stale_after_another_deploy(running: World, site: Site) -> None:
    mr = await green_then_red(site)
    _, code = await preview(site, mr)
    await deployed(site, "three", "blue")
    _, said = await site.command(mr, site.max, f"/helm confirm {code}")
    assert "not rolled back. What was shown does not hold any more" in said
    assert "the plan started from revision 2, the cluster has 3 now" in said
    assert colors(running, site) == ["blue"]


async def test_a_developer_may_neither_ask_nor_confirm(running: World, site: Site) -> None:
    mr = await green_then_red(site)
    _, code = await preview(site, mr)
    for text in ("/helm rollback web", f"/helm confirm {code}"):
        _, said = await site.command(mr, site.ada, text)
        assert "needs the role maintainer or above" in said
    assert colors(running, site) == ["red"]


async def test_a_lock_holds_it_until_it_is_taken_away(running: World, site: Site) -> None:
    mr = await green_then_red(site)
    _, code = await preview(site, mr)
    await site.command(mr, site.max, "/helm lock an exam")
    _, said = await site.command(mr, site.max, f"/helm confirm {code}")
    assert "Still held: max locked the target" in said
    assert f"/helm confirm {code}" in said
    assert colors(running, site) == ["red"]
    await site.command(mr, site.max, "/helm unlock")
    await site.command(mr, site.max, f"/helm confirm {code}")
    await site.noted_deploy(mr, "back to revision 1 and verified")
    assert colors(running, site) == ["green"]


async def test_the_revert_is_opened_only_where_it_was_asked_for(running: World, site: Site) -> None:
    mr = await green_then_red(site)
    _, code = await preview(site, mr, "/helm rollback web 1 --revert")
    assert len(site.project.merge_requests) == 2
    await site.command(mr, site.max, f"/helm confirm {code}")
    note = await site.noted_deploy(mr, "back to revision 1 and verified")
    made = max(site.project.merge_requests.values(), key=lambda it: it.iid)
    assert made.title == f'Revert "{mr.title}"'
    assert f"merge_requests/{made.iid}" in note
    plan = await site.planned(made)
    assert "no changes" in plan
    _, again = await site.command(mr, site.max, "/helm rollback web --revert")
    assert f"merge_requests/{made.iid}" in again
    assert len(site.project.merge_requests) == 3


async def test_where_approvals_are_asked_for_the_confirmation_of_who_may_approve_is_one(
    running: World,
) -> None:
    site = await running.site("reviewed-11")
    for branch, color in (("one", "green"), ("two", "red")):
        mr = await site.change(branch, {VALUES: values(color=color)})
        await site.planned(mr)
        await site.gitlab.approve(mr, site.max)
        await site.gitlab.merge(mr, site.max)
        assert "and verified" in await site.deployed(mr)
    _, code = await preview(site, mr)
    await site.command(mr, site.max, f"/helm confirm {code}")
    await site.noted_deploy(mr, "back to revision 1 and verified")
    assert colors(running, site) == ["green"]


async def test_what_cannot_be_gone_back_to_is_said_with_what_can(site: Site) -> None:
    mr = await site.change()
    _, early = await site.command(mr, site.max, "/helm rollback web")
    assert "This merge request is not merged" in early
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    await site.deployed(mr)
    for text, answer in (
        ("/helm rollback web", "has no earlier revision that was deployed"),
        ("/helm rollback web 7", "Revision 7 of"),
        ("/helm rollback wbe", "Did you mean"),
        ("/helm rollback web 1", "Nothing to roll back"),
    ):
        _, said = await site.command(mr, site.max, text)
        assert answer in said, said
