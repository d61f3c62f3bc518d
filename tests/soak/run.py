"""One soak: the place, the people, the watch, and what came of it."""

import asyncio
import contextlib
import json
import sqlite3
import tempfile
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from tests.e2e.waiting import until
from tests.soak.day import gap
from tests.soak.people import WITHIN, People
from tests.soak.place import place
from tests.soak.watch import Sample, Watch


@dataclass(frozen=True, slots=True)
class Soaked:
    """`wrong` are sentences. `kept_for_good` are the bytes of our database that one merge request leaves."""

    samples: Sequence[Sample]
    counts: Mapping[str, int]
    wrong: Sequence[str]
    late: float
    kept_for_good: float


async def soak(
    folder: Path, seconds: float, times: float, seed: int, tell: Callable[[Sample], None]
) -> Soaked:
    """Work comes for `seconds`, at that many `times` a company's rate, and all of it is seen to its end."""
    async with place(folder, times) as (world, sites):
        people = People(sites, seed)
        await people.begin()
        before = lasting(folder / "data")
        watch = Watch(world.bot.pid, folder / "data")
        looking = asyncio.create_task(watch.look_on(tell))
        try:
            await people.come(gap(times), seconds)
            await until(lambda: watch.look().waiting == 0, "rest", WITHIN)
        finally:
            looking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await looking
            (folder / "bot.log").write_text("\n".join(world.bot.lines), encoding="utf-8")
        each = (lasting(folder / "data") - before) / max(1, people.counts["merge requests"])
        return Soaked(watch.samples, people.counts, trouble(world.bot.lines), people.late, each)


def lasting(data: Path) -> int:
    """Bytes of what our database holds and never forgets, its empty pages left out."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / "copy.db"
        with closing(sqlite3.connect(f"file:{data}/purser.db?mode=ro", uri=True, timeout=30)) as opened:
            opened.execute("VACUUM INTO ?", (str(copy),))
        with closing(sqlite3.connect(copy, isolation_level=None)) as opened:
            opened.execute("DELETE FROM deliveries")
            opened.execute("VACUUM")
        return copy.stat().st_size


def trouble(lines: Sequence[str]) -> list[str]:
    """What the service said that it should not have to say."""
    found = []
    for line in lines:
        entry = json.loads(line) if line.startswith("{") else {}
        if not entry or "exception" in entry or entry.get("level") == "error":
            found.append(f"the service said: {line[:500]}")
    return found
