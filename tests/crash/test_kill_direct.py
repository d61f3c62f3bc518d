"""kill -9 in the middle of a deploy of mode `direct`: of the bot, of the process that applies, of Helm."""

import contextlib
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.crash.test_kill_service import revisions
from tests.e2e.crashing import kept_alive
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]
PLACE = "direct"


@pytest.fixture
async def running(tmp_path: Path) -> AsyncIterator[World]:
    async with world(tmp_path, targets={PLACE: {"deploy": {"mode": "direct"}}}) as made:
        yield made


def run_of(world: World) -> Path | None:
    """The only run's directory."""
    found = list((world.folder / "data" / "runs").glob("run-*"))
    return found[0] if found else None


def processes(run: Path) -> dict[int, str]:
    """Those that hold the run's lock, with their command lines: the one that applies, and its Helm."""
    found = {}
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if any(os.readlink(fd) == str(run / "lock") for fd in (place / "fd").iterdir()):
                found[int(place.name)] = (place / "cmdline").read_text().replace("\0", " ")
    return found


async def helm_works(world: World) -> Path:
    """Waits until Helm is at work in a run."""

    def look() -> Path | None:
        run = run_of(world)
        return run if run and any("deploy_worker" in it for it in processes(run).values()) else None

    return await until(look, "Helm to work")


def kill(run: Path, word: str = "") -> None:
    for pid, line in processes(run).items():
        if word in line:
            os.kill(pid, signal.SIGKILL)


async def slow(site: Site, seconds: int, *names: str) -> dict[str, str]:
    """Files with a release `late` that waits so long for what never becomes ready, after the others."""
    text = releases(site.namespace, *names, "late")
    text = text.replace("- name: late\n", f"- name: late\n  wait: true\n  timeout: {seconds}s\n")
    late = values(replicas=1, tag="broken")
    return {RELEASES: text, "values/late.yaml": late, **({VALUES: values()} if names else {})}


async def test_the_bot_killed_while_its_process_applies_finds_it_again(running: World) -> None:
    site = await running.site(PLACE)
    mr = await site.change(files=await slow(site, 4))
    await site.planned(mr)
    async with kept_alive(running):
        await site.gitlab.merge(mr, site.max)
        run = await helm_works(running)
        running.bot.kill()
        await until(lambda: running.bot.answers and running.bot.starts == 2, "the bot to run again")
        note = await site.deployed(mr)
    assert "late failed." in note
    assert "❌ failed after" in note
    assert running.cluster is not None
    assert revisions(running.cluster, site.namespace) == [("late", 1, "failed")]
    assert run_of(running) == run
    assert len(running.bot.facts("run.started")) == 1


async def test_the_bot_and_its_process_killed_before_anything_was_applied_begin_anew(running: World) -> None:
    """At the first word of the process; a lost machine takes all of it."""
    site = await running.site(PLACE)
    mr = await site.change()
    await site.planned(mr)
    async with kept_alive(running):
        await site.gitlab.merge(mr, site.max)
        run = await until(lambda: run_of(running), "the run")
        await until(lambda: processes(run), "its process")
        kill(run)
        running.bot.kill()
        await until(lambda: running.bot.answers and running.bot.starts == 2, "the bot to run again")
        note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note
    assert running.cluster is not None
    assert revisions(running.cluster, site.namespace) == [("web", 1, "deployed")]
    assert len(site.deploy_notes(mr)) == 1


async def test_a_process_killed_while_helm_works_is_waited_for_until_helm_has_ended(running: World) -> None:
    """Helm goes on by itself; nothing is applied beside it, and what it left is said."""
    site = await running.site(PLACE)
    mr = await site.change(files=await slow(site, 3, "web"))
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    run = await helm_works(running)
    cluster = running.cluster
    assert cluster is not None
    await until(lambda: cluster.objects("ConfigMap", site.namespace), "something applied")
    await until(lambda: ("late", 1, "pending-install") in revisions(cluster, site.namespace), "late")
    kill(run, "direct_run")
    note = await site.deployed(mr)
    assert "It was started again, found the cluster as said below" in note
    assert f"{site.namespace}/late: the plan started from revision nothing, the cluster has 1 now." in note
    assert "/helm deploy" in note
    found = {name: status for name, _, status in revisions(cluster, site.namespace)}
    assert found == {"web": "deployed", "late": "failed"}


async def test_helm_killed_half_way_leaves_a_pending_release_that_is_explained(running: World) -> None:
    site = await running.site(PLACE)
    mr = await site.change(files=await slow(site, 60))
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    run = await helm_works(running)
    cluster = running.cluster
    assert cluster is not None
    pending = [("late", 1, "pending-install")]
    await until(lambda: revisions(cluster, site.namespace) == pending, "Helm to be at it")
    kill(run)
    note = await site.deployed(mr)
    assert f"Revision 1 of {site.namespace}/late is pending-install" in note
    assert "/helm deploy --recover" in note
    assert revisions(cluster, site.namespace) == pending
