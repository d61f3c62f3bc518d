"""One of several services at one database, with a handler that writes down what it does.

`python -m tests.replicas.replica URL DIRECTORY [SILENCE [MIGRATIONS]]` prints its port when it listens, and
stops on SIGTERM. Work on `target-0` waits while there is a file `hold` in the directory.
"""

import asyncio
import os
import signal
import sys
from contextlib import AsyncExitStack
from functools import partial
from pathlib import Path

from aiohttp import web

from bot.adapters.engine.place import Fence
from bot.adapters.engine.queue import Engine
from bot.adapters.store.database import check_schema, open_database
from bot.adapters.store.inbox import SqlInbox
from bot.adapters.store.sql import SqlStore
from bot.bootstrap.sweeping import sweeping
from bot.core.model import Target
from bot.core.webhook.signature import Doorkeeper
from bot.core.work import Again, DeployWork, Done, Outcome, Work, key
from bot.entry.dispatch import Dispatcher
from bot.entry.doorbell import Doorbell
from bot.entry.health import add_health
from bot.entry.hook import Hook
from bot.entry.metrics import Metrics
from bot.log import configure

PROJECT = "platform/cluster"
TARGETS = [Target(f"target-{number}", PROJECT, branch=f"branch-{number}") for number in range(50)]


class Diary:
    """A file that all replicas write to: a word, who, and what, on the disk before they go on."""

    def __init__(self, directory: Path, fence: Fence) -> None:
        self._file = os.open(directory / "diary", os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._hold = directory / "hold"
        self._fence = fence
        self._looks: dict[str, int] = {}

    def write(self, word: str, what: str = "-") -> None:
        os.write(self._file, f"{word} {os.getpid()} {what}\n".encode())
        os.fsync(self._file)

    async def handle(self, work: Work) -> Outcome:
        name = key(work)
        self.write("begin", name)
        await asyncio.sleep(0.005)
        while ":target-0:" in name and self._hold.exists():  # noqa: ASYNC110 - the test ends it
            await asyncio.sleep(0.02)
        self._fence.check()
        self._looks[name] = self._looks.get(name, 0) + 1
        if isinstance(work, DeployWork) and self._looks[name] < 3:
            self.write("wait", name)
            return Again(0.05)
        self.write("end", name)
        return Done()

    async def sweep(self) -> None:
        self.write("sweep")


async def serve(url: str, directory: Path, silence: float, more: Path | None) -> None:
    configure("json", "info")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    fence, bell = Fence(), Doorbell()
    diary = Diary(directory, fence)
    database = await open_database(url, more)
    engine = Engine(url, diary.handle, poll=0.05, fence=fence, silence=silence)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(database.dispose)
        inbox = await stack.enter_async_context(SqlInbox(database))
        store = SqlStore(database)
        await stack.enter_async_context(engine)
        turn = partial(engine.turn, "inbox")
        await stack.enter_async_context(Dispatcher(inbox, engine, store, bell, look_again=1, turn=turn))
        app = web.Application()
        Hook(Doorkeeper("token"), inbox, TARGETS, bell, Metrics()).add_to(app)
        schema = partial(check_schema, database)
        add_health(app, {"database": store.ping, "schema": schema, "engine": engine.check})
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        stack.push_async_callback(runner.cleanup)
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        await stack.enter_async_context(sweeping(diary.sweep, 0.1, engine.leads))
        print(runner.addresses[0][1], flush=True)
        await stop.wait()
    diary.write("stop")


if __name__ == "__main__":
    place, folder, *rest = sys.argv[1:]
    asyncio.run(
        serve(place, Path(folder), float(rest[0]) if rest else 10.0, Path(rest[1]) if rest[1:] else None)
    )
