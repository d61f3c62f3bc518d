"""Merge requests over 50 targets on 3 replicas that are killed: nothing lost, nothing at once."""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from tests.contracts.databases import PostgreSql
from tests.replicas.fleet import Diary, Replica, all_ended, deliver, fleet, work_key

MERGE_REQUESTS = int(os.environ.get("PURSER_REPLICAS_LOAD", "80"))
TARGETS, KILLS = 50, 3
pytestmark = [pytest.mark.crash, pytest.mark.timeout(3600)]


async def _until_taken(
    session: aiohttp.ClientSession, replicas: Sequence[Replica], numbers: Sequence[int], dice: random.Random
) -> None:
    """As a balancer would have it: any replica that answers."""
    for number in numbers:
        while await deliver(session, dice.choice(replicas), number, TARGETS) != 202:  # noqa: ASYNC110 - another process
            await asyncio.sleep(0.05)


async def test_nothing_is_lost_or_done_at_once_while_replicas_are_killed(
    server: PostgreSql, tmp_path: Path
) -> None:
    diary, dice, began = Diary(tmp_path), random.Random(7), time.monotonic()
    expected = {work_key(number, TARGETS) for number in range(MERGE_REQUESTS)}
    async with fleet(server.url, tmp_path, 3) as replicas, aiohttp.ClientSession() as session:
        lanes = [range(lane, MERGE_REQUESTS, 8) for lane in range(8)]
        sending = asyncio.gather(*(_until_taken(session, replicas, lane, dice) for lane in lanes))
        for kill in range(1, KILLS + 1):
            due = kill * MERGE_REQUESTS // (KILLS + 2)
            while len(diary.ended()) < due:  # noqa: ASYNC110 - other processes do it
                await asyncio.sleep(0.05)
            victim = dice.choice(replicas)
            await victim.end()
            diary.note("dead", victim.pid)
            await victim.start()
        await sending
        await all_ended(diary, expected, 1800)
    ended = diary.ended()
    assert ended.keys() == expected
    assert diary.overlaps() == []
    repeated = sum(ended.values()) - len(ended)
    assert repeated <= KILLS * 3 * TARGETS  # at most what was under way at each kill
    print(f"{MERGE_REQUESTS} works, {KILLS} kills, {repeated} repeated, {time.monotonic() - began:.0f} s")
    database = await open_database(server.url)
    store = SqlStore(database)
    assert await store.verify() is None
    assert {each["facts"]["work"] for each in await store.trail("platform/cluster")} == expected
    await database.dispose()
