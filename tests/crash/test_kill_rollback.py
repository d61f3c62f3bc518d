"""kill -9 of the bot in the middle of a rollback: after the code was confirmed, before it has begun."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from tests.crash.test_kill_service import revisions
from tests.e2e.crashing import Killer, Point, kept_alive
from tests.e2e.site import Site
from tests.e2e.test_rollback_stories import colors, green_then_red, preview
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [
    pytest.mark.crash,
    pytest.mark.long,
    pytest.mark.timeout(400),
    pytest.mark.asyncio(loop_scope="module"),
]
BACK = "back to revision 1 and verified"
POINTS = (
    Point("before the code is answered", "POST", r"/notes$", "before"),
    Point("before the run begins", "POST", r"/deployments$", "before"),
)
PLACES = {f"direct-{number}": {"deploy": {"mode": "direct"}} for number in range(len(POINTS))}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A bot that deploys by itself; each story has a project of its own."""
    async with world(tmp_path_factory.mktemp("rollbacks"), targets=PLACES) as made:
        yield made


def went_back_once(running: World, site: Site) -> None:
    assert colors(running, site) == ["green"]
    assert running.cluster is not None
    found = revisions(running.cluster, site.namespace)
    assert [status for _, _, status in found] == ["superseded", "superseded", "deployed"]


@pytest.mark.parametrize(("place", "point"), list(enumerate(POINTS)), ids=[str(point) for point in POINTS])
async def test_the_bot_killed_after_the_confirmation_goes_back_once(
    running: World, place: int, point: Point
) -> None:
    site = await running.site(f"direct-{place}")
    mr = await green_then_red(site)
    _, code = await preview(site, mr)
    killer, starts = Killer(running, point), running.bot.starts
    killer.plant()
    async with kept_alive(running):
        _, said = await site.command(mr, site.max, f"/helm confirm {code}")
        note = await site.noted_deploy(mr, BACK)
        await until(lambda: running.bot.answers and running.bot.starts > starts, f"the death {point}", 90)
    running.gitlab.plant_fault()
    assert "rolling `" in said, said
    assert "Git and the cluster differ now" in note
    assert len(site.deploy_notes(mr)) == 1
    went_back_once(running, site)
