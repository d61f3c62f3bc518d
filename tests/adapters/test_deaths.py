"""Work that ends its process: what the counting of it may never do is to stop work that is well."""

import asyncio
from datetime import datetime

from sqlalchemy.exc import OperationalError

from bot.adapters.engine.deaths import APART, MOST, Deaths, given_up


class Counted:
    """The port, with a number that is given."""

    def __init__(self, begun: int) -> None:
        self.times = begun

    async def begun(self, work: str) -> int:
        return self.times

    async def begin(self, work: str) -> None:
        self.times += 1

    async def end(self, work: str) -> None:
        self.times = 0

    async def forget(self, before: datetime) -> None:
        self.times = 0


class Away(Counted):
    """A database that is not there."""

    async def begun(self, work: str) -> int:
        raise OperationalError("SELECT", {}, OSError("gone"))

    async def begin(self, work: str) -> None:
        raise OperationalError("INSERT", {}, OSError("gone"))

    async def end(self, work: str) -> None:
        raise OperationalError("DELETE", {}, OSError("gone"))


async def test_without_its_database_work_goes_on_uncounted() -> None:
    deaths = Deaths(Away(MOST))
    async with deaths.apart("plan:1#1") as died, deaths.counted("plan:1#1"):
        assert died == 0


async def test_work_that_is_cut_off_by_a_stop_is_not_counted() -> None:
    counted = Counted(0)
    begun = asyncio.Event()

    async def cut_off() -> None:
        async with Deaths(counted).counted("plan:1#1"):
            begun.set()
            await asyncio.Event().wait()

    task = asyncio.create_task(cut_off())
    await begun.wait()
    assert counted.times == 1
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert counted.times == 0


def test_work_is_given_up_when_as_many_processes_died_as_may() -> None:
    assert given_up(MOST - 1) is None
    refusal = given_up(MOST)
    assert refusal is not None
    assert refusal.code == "ends-process"
    assert "died 5 times" in refusal.what


async def test_what_processes_died_under_is_done_one_at_a_time() -> None:
    deaths, inside = Deaths(Counted(APART)), 0

    async def one() -> int:
        nonlocal inside
        async with deaths.apart("plan:1#1"):
            inside += 1
            await asyncio.sleep(0)
            at_once = inside
            inside -= 1
            return at_once

    assert await asyncio.gather(*(one() for _ in range(4))) == [1, 1, 1, 1]
