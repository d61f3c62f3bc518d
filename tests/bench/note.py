"""From the hook to the note: a merge request is opened, and its plan stands in the thread."""

import time
from pathlib import Path
from statistics import median

import yaml

from tests.bench.measuring import service_rss
from tests.bench.table import Row, megabytes, seconds
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing
from tests.e2e.world import World, world

TIMES = 3
SIZES = (1, 20)


async def notes(folder: Path) -> list[Row]:
    """On a real API server where it is built, else on the simulated one."""
    if missing():
        return await _all(folder, None, "simulated API server")
    with ControlPlane.start(controllers=False) as plane:
        return await _all(folder, plane.kubeconfig, "real API server")


async def _all(folder: Path, kubeconfig: Path | None, where: str) -> list[Row]:
    rows = []
    async with world(folder, kubeconfig, places=len(SIZES)) as made:
        for count in SIZES:
            took = await _opened(made, count)
            cells = {"fastest": seconds(min(took)), "median": seconds(median(took))}
            rows.append(Row(f"merge request opened to plan note, {where}", count, cells))
        memory = {"RSS": megabytes(service_rss())}
        rows.append(Row("service with its render workers, after that", sum(SIZES), memory))
    return rows


async def _opened(made: World, count: int) -> list[float]:
    same = {"namespace": f"bench-{count}", "chart": "./charts/web", "values": ["values/web.yaml"]}
    entries = [{"name": f"web-{number}", **same} for number in range(count)]
    site = await made.site(
        files={"releases.yaml": yaml.safe_dump({"version": 1, "releases": entries})},
        namespace=f"bench-{count}",
    )
    took = []
    for number in range(TIMES):
        branch = f"change-{number}"
        await site.push(branch)
        began = time.perf_counter()
        mr = await site.gitlab.open_merge_request(site.project, branch, site.ada, "Green")
        await site.planned(mr)
        took.append(time.perf_counter() - began)
    return took
