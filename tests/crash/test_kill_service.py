"""kill -9 of the service at points of the main story: nothing is lost, nothing is done twice."""

import base64
import gzip
import json
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.e2e.crashing import POINTS, Killer, Point, main_story
from tests.e2e.world import world

pytestmark = [pytest.mark.crash, pytest.mark.timeout(240)]


@pytest.mark.parametrize("point", POINTS, ids=str)
async def test_killed_once_the_story_ends_as_if_nothing_had_been(tmp_path: Path, point: Point) -> None:
    async with world(tmp_path) as running:
        site = await running.site()
        await main_story(running, site, Killer(running, point))
        assert running.cluster is not None
        assert revisions(running.cluster, site.namespace) == [("web", 1, "deployed")]
        [found] = running.cluster.objects("ConfigMap", site.namespace)
        assert found["data"] == {"color": "green"}


def revisions(cluster: SimulatedCluster, namespace: str) -> list[tuple[str, int, str]]:
    """Name, revision and status of each release record in the namespace."""
    stored = [it for it in cluster.objects("Secret", namespace) if it["type"] == "helm.sh/release.v1"]
    records = [
        json.loads(gzip.decompress(base64.b64decode(base64.b64decode(it["data"]["release"]))))
        for it in stored
    ]
    return sorted((it["name"], it["version"], it["info"]["status"]) for it in records)
