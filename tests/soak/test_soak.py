"""A little of what `python -m tests.soak` does much of."""

from pathlib import Path

import pytest

from tests.e2e.waiting import until
from tests.soak.day import TIMES
from tests.soak.people import WITHIN, People
from tests.soak.place import place
from tests.soak.run import lasting, trouble
from tests.soak.watch import Sample, Watch, an_hour, grown

pytestmark = pytest.mark.timeout(1500)
AT_ONCE = 3
SPARE = 16
"""Open files and threads that may come late: pools that had not been full. Some 30 pieces of work that each
left one behind would be more."""


@pytest.mark.long
async def test_all_work_comes_to_its_end_and_leaves_no_file_and_no_thread_behind(tmp_path: Path) -> None:
    async with place(tmp_path, TIMES, projects=1) as (world, sites):
        people, watch = People(sites, seed=1, think=0.1), Watch(world.bot.pid, tmp_path / "data")
        await people.begin()
        await until(lambda: watch.look().waiting == 0, "rest", WITHIN)
        before = watch.look()
        await people.some(AT_ONCE)

        def as_before() -> bool:
            now = watch.look()
            few = now.files <= before.files + SPARE and now.threads <= before.threads + SPARE
            return few and now.waiting == 0

        await until(as_before, "rest, with as many files and threads as before", WITHIN)
        ended = people.counts["closed"] + people.counts["merges"]
        assert ended == people.counts["merge requests"] == AT_ONCE
        assert trouble(world.bot.lines) == []
        assert lasting(tmp_path / "data") > 0


def test_a_leak_is_seen_and_a_plateau_is_none() -> None:
    leaks = [_sample(at, files=30 + at // 15) for at in range(0, 1800, 15)]
    full = [_sample(at, files=30 + min(at, 600) // 60) for at in range(0, 1800, 15)]
    assert an_hour(leaks, "files") == pytest.approx(240)
    assert grown(leaks) == ["open files of the service: 240 more an hour, 24 at most"]
    assert grown(full) == []
    slow = [_sample(at, files=30 + at // 60) for at in range(0, 1800, 15)]
    assert grown(slow) == ["open files of the service: 56 more an hour, 24 at most"]


def test_a_render_worker_that_ends_and_comes_back_is_no_leak() -> None:
    two_again = [
        _sample(at, renderers=80_000_000 * (1 if 900 < at < 1500 else 2)) for at in range(0, 1800, 15)
    ]
    assert grown(two_again) == []
    ever_more = [_sample(at, renderers=80_000_000 + 20_000 * at) for at in range(0, 1800, 15)]
    assert grown(ever_more) == ["memory of its render workers (RSS): 72.0 MB more an hour, 40.0 MB at most"]


def _sample(at: int, files: int = 30, renderers: int = 100) -> Sample:
    return Sample(at, 100, renderers, files, 20, 100, 100, 100, 0, 0.0)
