"""A disk that is full, and has room again: what comes meanwhile is refused, what was taken is not lost."""

import resource
from pathlib import Path

import aiohttp
import pytest

from tests.replicas.disks import small_disk
from tests.replicas.fleet import Diary, all_ended, deliver, fleet, work_key

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


def most_bytes(pid: int, most: int) -> None:
    """No file of that process grows beyond it: what a full disk says, but for one process."""
    _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (most, hard))


async def test_a_full_disk_refuses_deliveries_and_loses_none_that_was_taken(tmp_path: Path) -> None:
    diary, taken, refused = Diary(tmp_path), set[int](), set[int]()
    async with (
        fleet(f"sqlite:///{tmp_path}/purser.db", tmp_path, 1) as [replica],
        aiohttp.ClientSession() as session,
    ):
        assert await deliver(session, replica, 1) == 202
        most_bytes(replica.pid, max(each.stat().st_size for each in tmp_path.iterdir()) + 20_000)  # noqa: ASYNC240 - at once
        for number in range(2, 200):
            answer = await deliver(session, replica, number)
            assert answer in (202, 503)
            (taken if answer == 202 else refused).add(number)
            if len(refused) > 2:
                break
        assert len(refused) > 2
        assert any("delivery.not_kept" in line for line in replica.log)
        most_bytes(replica.pid, resource.RLIM_INFINITY)
        for number in refused:
            assert await deliver(session, replica, number) == 202
        await all_ended(diary, {work_key(number, 50) for number in {1} | taken | refused}, 150)


async def test_a_disk_that_is_really_full_refuses_deliveries_and_loses_none_that_was_taken(
    tmp_path: Path,
) -> None:
    diary, taken, refused = Diary(tmp_path), set[int](), set[int]()
    with small_disk(16) as disk:
        async with (
            fleet(f"sqlite:///{disk.place}/purser.db", tmp_path, 1) as [replica],
            aiohttp.ClientSession() as session,
        ):
            assert await deliver(session, replica, 1) == 202
            disk.fill()
            for number in range(2, 200):
                answer = await deliver(session, replica, number)
                assert answer in (202, 503)
                (taken if answer == 202 else refused).add(number)
                if len(refused) > 2:
                    break
            assert len(refused) > 2
            disk.empty()
            for number in refused:
                assert await deliver(session, replica, number) == 202
            await all_ended(diary, {work_key(number, 50) for number in {1} | taken | refused}, 150)
