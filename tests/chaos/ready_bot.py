"""Bots that come out of a nursery: a start costs what the start itself does, without reading in the code."""

import asyncio
import contextlib
import json
import os
import socket
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import cast

from tests.chaos.nursery import MOST
from tests.e2e.bot_process import REPOSITORY, BotProcess


class Grown:
    """A process of the nursery, as much of asyncio's Process as a BotProcess needs."""

    def __init__(self, pid: int, out: asyncio.StreamReader, err: asyncio.StreamReader) -> None:
        self.pid = pid
        self.stdout = out
        self.stderr = err
        self.returncode: int | None = None
        self._gone = asyncio.Event()

    def ended(self, code: int) -> None:
        """It is gone."""
        self.returncode = code
        self._gone.set()

    async def wait(self) -> int:
        """Its exit code, once it is gone."""
        await self._gone.wait()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """To the process alone."""
        if self.returncode is None:
            os.kill(self.pid, number)


class Nursery:
    """The other end of `python -m tests.chaos.nursery`."""

    def __init__(self, orders: socket.socket) -> None:
        self._orders = orders
        self._born: asyncio.Queue[int] = asyncio.Queue()
        self._turn = asyncio.Lock()
        self._grown: dict[int, Grown] = {}
        self._ends: dict[int, int] = {}

    async def grow(self, arguments: list[str], environment: Mapping[str, str]) -> Grown:
        """A bot with its output in pipes."""
        async with self._turn:
            readers, given = zip(*[await _pipe() for _ in range(2)], strict=True)
            said = json.dumps({"arguments": arguments, "environment": dict(environment)}).encode()
            socket.send_fds(self._orders, [said], list(given))
            for each in given:
                os.close(each)
            pid = await self._born.get()
            made = self._grown[pid] = Grown(pid, *readers)
            if pid in self._ends:
                made.ended(self._ends.pop(pid))
            return made

    def heard(self) -> None:
        """Takes what the process says."""
        said = json.loads(self._orders.recv(MOST))
        if "born" in said:
            self._born.put_nowait(said["born"])
        elif said["ended"] in self._grown:
            self._grown.pop(said["ended"]).ended(said["code"])
        else:
            self._ends[said["ended"]] = said["code"]


async def _pipe() -> tuple[asyncio.StreamReader, int]:
    readable, writable = os.pipe()
    reader = asyncio.StreamReader()
    loop = asyncio.get_running_loop()
    file = os.fdopen(readable, "rb", buffering=0)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), file)
    return reader, writable


@contextlib.asynccontextmanager
async def nursery() -> AsyncIterator[Nursery]:
    """Ready as soon as it is asked; ends with its other end."""
    mine, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tests.chaos.nursery",
        str(its.fileno()),
        pass_fds=[its.fileno()],
        cwd=REPOSITORY,
    )
    its.close()
    made, loop = Nursery(mine), asyncio.get_running_loop()
    loop.add_reader(mine, made.heard)
    try:
        yield made
    finally:
        loop.remove_reader(mine)
        mine.close()
        await process.wait()


class ReadyBot(BotProcess):
    """A BotProcess that comes out of a nursery. A machine may be busy with many of them."""

    patience = 300.0

    def __init__(self, config: Path, environment: Mapping[str, str], nursery: Nursery) -> None:
        super().__init__(config, environment)
        self._nursery = nursery

    async def _spawned(self, arguments: list[str]) -> asyncio.subprocess.Process:
        return cast(asyncio.subprocess.Process, await self._nursery.grow(arguments, self.environment))
