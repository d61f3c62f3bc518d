"""From the hook to the note, and from the merge to the pipeline that deploys, and to its verified end."""

import time
from pathlib import Path
from statistics import median

import yaml

from tests.bench.measuring import service_rss
from tests.bench.table import Row, megabytes, seconds
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import missing
from tests.e2e.waiting import until
from tests.e2e.world import World, world

TIMES = 3
WITHIN = 300.0
SIZES = (1, 20)


async def notes(folder: Path) -> list[Row]:
    """On a real API server where it is built, else on the simulated one."""
    (folder / "merges").mkdir(parents=True)
    merges = await _merges(folder / "merges")
    if missing():
        return [*await _all(folder, None, "simulated API server"), *merges]
    with ControlPlane.start(controllers=False) as plane:
        return [*await _all(folder, plane.kubeconfig, "real API server"), *merges]


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


async def _merges(folder: Path) -> list[Row]:
    """On the simulated cluster, whose workloads become ready. The pipeline's job runs here, too."""
    begun, ended = [], []
    async with world(folder, places=TIMES) as made:
        for _ in range(TIMES):
            site = await made.site()
            mr = await site.change()
            await site.planned(mr)
            await site.gitlab.settle(mr)
            began = time.perf_counter()
            await site.gitlab.merge(mr, site.max)
            await until(site.apply_pipelines, "the pipeline", WITHIN)
            begun.append(time.perf_counter() - began)
            await site.deployed(mr)
            ended.append(time.perf_counter() - began)
    told = {"merge to pipeline": begun, "merge to verified deployment": ended}
    return [
        Row(
            f"{what}, simulated API server",
            1,
            {"fastest": seconds(min(took)), "median": seconds(median(took))},
        )
        for what, took in told.items()
    ]


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
