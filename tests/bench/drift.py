"""Looks for drift in one process: `python -m tests.bench.drift CHECKOUT KUBECONFIG FOLDER COUNT`."""

import asyncio
import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import yaml

from bot.bootstrap.tools import Settings, open_checkout, tools
from bot.core.model import Target
from tests.bench.estate import NAMESPACES, App, apps, write_checkout
from tests.bench.measuring import run
from tests.bench.plans import Bench
from tests.bench.service import _cpu
from tests.bench.table import Row, megabytes, seconds

EDITED = 5
"""Of so many releases one has an object that was edited by hand."""


def measured(bench: Bench, sizes: list[int]) -> Iterator[Row]:
    """The rows of the table: everything is deployed as Git says, and some of it was edited since."""
    for count in [size for size in sizes if size >= bench.deployed]:  # others would be unlisted
        checkout = as_deployed(write_checkout(bench.folder / f"drift-{count}", count), count)
        bench.deploy(checkout / "charts", count)
        edited = {app.name for app in apps(count) if _edit(bench, app)}
        arguments = [str(checkout), str(bench.plane.kubeconfig), str(bench.folder / f"look-{count}")]
        taken = run([sys.executable, "-m", "tests.bench.drift", *arguments, str(count)])
        for one in json.loads(taken.output):
            assert set(one["found"]) == edited, "not what was edited is found"
            cells = {"wall": seconds(one["wall"]), "CPU": seconds(one["cpu"])}
            cells |= {"peak RSS": megabytes(taken.rss), "API requests": str(one["requests"])}
            yield Row(f"look for drift, {one['how']}", count, cells)


def as_deployed(checkout: Path, count: int) -> Path:
    """The checkout as it was before the change."""
    for app in apps(count):
        content = yaml.safe_dump(app.values(after=False))
        (checkout / "values" / f"{app.name}.yaml").write_text(content, encoding="utf-8")
    return checkout


def _edit(bench: Bench, app: App) -> bool:
    """Its first ConfigMap, as `kubectl edit` does it."""
    if app.number % EDITED:
        return False
    place = f"/api/v1/namespaces/{app.namespace}/configmaps"
    maps = bench.plane.api.call("GET", f"{place}?limit={1000 * NAMESPACES}")["items"]
    mine = next(
        it
        for it in maps
        if it["metadata"].get("annotations", {}).get("meta.helm.sh/release-name") == app.name
        and it.get("data")
    )
    name, key = mine["metadata"]["name"], next(iter(mine["data"]))
    bench.plane.api.call(
        "PATCH",
        f"{place}/{name}?fieldManager=kubectl-edit",
        {"data": {key: "by hand"}},
        content_type="application/merge-patch+json",
    )
    return True


async def main() -> None:
    """Prints [{"how", "wall", "cpu", "requests", "found"}]."""
    checkout, kubeconfig, folder, count = sys.argv[1:5]
    target = Target("bench", "", kubeconfig=kubeconfig)
    place = Path(folder)
    settings = Settings(cache=place / "charts", key=b"k" * 32, memory=place / "memory")
    looks = []
    async with tools(settings) as wired:
        counted = getattr(wired.clusters, "requests", {})
        for how in ("first", "second"):
            began, used, sent = time.perf_counter(), _cpu(), sum(counted.values())
            report = await wired.drifting.look(target, open_checkout(Path(checkout)))
            assert report.looked_at == int(count)
            assert not report.unread
            looks.append(
                {
                    "how": how,
                    "wall": time.perf_counter() - began,
                    "cpu": _cpu() - used,
                    "requests": sum(counted.values()) - sent,
                    "found": [one.name for one in report.releases],
                }
            )
    print(json.dumps(looks))


if __name__ == "__main__":
    asyncio.run(main())
