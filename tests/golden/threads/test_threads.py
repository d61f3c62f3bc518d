"""Whole threads, as people read them at night. `make golden` rewrites them; read them before committing."""

from shutil import which

import pytest
from aiohttp import web
from syrupy.assertion import SnapshotAssertion

from tests.e2e.crashing import kept_alive
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import Site, call
from tests.e2e.test_recover_stories import crash
from tests.e2e.test_rollback_stories import deployed, preview
from tests.e2e.waiting import until
from tests.e2e.world import World
from tests.golden.test_notes import golden
from tests.golden.threads.writing import thread

__all__ = ["golden"]
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(which("helm") is not None, reason="with a Helm program the logs hold its words"),
]
both_modes = pytest.mark.parametrize("mode", ["pipeline", "direct"])
_free = iter(range(8))


async def site_of(stage: World, mode: str) -> Site:
    """The next free project of this mode."""
    return await stage.site(f"direct-{next(_free)}" if mode == "direct" else None)


async def trouble(site: Site) -> dict[str, str]:
    """Files with three releases: `late` never becomes ready, `after` needs it, `web` stands alone."""
    text = releases(site.namespace, "web", "late", "after")
    text = text.replace("- name: late\n", "- name: late\n  wait: true\n  timeout: 4s\n")
    text = text.replace("- name: after\n", f"- name: after\n  needs: [{site.namespace}/late]\n")
    late = values(replicas=1, tag="broken")
    return {RELEASES: text, VALUES: values(), "values/late.yaml": late, "values/after.yaml": values()}


@both_modes
async def test_success(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    site = await site_of(stage, mode)
    mr = await site.change(title="Paint it green")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "✅" in await site.deployed(mr)
    assert thread(site, mr) == golden


@both_modes
async def test_failure(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    site = await site_of(stage, mode)
    slow = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 4s\n")
    mr = await site.change(
        files={RELEASES: slow, VALUES: values(replicas=1, tag="broken")}, title="New image"
    )
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "❌" in await site.deployed(mr)
    assert thread(site, mr) == golden


@both_modes
async def test_partial_failure(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    site = await site_of(stage, mode)
    site.gitlab.set_variable(site.project, "PURSER_FLAGS", "--parallel 1")
    mr = await site.change(files=await trouble(site), title="Three at once")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "❌" in await site.deployed(mr)
    assert thread(site, mr) == golden


async def test_cancelled_pipeline(stage: World, golden: SnapshotAssertion) -> None:
    site = await site_of(stage, "pipeline")
    with stage.gitlab.runner.pausing():
        mr = await site.change(title="Paint it green")
        await site.planned(mr)
        await site.gitlab.merge(mr, site.max)
        [pipeline] = await until(site.apply_pipelines, "the pipeline")
        await call(site, "POST", f"pipelines/{pipeline.id}/cancel")
        earlier = await site.deployed(mr)
    await site.command(mr, site.max, "/helm deploy")
    await site.noted_deploy(mr, "✅ Deployed")
    assert thread(site, mr, earlier=earlier) == golden


async def test_skip_ci_in_the_message(stage: World, golden: SnapshotAssertion) -> None:
    """It skips the pipeline of the push; the one that Purser asks for runs."""
    site = await site_of(stage, "pipeline")
    mr = await site.change(title="Paint it green")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max, text="Paint it green [skip ci]")
    await site.deployed(mr)
    assert thread(site, mr) == golden


async def test_held_and_approved(stage: World, golden: SnapshotAssertion) -> None:
    site = await stage.site("reviewed")
    mr = await site.change(title="Paint it green")
    await site.noted(mr, "approval")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    earlier = await site.deployed(mr)
    await site.command(mr, site.max, "/helm deploy")
    await site.noted_deploy(mr, "✅ Deployed")
    assert thread(site, mr, earlier=earlier) == golden


async def test_revert(stage: World, golden: SnapshotAssertion) -> None:
    site = await site_of(stage, "pipeline")
    first = await site.change(title="Paint it green")
    await site.planned(first)
    await site.gitlab.merge(first, site.max)
    assert "✅" in await site.deployed(first)
    second = await site.change("revert", {VALUES: values()}, title='Revert "Paint it green"')
    await site.planned(second)
    await site.gitlab.merge(second, site.max)
    assert "✅" in await site.deployed(second)
    assert thread(site, first, second) == golden


@both_modes
async def test_crash_of_the_bot(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    """Killed while the deploy is under way, and started again."""
    site = await site_of(stage, mode)
    mr = await site.change(title="Paint it green")
    await site.planned(mr)
    starts = stage.bot.starts

    async def after(request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
        if not site.deploy_notes(mr):  # the first one says that it is under way
            return None
        site.gitlab.plant_fault()
        stage.bot.kill()
        return web.Response(status=503)

    site.gitlab.plant_fault(after=after)
    async with kept_alive(stage):
        await site.gitlab.merge(mr, site.max)
        await until(lambda: stage.bot.answers and stage.bot.starts > starts, "the bot to run again")
        assert "✅" in await site.deployed(mr)
    assert thread(site, mr) == golden


@both_modes
async def test_left_pending_and_recovered(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    site = await site_of(stage, mode)
    first = await site.change(title="Paint it green")
    await site.planned(first)
    await site.gitlab.merge(first, site.max)
    await site.deployed(first)
    await crash(stage, site.namespace)
    mr = await site.change("red", {VALUES: values(color="red")}, title="Paint it red")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    earlier = await site.deployed(mr)
    for _ in range(2):
        await site.command(mr, site.max, "/helm deploy --recover")
    await site.noted_deploy(mr, "✅ Deployed")
    assert thread(site, mr, earlier=earlier) == golden


@both_modes
async def test_rollback(stage: World, golden: SnapshotAssertion, mode: str) -> None:
    site = await site_of(stage, mode)
    await deployed(site, "one", "green")
    mr = await deployed(site, "two", "red")
    _, code = await preview(site, mr)
    await site.command(mr, site.max, f"/helm confirm {code}")
    await site.noted_deploy(mr, "back to revision 1 and verified")
    assert thread(site, mr) == golden
