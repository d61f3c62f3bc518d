"""kill -9 in the middle of a deploy that the bot makes itself, before a real API server."""

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.direct import (
    DEPLOYED,
    at_once,
    awake,
    color,
    deployed,
    ended,
    helm_is_at,
    kill,
    merged,
    pods_are_ready,
    run_at_work,
    trail,
    waits,
)
from tests.cluster.releases import revisions
from tests.e2e.crashing import kept_alive
from tests.e2e.world import World

pytestmark = [
    pytest.mark.crash,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="module"),
]


async def test_the_bot_killed_while_helm_works_tells_its_end_once(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-0", namespace=namespace)
    starts = running.bot.starts
    mr = await merged(site, "green", waits(site, "green"))
    await helm_is_at(control_plane, site, 1, "pending-install")
    async with kept_alive(running):
        running.bot.kill()
        await awake(running, starts + 1)
        await pods_are_ready(control_plane, site)
        note = await site.deployed(mr)
    assert DEPLOYED in note
    assert len(site.deploy_notes(mr)) == 1
    assert revisions(control_plane, namespace) == [("web", 1, "deployed")]
    await trail(running, site, mr, merge=1, run=1, run_ended=1, verified=1, deploy_ended=1)


async def test_the_process_that_applies_killed_alone_is_begun_anew_and_finds_what_helm_did(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-1", namespace=namespace)
    mr = await merged(site, "green", waits(site, "green"))
    await helm_is_at(control_plane, site, 1, "pending-install")
    kill(run_at_work(running), "direct_run")
    await pods_are_ready(control_plane, site)
    note = await site.deployed(mr)
    assert DEPLOYED in note
    assert "✅ by an earlier try |" in note
    assert revisions(control_plane, namespace) == [("web", 1, "deployed")]
    await trail(running, site, mr, run=1, run_ended=1, deploy_ended=1)


async def test_an_upgrade_killed_with_its_helm_is_explained_and_recovered_on_command(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-2", namespace=namespace)
    await deployed(site, "green", at_once(site, "green"))
    mr = await merged(site, "red", waits(site, "red"))
    await helm_is_at(control_plane, site, 2, "pending-upgrade")
    kill(run_at_work(running))
    note = await ended(running, site, mr)
    assert f"Revision 2 of {namespace}/web is pending-upgrade" in note
    assert "/helm deploy --recover" in note
    _, said = await site.command(mr, site.max, "/helm deploy")
    assert "/helm deploy --recover" in said
    left = [("web", 1, "deployed"), ("web", 2, "pending-upgrade")]
    assert revisions(control_plane, namespace) == left
    await site.command(mr, site.max, "/helm deploy --recover")
    assert revisions(control_plane, namespace) == left
    await site.command(mr, site.max, "/helm deploy --recover")
    await helm_is_at(control_plane, site, 3, "pending-upgrade")
    await pods_are_ready(control_plane, site)
    await site.noted_deploy(mr, DEPLOYED)
    assert [it[2] for it in revisions(control_plane, namespace)] == ["superseded", "failed", "deployed"]
    assert color(control_plane, site) == "red"
    await trail(running, site, mr, run=2, run_ended=2, deploy_ended=2)
