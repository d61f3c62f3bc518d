"""Going back before a real API server: a rollback that is killed half-way, and the revert after one."""

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.direct import (
    at_once,
    awake,
    color,
    deployed,
    helm_is_at,
    kill,
    merged,
    pods_are_ready,
    run_at_work,
    trail,
    waits,
)
from tests.cluster.releases import revisions
from tests.e2e.crashing import Killer, Point, kept_alive
from tests.e2e.site import seal_of
from tests.e2e.test_rollback_stories import preview
from tests.e2e.world import World

pytestmark = [
    pytest.mark.crash,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="module"),
]
BACK = "back to revision 1 and verified"
BEFORE_THE_RUN = Point("before the run begins", "POST", r"/deployments$", "before")


async def test_a_rollback_whose_bot_is_killed_before_it_begins_is_done_once_and_reverted_in_git(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-0", namespace=namespace)
    await deployed(site, "green", at_once(site, "green"))
    mr = await deployed(site, "red", at_once(site, "red"))
    reply, code = await preview(site, mr, "/helm rollback web --revert")
    assert color(control_plane, site) == "red"
    starts = running.bot.starts
    Killer(running, BEFORE_THE_RUN).plant()
    async with kept_alive(running):
        await site.command(mr, site.max, f"/helm confirm {code}")
        note = await site.noted_deploy(mr, BACK)
        await awake(running, starts + 1)
    running.gitlab.plant_fault()
    assert seal_of(note) == seal_of(reply)
    assert "All is as revision 1 has it." in note
    assert color(control_plane, site) == "green"
    assert [it[2] for it in revisions(control_plane, namespace)] == ["superseded", "superseded", "deployed"]
    await trail(running, site, mr, run=2, rollback_confirmed=1, run_ended=2, verified=2, deploy_ended=2)

    revert = max(site.project.merge_requests.values(), key=lambda it: it.iid)
    assert f"merge_requests/{revert.iid}" in note
    assert "no changes" in await site.planned(revert)
    await site.gitlab.merge(revert, site.max)
    await site.noted_deploy(revert, "✅ Nothing to deploy to `production`")
    assert color(control_plane, site) == "green"
    later = await site.change("words", {"README.md": "Words.\n"})
    assert "no changes" in await site.planned(later)


async def test_a_rollback_killed_with_its_helm_is_explained_and_recovered_on_command(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-1", namespace=namespace)
    first = await merged(site, "green", waits(site, "green"))
    await pods_are_ready(control_plane, site)
    await site.noted_deploy(first, "✅ Deployed to `production` and verified")
    mr = await deployed(site, "red", waits(site, "red", replicas=0))
    _, code = await preview(site, mr)
    await site.command(mr, site.max, f"/helm confirm {code}")
    await helm_is_at(control_plane, site, 3, "pending-rollback")
    kill(run_at_work(running))
    note = await site.noted_deploy(mr, "❌ The rollback of")
    assert f"Revision 3 of {namespace}/web is pending-rollback" in note
    assert f"/helm rollback {namespace}/web 1 --recover" in note
    _, said = await site.command(mr, site.max, "/helm rollback web 1")
    assert f"Or /helm rollback {namespace}/web 1 --recover in this thread" in said
    reply, code = await preview(site, mr, "/helm rollback web 1 --recover")
    assert f"Revision 3 of {namespace}/web is pending-rollback" in reply
    assert ("web", 3, "pending-rollback") in revisions(control_plane, namespace)
    await site.command(mr, site.max, f"/helm confirm {code}")
    await helm_is_at(control_plane, site, 4, "pending-rollback")
    await pods_are_ready(control_plane, site)
    await site.noted_deploy(mr, BACK)
    assert color(control_plane, site) == "green"
    found = [status for _, _, status in revisions(control_plane, namespace)]
    assert found == ["superseded", "superseded", "failed", "deployed"]
    await trail(running, site, mr, run=3, rollback_confirmed=2, deploy_ended=3)
