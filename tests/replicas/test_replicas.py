"""Several replicas at one database: one of them does each thing, and another goes on when it dies."""

import signal
from pathlib import Path

import aiohttp
import pytest

from tests.contracts.databases import PostgreSql
from tests.replicas.fleet import Diary, all_ended, answers, deliver, fleet, until, work_key

pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


async def test_a_dead_replicas_work_is_taken_up_and_a_paused_one_comes_back_without_a_word(
    server: PostgreSql, tmp_path: Path
) -> None:
    """What runs on `target-0` is held: whoever has it is killed, and then whoever took it up is paused."""
    diary, held = Diary(tmp_path), work_key(0, 50)
    (tmp_path / "hold").touch()
    async with fleet(server.url, tmp_path, 3, "4") as replicas, aiohttp.ClientSession() as session:
        by_pid = {each.pid: each for each in replicas}
        assert await deliver(session, replicas[0], 0) == 202
        [first] = await until(lambda: diary.who("begin", held), "the work to begin")
        await by_pid[first].end()
        _, second = await until(
            lambda: diary.who("begin", held)[:2][1:] and diary.who("begin", held), "a heir"
        )
        assert second != first
        by_pid[second].send(signal.SIGSTOP)
        *_, third = await until(lambda: diary.who("begin", held)[2:] and diary.who("begin", held), "another")
        assert third not in (first, second)
        (tmp_path / "hold").unlink()
        await all_ended(diary, {held})
        by_pid[second].send(signal.SIGCONT)
        await answers(session, by_pid[second], "/readyz", 200)
        assert await deliver(session, by_pid[second], 50) == 202  # the next on this target, and in turn
        await all_ended(diary, {held, work_key(50, 50)})
        assert diary.who("end", held) == [third]
        assert any("engine.place_lost" in line for line in by_pid[second].log)


async def test_one_replica_sweeps_and_another_begins_when_it_is_gone(
    server: PostgreSql, tmp_path: Path
) -> None:
    diary = Diary(tmp_path)
    async with fleet(server.url, tmp_path, 2) as replicas:
        [first, *_] = await until(lambda: diary.who("sweep")[5:] and diary.who("sweep"), "some sweeps")
        assert set(diary.who("sweep")) == {first}
        dead = next(each for each in replicas if each.pid == first)
        await dead.end()
        [other] = [each for each in replicas if each is not dead]
        await until(lambda: diary.who("sweep").count(other.pid) > 5, "the other's sweeps")
        assert set(diary.who("sweep")) == {first, other.pid}


async def test_a_delivery_that_comes_to_two_replicas_is_one(server: PostgreSql, tmp_path: Path) -> None:
    """The hooks of a project and of its group have keys of their own and one body."""
    diary, numbers = Diary(tmp_path), range(1, 9)
    async with fleet(server.url, tmp_path, 2) as replicas, aiohttp.ClientSession() as session:
        for number in numbers:
            assert [await deliver(session, each, number) for each in replicas] == [202, 202]
        await all_ended(diary, {work_key(number, 50) for number in numbers})
        assert await replicas[0].end(signal.SIGTERM) == 0
        assert await replicas[1].end(signal.SIGTERM) == 0
    assert set(diary.ended().values()) == {1}
    assert diary.overlaps() == []
