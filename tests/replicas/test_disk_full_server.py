"""A PostgreSQL on a full disk: deliveries are refused until it has room, and none that was taken is lost."""

import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from tests.contracts.databases import PostgreSql
from tests.replicas.disks import Disk, small_disk
from tests.replicas.fleet import Diary, Replica, all_ended, answers, deliver, fleet, work_key

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


@pytest.fixture
def disk() -> Iterator[Disk]:
    with small_disk(160) as mounted:
        yield mounted


@pytest.fixture
def server(disk: Disk) -> Iterator[PostgreSql]:
    made = PostgreSql(disk.place, given=True)
    try:
        made.set_up()
        made.start()
        yield made
    finally:
        disk.empty()
        made.remove()


async def refused_ones(session: aiohttp.ClientSession, replica: Replica) -> tuple[set[int], set[int]]:
    """Delivers until three are refused; those that were taken, and those."""
    taken, refused = set[int](), set[int]()
    for number in range(2, 600):
        answer = await deliver(session, replica, number)
        assert answer in (202, 503)
        (taken if answer == 202 else refused).add(number)
        if len(refused) > 2:
            break
    assert len(refused) > 2
    assert any("delivery.not_kept" in line for line in replica.log)
    return taken, refused


async def use_up_the_log(server: PostgreSql) -> None:
    """What is written next needs a new file of the server's log, and without one it ends itself."""
    with suppress(OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        connection = await asyncpg.connect(server.url)
        await connection.execute("SELECT pg_switch_wal()")
        await connection.close()


@pytest.mark.parametrize("lacks", ["room for its tables", "room for its log"])
async def test_a_server_without_room_refuses_deliveries_and_loses_none_that_was_taken(
    server: PostgreSql, disk: Disk, tmp_path: Path, lacks: str
) -> None:
    diary = Diary(tmp_path)
    async with fleet(server.url, tmp_path, 1) as [replica], aiohttp.ClientSession() as session:
        assert await deliver(session, replica, 1) == 202
        disk.fill()
        if lacks == "room for its log":
            await use_up_the_log(server)
        taken, refused = await refused_ones(session, replica)
        disk.empty()
        if lacks == "room for its log":  # whoever looks after it starts it again
            server.end(signal.SIGQUIT)
            server.start()
        await answers(session, replica, "/readyz", 200)
        for number in refused:
            assert await deliver(session, replica, number) == 202
        await all_ended(diary, {work_key(number, 50) for number in {1} | taken | refused}, 150)
