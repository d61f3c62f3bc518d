"""Plans of many releases through the service: a merge request is opened, and its plan is in the thread."""

import asyncio
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path

import psutil
import yaml

from bot.demo.gitlab import MergeRequest
from tests.bench.drift import as_deployed
from tests.bench.estate import App, apps, write_checkout
from tests.bench.plans import Bench
from tests.bench.table import Row, megabytes, seconds
from tests.e2e.files import project_files
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

WITHIN = 900.0
_EVERY = 0.05


def measured(bench: Bench, sizes: list[int]) -> Iterator[Row]:
    """The rows of the table, one service for all sizes."""
    folder = bench.folder / "through"
    folder.mkdir()
    yield from asyncio.run(_all(bench, folder, sizes))


async def _all(bench: Bench, folder: Path, sizes: Sequence[int]) -> list[Row]:
    rows = []
    async with world(folder, bench.plane.kubeconfig, places=len(sizes)) as made:
        process = psutil.Process(made.bot.pid)
        rows.append(Row("the service at rest", 0, _memory(process.memory_info().rss, _workers(process))))
        for count in sizes:
            checkout = as_deployed(write_checkout(folder / f"checkout-{count}", count), count)
            await asyncio.to_thread(bench.deploy, checkout / "charts", count)
            rows += await _planned(made, checkout, count)
    return rows


async def _planned(made: World, checkout: Path, count: int) -> list[Row]:
    """The first plan of a merge request, and one after a push that changes one release more."""
    files: dict[str, str | None] = dict.fromkeys(project_files(""))
    files |= await asyncio.to_thread(_texts, checkout)
    site = await made.site(files=files)
    changed = {f"values/{app.name}.yaml": _values(app) for app in apps(count) if app.changed}
    await site.push("change", changed)
    opened: list[MergeRequest] = []

    async def begin() -> MergeRequest:
        opened.append(await site.gitlab.open_merge_request(site.project, "change", site.ada, "Change"))
        return opened[0]

    async def again() -> MergeRequest:
        last = apps(count)[-1]
        await site.push("change", {f"values/{last.name}.yaml": _values(last, level="trace")})
        return opened[0]

    first = await _took(made, site, "merge request opened to plan note", count, begin)
    return [first, await _took(made, site, "next push to plan note", count, again)]


def _texts(checkout: Path) -> dict[str, str]:
    files = [it for it in checkout.rglob("*") if it.is_file()]
    return {str(it.relative_to(checkout)): it.read_text(encoding="utf-8") for it in files}


async def _took(
    made: World, site: Site, what: str, count: int, act: Callable[[], Awaitable[MergeRequest]]
) -> Row:
    peak = _Peak(psutil.Process(made.bot.pid))
    try:
        began, used = time.perf_counter(), peak.cpu()
        mr = await act()
        await until(lambda: bool(site.statuses(mr.head)), f"the plan of {count} releases", WITHIN)
        wall, cpu = time.perf_counter() - began, peak.cpu() - used
    finally:
        peak.stop()
    [status] = site.statuses(mr.head)
    assert status.status == "success", site.plan_notes(mr)[0].body[:2000]
    cells = {"wall": seconds(wall), "CPU": seconds(cpu)}
    return Row(what, count, cells | _memory(peak.service, peak.workers))


def _memory(service: int, workers: int) -> dict[str, str]:
    return {"peak RSS of the service": megabytes(service), "of its render workers": megabytes(workers)}


def _values(app: App, **more: str) -> str:
    return yaml.safe_dump({**app.values(after=True), **more})


class _Peak:
    """Looks at the service and its render workers until it is stopped."""

    def __init__(self, process: psutil.Process) -> None:
        self.service = self.workers = 0
        self._process = process
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch)
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def cpu(self) -> float:
        """Seconds of the service, of what lives below it, and of what has ended."""
        own = self._process.cpu_times()
        living = 0.0
        for child in self._process.children():
            try:
                living += sum(child.cpu_times()[:2])
            except psutil.Error:
                continue
        return float(own.user + own.system + own.children_user + own.children_system + living)

    def _watch(self) -> None:
        while not self._stopped.wait(_EVERY):
            self.service = max(self.service, self._process.memory_info().rss)
            self.workers = max(self.workers, _workers(self._process))


def _workers(process: psutil.Process) -> int:
    total = 0
    for child in process.children():
        try:
            is_worker = "bot.adapters.helm.render_worker" in child.cmdline()
            total += child.memory_info().rss if is_worker else 0
        except psutil.Error:
            continue
    return total
