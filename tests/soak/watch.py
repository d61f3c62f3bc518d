"""What the service holds, looked at every few seconds, and by how much it grows in an hour."""

import asyncio
import os
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, fields
from pathlib import Path

import psutil

from tests.bench.table import Row

EVERY = 15.0


@dataclass(frozen=True, slots=True)
class Sample:
    """`at` is in seconds since the start; bytes, but for counts. `oldest` is the oldest work's age, seconds.

    `work` is the engine's database, `kept` ours (trail, plans), with what was not brought into their files
    yet; `disk` is all else below the data directory.
    """

    at: float
    service: int
    renderers: int
    files: int
    threads: int
    work: int
    kept: int
    disk: int
    waiting: int
    oldest: float


BOUNDS: Mapping[str, float] = {
    "service": 40e6, "renderers": 40e6, "files": 24.0, "threads": 8.0, "work": 8e6, "disk": 120e6,
}  # fmt: skip
"""By how much it may grow in an hour, as `an_hour` has it. Minutes are not finer than that.

`kept` grows with the work for good; `PER_MERGE_REQUEST` bounds it.
"""
PER_MERGE_REQUEST = 400e3


class Watch:
    """Looks at a service, its render workers and its data directory. `samples` is what it saw."""

    def __init__(self, pid: int, data: Path) -> None:
        self.samples: list[Sample] = []
        self._service = psutil.Process(pid)
        self._data = data
        self._began = time.monotonic()

    async def look_on(self, tell: Callable[[Sample], None], every: float = EVERY) -> None:
        """Until it is cancelled."""
        while True:
            self.samples.append(await asyncio.to_thread(self.look))
            tell(self.samples[-1])
            await asyncio.sleep(every)

    def look(self) -> Sample:
        """Now."""
        with self._service.oneshot():
            memory, files = self._service.memory_info().rss, self._service.num_fds()
            threads = self._service.num_threads()
        work, kept, disk = self._sizes()
        waiting, oldest = self._queue()
        at = time.monotonic() - self._began
        return Sample(at, memory, self._renderers(), files, threads, work, kept, disk, waiting, oldest)

    def _renderers(self) -> int:
        found = 0
        for child in self._service.children():
            try:
                found += (
                    child.memory_info().rss if "bot.adapters.helm.render_worker" in child.cmdline() else 0
                )
            except psutil.Error:
                continue
        return found

    def _sizes(self) -> tuple[int, int, int]:
        work = kept = disk = 0
        for folder, _, names in os.walk(self._data):
            for name in names:
                try:
                    size = os.lstat(os.path.join(folder, name)).st_size
                except FileNotFoundError:
                    continue
                work += size if name.startswith("purser-engine.db") else 0
                kept += size if name.startswith("purser.db") else 0
                disk += 0 if name.startswith(("purser-engine.db", "purser.db")) else size
        return work, kept, disk

    def _queue(self) -> tuple[int, float]:
        query = (
            "SELECT count(*), min(created_at) FROM workflow_status"
            " WHERE status IN ('ENQUEUED', 'PENDING', 'DELAYED')"
        )
        file = self._data / "purser-engine.db"
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=30)) as opened:
            [(waiting, first)] = opened.execute(query)
        return waiting, (time.time() - first / 1000 if first else 0.0)


def an_hour(samples: Sequence[Sample], name: str) -> float:
    """By how much the last quarter's most is above the most before it, for an hour; never below 0.

    A leak makes a new most in every quarter. What goes up and down (a render worker that ended for want of
    work and comes back, a pool that fills) has been as high before, and counts as nothing.
    """
    cut = 3 * len(samples) // 4
    values = [float(getattr(it, name)) for it in samples]
    took = samples[-1].at - samples[cut - 1].at
    return max(0.0, 3600 * (max(values[cut:]) - max(values[:cut])) / took)


def table(samples: Sequence[Sample]) -> list[Row]:
    """First, in the middle, last, most, and an hour's growth, of each figure."""
    rows = []
    for name in [field.name for field in fields(Sample)][1:]:
        values = [float(getattr(it, name)) for it in samples]
        told = {
            "at the start": values[0],
            "half-time": values[len(values) // 2],
            "at the end": values[-1],
            "most": max(values),
        }
        cells = {what: _as(name, value) for what, value in told.items()}
        bound = _as(name, BOUNDS[name]) if name in BOUNDS else ""
        cells |= {"an hour": _as(name, an_hour(samples, name)), "at most": bound}
        rows.append(Row(_NAMES[name], len(samples), cells))
    return rows


def grown(samples: Sequence[Sample]) -> list[str]:
    """What grew by more than its bound, as sentences."""
    found = {name: an_hour(samples, name) for name in BOUNDS}
    return [
        f"{_NAMES[name]}: {_as(name, value)} more an hour, {_as(name, BOUNDS[name])} at most"
        for name, value in found.items()
        if value > BOUNDS[name]
    ]


_NAMES: Mapping[str, str] = {
    "service": "memory of the service (RSS)",
    "renderers": "memory of its render workers (RSS)",
    "files": "open files of the service",
    "threads": "threads of the service",
    "work": "the engine's database",
    "kept": "our database: trail, plans, deliveries",
    "disk": "all else in the data directory",
    "waiting": "pieces of work under way or waiting",
    "oldest": "age of the oldest of them",
}


def _as(name: str, value: float) -> str:
    if name in ("files", "threads", "waiting"):
        return f"{value:.0f}"
    return f"{value:.0f} s" if name == "oldest" else f"{value / 1e6:.1f} MB"
