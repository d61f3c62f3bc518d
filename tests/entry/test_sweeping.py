"""The sweep beside the service: it goes on whatever happens, and ends with the service."""

import asyncio

from bot.bootstrap.sweeping import sweeping


async def test_a_sweep_that_fails_is_followed_by_the_next_one() -> None:
    swept, again = 0, asyncio.Event()

    async def sweep() -> None:
        nonlocal swept
        swept += 1
        if swept == 3:
            again.set()
        raise LookupError("a bug")

    async with sweeping(sweep, 0.001), asyncio.timeout(30):
        await again.wait()
    at_the_end = swept
    await asyncio.sleep(0)
    assert swept == at_the_end >= 3


async def test_a_sweep_that_is_under_way_ends_with_the_service() -> None:
    begun, ended = asyncio.Event(), asyncio.Event()

    async def sweep() -> None:
        begun.set()
        try:
            await asyncio.Event().wait()
        finally:
            ended.set()

    async with sweeping(sweep, 300), asyncio.timeout(30):
        await begun.wait()
    assert ended.is_set()


async def test_where_it_is_switched_off_nothing_is_looked_for() -> None:
    swept = False

    async def sweep() -> None:
        nonlocal swept
        swept = True

    async with sweeping(sweep, 0):
        for _ in range(3):
            await asyncio.sleep(0)
    assert not swept
