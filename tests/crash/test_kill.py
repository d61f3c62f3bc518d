"""kill -9 at any moment: what was answered with 202 is done, and nearly nothing twice."""

import asyncio
import random
import signal
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from bot.adapters.engine.deaths import MOST
from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore

KILLS = 5
DELIVERIES = 150


def payload(number: int) -> dict[str, Any]:
    merged = number % 10 == 9
    return {
        "project": {"path_with_namespace": "platform/cluster", "default_branch": "main"},
        "object_attributes": {
            "iid": number + 1,
            "action": "merge" if merged else "open",
            "state": "merged" if merged else "opened",
            "target_branch": f"branch-{number % 4}",
            "last_commit": {"id": f"{number:040x}"},
        },
    }


def work_key(number: int) -> str:
    if number % 10 == 9:
        return f"deploy:platform/cluster:{number + 1}:target-{number % 4}:merge"
    return f"plan:platform/cluster:{number + 1}:target-{number % 4}:{number:040x}:opened"


class Service:
    """The victim, started as often as it is killed."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self.process: asyncio.subprocess.Process | None = None
        self.port = 0

    async def start(self) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tests.crash.victim", str(self._directory), stdout=asyncio.subprocess.PIPE
        )
        assert self.process.stdout
        async with asyncio.timeout(30):
            self.port = int(await self.process.stdout.readline())

    async def end(self, how: signal.Signals) -> int:
        assert self.process
        if self.process.returncode is None:
            self.process.send_signal(how)
        async with asyncio.timeout(40):
            await self.process.communicate()
        assert self.process.returncode is not None
        return self.process.returncode

    async def deliver(self, session: aiohttp.ClientSession, number: int) -> bool:
        headers = {
            "X-Gitlab-Token": "token",
            "X-Gitlab-Event": "Merge Request Hook",
            "Idempotency-Key": f"delivery-{number}",
        }
        url = f"http://127.0.0.1:{self.port}/hooks/gitlab"
        try:
            async with session.post(url, json=payload(number), headers=headers) as answer:
                return answer.status == 202
        except aiohttp.ClientError:
            return False


class Diary:
    def __init__(self, directory: Path) -> None:
        self._path = directory / "diary"

    def words(self) -> Iterator[tuple[str, str]]:
        text = self._path.read_text() if self._path.exists() else ""
        for line in text.splitlines():
            word, _, key = line.partition(" ")
            yield word, key

    def ended(self) -> Counter[str]:
        return Counter(key for word, key in self.words() if word == "end")

    def failed(self) -> list[str]:
        return [said for word, said in self.words() if word == "failed"]

    def overlaps(self) -> list[str]:
        """Work of one kind and target that began while another one of it was under way in the same life."""
        under_way: dict[tuple[str, str], str] = {}
        found = []
        for word, key in self.words():
            if word in ("start", "stop"):
                under_way.clear()
                continue
            kind, _, _, target, *_ = key.split(":")
            if word == "begin" and under_way.get((kind, target), key) != key:
                found.append(key)
            if word == "begin":
                under_way[kind, target] = key
            elif word == "end":
                under_way.pop((kind, target), None)
        return found


async def _all_ended(diary: Diary, expected: set[str]) -> None:
    async with asyncio.timeout(60):
        while not expected <= diary.ended().keys():  # noqa: ASYNC110 - another side ends it
            await asyncio.sleep(0.05)


@pytest.mark.crash
@pytest.mark.timeout(180)
async def test_nothing_that_was_answered_is_lost_by_kills(tmp_path: Path) -> None:
    service, diary, dice = Service(tmp_path), Diary(tmp_path), random.Random(7)
    accepted: set[int] = set()
    waiting = list(range(DELIVERIES))
    await service.start()
    async with aiohttp.ClientSession() as session:
        for kill in range(KILLS + 1):
            round_size = DELIVERIES // (KILLS + 1) if kill < KILLS else len(waiting)
            batch, waiting = waiting[:round_size], waiting[round_size:]
            answers = asyncio.gather(*(service.deliver(session, number) for number in batch))
            if kill < KILLS:
                await asyncio.sleep(dice.uniform(0.01, 0.5))
                assert await service.end(signal.SIGKILL) == -signal.SIGKILL
            results = await answers
            accepted |= {number for number, taken in zip(batch, results, strict=True) if taken}
            waiting += [number for number, taken in zip(batch, results, strict=True) if not taken]
            if kill < KILLS:
                await service.start()
        while waiting:
            waiting = [number for number in waiting if not await service.deliver(session, number)]
    expected = {work_key(number) for number in range(DELIVERIES)}
    await _all_ended(diary, expected)
    assert await service.end(signal.SIGTERM) == 0
    ended = diary.ended()
    assert ended.keys() == expected
    repeated = sum(ended.values()) - len(ended)
    assert repeated <= KILLS * len({"plans", "deploys"}) * 4  # at most what was under way at each kill
    assert diary.overlaps() == []
    await _trail_is_whole(tmp_path, expected)


async def _trail_is_whole(directory: Path, expected: set[str]) -> None:
    database = await open_database(f"sqlite:///{directory}/purser.db")
    store = SqlStore(database)
    assert await store.verify() is None
    entries = await store.trail("platform/cluster")
    assert {entry["facts"]["work"] for entry in entries} == expected
    await database.dispose()


@pytest.mark.crash
async def test_a_term_signal_drains_and_ends_with_zero(tmp_path: Path) -> None:
    service, diary = Service(tmp_path), Diary(tmp_path)
    await service.start()
    async with aiohttp.ClientSession() as session:
        assert all(await asyncio.gather(*(service.deliver(session, number) for number in range(40))))
    assert await service.end(signal.SIGTERM) == 0
    begun = Counter(key for word, key in diary.words() if word == "begin")
    left_off = Counter(key for word, key in diary.words() if word in ("end", "wait"))
    assert begun == left_off
    await service.start()
    await _all_ended(diary, {work_key(number) for number in range(40)})
    assert max(diary.ended().values()) == 1
    assert await service.end(signal.SIGTERM) == 0


@pytest.mark.crash
async def test_work_that_ends_its_process_each_time_is_given_up_and_the_rest_is_done(tmp_path: Path) -> None:
    service, diary, deadly, deaths = Service(tmp_path), Diary(tmp_path), work_key(2), 0
    (tmp_path / "deadly").write_text(deadly)
    waiting = list(range(12))
    async with aiohttp.ClientSession() as session:
        while not diary.failed():
            await service.start()
            taken = await asyncio.gather(*(service.deliver(session, number) for number in waiting))
            waiting = [number for number, is_taken in zip(waiting, taken, strict=True) if not is_taken]
            deaths += await _died(service, diary)
        assert all(await asyncio.gather(*(service.deliver(session, number) for number in waiting)))
    await _all_ended(diary, {work_key(number) for number in range(12)} - {deadly})
    assert await service.end(signal.SIGTERM) == 0
    assert (deaths, diary.failed()) == (MOST, [f"{deadly} ends-process"])
    assert [key for word, key in diary.words() if word == "begin"].count(deadly) == MOST


async def _died(service: Service, diary: Diary) -> bool:
    """Waits until the process died, or has given something up."""
    assert service.process
    async with asyncio.timeout(60):
        while service.process.returncode is None and not diary.failed():  # noqa: ASYNC110 - another side ends it
            await asyncio.sleep(0.05)
    return service.process.returncode is not None
