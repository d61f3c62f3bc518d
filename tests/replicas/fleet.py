"""Replicas that are started, paused and killed, and what they wrote down."""

import asyncio
import signal
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Set
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tests.replicas.replica import PROJECT

PATIENCE = 120.0


def payload(number: int, targets: int) -> dict[str, Any]:
    """Every tenth merge request is merged, the others are opened."""
    merged = number % 10 == 9
    return {
        "project": {"path_with_namespace": PROJECT, "default_branch": "main"},
        "object_attributes": {
            "iid": number + 1,
            "action": "merge" if merged else "open",
            "state": "merged" if merged else "opened",
            "target_branch": f"branch-{number % targets}",
            "last_commit": {"id": f"{number:040x}"},
        },
    }


def work_key(number: int, targets: int) -> str:
    """The key of the work that the delivery of this number asks for."""
    if number % 10 == 9:
        return f"deploy:{PROJECT}:{number + 1}:target-{number % targets}:merge"
    return f"plan:{PROJECT}:{number + 1}:target-{number % targets}:{number:040x}:opened"


class Replica:
    """One process, started as often as it is killed. `log` is what it said."""

    def __init__(self, url: str, directory: Path, *more: str) -> None:
        self._command = [sys.executable, "-m", "tests.replicas.replica", url, str(directory), *more]
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None
        self._port: asyncio.Future[int] | None = None
        self.log: list[str] = []

    async def start(self) -> None:
        """Returns when it listens."""
        self._port = asyncio.get_running_loop().create_future()
        out = asyncio.subprocess
        self._process = await asyncio.create_subprocess_exec(
            *self._command, stdout=out.PIPE, stderr=out.STDOUT
        )
        self._reading = asyncio.create_task(self._read())
        try:
            async with asyncio.timeout(200):
                await asyncio.shield(self._port)
        except TimeoutError as error:
            error.add_note("it does not listen:\n" + "\n".join(self.log[-30:]))
            raise

    async def _read(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        assert self._port is not None
        async for line in self._process.stdout:
            text = line.decode().strip()
            self.log.append(text)
            if text.isdigit() and not self._port.done():
                self._port.set_result(int(text))
        if not self._port.done():
            self._port.set_exception(RuntimeError("it did not start:\n" + "\n".join(self.log[-30:])))

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    @property
    def url(self) -> str:
        assert self._port is not None
        return f"http://127.0.0.1:{self._port.result()}"

    def send(self, what: signal.Signals) -> None:
        """A signal, if it runs."""
        if self._process is not None and self._process.returncode is None:
            self._process.send_signal(what)

    async def end(self, how: signal.Signals = signal.SIGKILL) -> int:
        """Sends it, waits, and gives the exit code."""
        self.send(how)
        if self._process is None or self._reading is None:
            return 0
        async with asyncio.timeout(PATIENCE):
            await self._reading
            return await self._process.wait()


class Diary:
    """What all replicas wrote, in the order in which it reached the disk."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / "diary"

    def words(self) -> Iterator[tuple[str, int, str]]:
        text = self._path.read_text() if self._path.exists() else ""
        for line in text.splitlines():
            word, pid, what = line.split(" ", 2)
            yield word, int(pid), what

    def who(self, word: str, what: str = "-") -> list[int]:
        """The processes that wrote it."""
        return [pid for said, pid, of in self.words() if (said, of) == (word, what)]

    def ended(self) -> Counter[str]:
        return Counter(what for word, _, what in self.words() if word == "end")

    def note(self, word: str, pid: int) -> None:
        """A word of the test's own."""
        with self._path.open("a") as file:
            file.write(f"{word} {pid} -\n")

    def overlaps(self) -> list[str]:
        """Work of one kind and target that began while a living process was at another (`dead`: not it)."""
        under_way: dict[tuple[str, str], tuple[int, str]] = {}
        found = []
        for word, pid, what in self.words():
            if word in ("dead", "stop"):
                under_way = {place: busy for place, busy in under_way.items() if busy[0] != pid}
            if word not in ("begin", "end", "wait"):
                continue
            kind, _, _, target, *_ = what.split(":")
            if word == "begin":
                if (kind, target) in under_way:
                    found.append(f"{what} beside {under_way[kind, target]}")
                under_way[kind, target] = (pid, what)
            elif under_way.get((kind, target)) == (pid, what):
                del under_way[kind, target]
        return found


async def until(look: Callable[[], Any], what: str, within: float = PATIENCE) -> Any:
    """Waits for something true."""
    try:
        async with asyncio.timeout(within):
            while not (found := look()):  # noqa: ASYNC110 - another process changes it
                await asyncio.sleep(0.05)
            return found
    except TimeoutError as error:
        error.add_note(f"waited for {what}")
        raise


async def status(session: aiohttp.ClientSession, replica: Replica, path: str) -> tuple[int, str]:
    """What it answers to a GET; 0 where it does not."""
    try:
        async with session.get(replica.url + path, timeout=aiohttp.ClientTimeout(20)) as answer:
            return answer.status, await answer.text()
    except (aiohttp.ClientError, TimeoutError):
        return 0, ""


async def answers(session: aiohttp.ClientSession, replica: Replica, path: str, wanted: int) -> str:
    """Waits until it answers so; the body."""
    async with asyncio.timeout(150):
        while (found := await status(session, replica, path))[0] != wanted:  # noqa: ASYNC110 - the same
            await asyncio.sleep(0.1)
        return found[1]


async def deliver(session: aiohttp.ClientSession, replica: Replica, number: int, targets: int = 50) -> int:
    """The status of its answer; 0 where there is none."""
    headers = {
        "X-Gitlab-Token": "token",
        "X-Gitlab-Event": "Merge Request Hook",
        "Idempotency-Key": f"delivery-{number}",
    }
    url, body = f"{replica.url}/hooks/gitlab", payload(number, targets)
    try:
        async with session.post(url, json=body, headers=headers, timeout=aiohttp.ClientTimeout(30)) as answer:
            return answer.status
    except (aiohttp.ClientError, TimeoutError):
        return 0


async def all_ended(diary: Diary, expected: Set[str], within: float = PATIENCE) -> None:
    """Waits until all of it was done."""
    await until(lambda: expected <= diary.ended().keys(), f"{len(expected)} works to end", within)


@asynccontextmanager
async def fleet(url: str, directory: Path, size: int, *more: str) -> AsyncIterator[list[Replica]]:
    """So many replicas, all killed at the end."""
    replicas = [Replica(url, directory, *more) for _ in range(size)]
    try:
        for replica in replicas:
            await replica.start()
        yield replicas
    finally:
        for replica in replicas:
            replica.send(signal.SIGCONT)
            await replica.end()
