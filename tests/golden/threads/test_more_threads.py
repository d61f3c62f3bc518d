"""Whole threads of drift, and of a job of the project's own; `make golden` rewrites them."""

from shutil import which

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.demo.gitlab import MergeRequest
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.test_drift_stories import CONFIG, by_hand, drift_issues, found_reply
from tests.e2e.test_own_job import HELM, ci
from tests.e2e.world import World
from tests.golden.test_notes import golden
from tests.golden.threads.writing import issue, thread

__all__ = ["golden"]
pytestmark = [
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.skipif(which("helm") is not None, reason="with a Helm program the logs hold its words"),
]


async def merged(site: Site, title: str = "Paint it green") -> MergeRequest:
    """A change to green that was merged, and whose deployment has ended."""
    mr = await site.change(files={VALUES: values(color="green")}, title=title)
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    await site.deployed(mr)
    return mr


async def test_drift_that_is_opened_updated_and_closed(stage: World, golden: SnapshotAssertion) -> None:
    site = await stage.site()
    mr = await merged(site)
    place, told = CONFIG.format(site.namespace), []
    for color in ("magenta", "orange", "green"):
        await by_hand(stage, place, {"data": {"color": color}})
        note, _ = await site.command(mr, site.ada, "/helm drift")
        await found_reply(site, mr, note)
        [found] = drift_issues(site)
        told.append(issue(site, found))
    assert "\n\n".join([thread(site, mr), *told]) == golden


async def test_own_job_success(stage: World, golden: SnapshotAssertion) -> None:
    site = await stage.site("their-own-0", ci=ci())
    mr = await merged(site)
    assert thread(site, mr) == golden


async def test_own_job_failure(stage: World, golden: SnapshotAssertion) -> None:
    site = await stage.site("their-own-1", ci=ci(f'test -n "$GO" || exit 1; {HELM}'))
    mr = await merged(site)
    assert thread(site, mr) == golden


async def test_own_job_that_does_otherwise_than_the_sealed_plan(
    stage: World, golden: SnapshotAssertion
) -> None:
    site = await stage.site("their-own-2", ci=ci("echo nothing is done here"))
    mr = await merged(site)
    assert thread(site, mr) == golden
