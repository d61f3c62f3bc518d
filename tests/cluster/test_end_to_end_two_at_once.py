"""Merges that meet, a revert, and an API server that is killed: mode `direct` before the real one."""

import asyncio

import pytest

from bot.demo.gitlab import MergeRequest
from tests.cluster.control_plane import ControlPlane
from tests.cluster.direct import (
    DEPLOYED,
    at_once,
    color,
    controllers_are_back,
    deployed,
    ended,
    helm_is_at,
    merged,
    pods_are_ready,
    waits,
)
from tests.cluster.releases import revisions
from tests.e2e.site import Site
from tests.e2e.world import World

pytestmark = [
    pytest.mark.crash,
    pytest.mark.long,
    pytest.mark.timeout(500),
    pytest.mark.asyncio(loop_scope="module"),
]


async def brought_by_command(site: Site, mr: MergeRequest, command: str) -> None:
    """What a note that failed asks for: said once it shows the plan, said again it deploys it."""
    _, said = await site.command(mr, site.max, command)
    assert f"Say `{command}` again to deploy exactly this." in said, said
    await site.command(mr, site.max, command)


async def test_a_merge_while_a_deploy_runs_waits_for_it_and_deploys_nothing_that_was_not_seen(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-0", namespace=namespace)
    second = await site.change("words", {"README.md": "Words.\n"})
    await site.planned(second)
    first = await merged(site, "green", waits(site, "green"))
    await helm_is_at(control_plane, site, 1, "pending-install")
    await site.gitlab.merge(second, site.max)
    assert revisions(control_plane, namespace) == [("web", 1, "pending-install")]
    await pods_are_ready(control_plane, site)
    assert DEPLOYED in await site.deployed(first)
    note = await site.deployed(second)
    assert "the seal no longer holds, so nothing was touched." in note
    assert revisions(control_plane, namespace) == [("web", 1, "deployed")]
    assert color(control_plane, site) == "green"


async def test_two_merges_at_once_are_one_after_the_other_and_a_revert_takes_the_last_back(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-1", namespace=namespace)
    await deployed(site, "blue", at_once(site, "blue"))
    one = await site.change("one", {"README.md": "Words.\n", **at_once(site, "green")})
    await site.planned(one)
    two = await site.change("two", {"values/other.yaml": "{}\n"})
    await site.planned(two)
    await asyncio.gather(site.gitlab.merge(one, site.max), site.gitlab.merge(two, site.max))
    assert DEPLOYED in await site.deployed(one)
    assert "✅ Nothing to deploy to `production`" in await site.deployed(two)
    assert color(control_plane, site) == "green"
    found = [status for _, _, status in revisions(control_plane, namespace)]
    assert found == ["superseded", "deployed"]
    revert = await deployed(site, "revert", at_once(site, "blue"))
    assert len(site.deploy_notes(revert)) == 1
    assert color(control_plane, site) == "blue"


async def test_an_api_server_that_is_killed_in_the_middle_leaves_nothing_that_a_command_does_not_mend(
    running: World, control_plane: ControlPlane, namespace: str
) -> None:
    site = await running.site("direct-2", namespace=namespace)
    await deployed(site, "green", at_once(site, "green"))
    mr = await merged(site, "red", waits(site, "red", seconds=40))
    await helm_is_at(control_plane, site, 2, "pending-upgrade")
    control_plane.kill_api_server()
    try:
        note = await ended(running, site, mr)
    finally:
        await asyncio.to_thread(control_plane.start_api_server)
    assert "❌ The deploy to `production` failed" in note
    assert "/helm deploy --recover" in note
    pending = ("web", 2, "pending-upgrade") in revisions(control_plane, namespace)
    await controllers_are_back(control_plane, site)
    # Beside the commands: Helm waits no longer than 40 seconds, which a busy machine may take to answer one.
    async with asyncio.TaskGroup() as group:
        group.create_task(pods_are_ready(control_plane, site))
        await brought_by_command(site, mr, "/helm deploy --recover" if pending else "/helm deploy")
    assert DEPLOYED in await ended(running, site, mr)
    assert color(control_plane, site) == "red"
