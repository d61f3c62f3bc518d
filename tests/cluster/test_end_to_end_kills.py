"""kill -9 of the service before a real API server: one note, one deploy, one revision."""

from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.cluster.releases import revisions
from tests.e2e.crashing import POINTS, Killer, Point, main_story
from tests.e2e.world import world

pytestmark = pytest.mark.timeout(240)
CHOSEN = (
    "after the plan note was written",
    "after the pipeline was made",
    "before the deploy note says how it ended",
)


@pytest.mark.parametrize("point", [point for point in POINTS if point.name in CHOSEN], ids=str)
async def test_killed_once_the_release_is_at_one_new_revision(
    tmp_path: Path, kubeconfig: Path, helm: Path, namespace: str, control_plane: ControlPlane, point: Point
) -> None:
    async with world(tmp_path, kubeconfig, helm=helm.parent) as running:
        site = await running.site(namespace=namespace)
        await main_story(running, site, Killer(running, point))
    assert revisions(control_plane, namespace) == [("web", 1, "deployed")]
