"""A service with a handler that writes down what it does; `python -m tests.crash.victim DIRECTORY`.

Prints its port when it listens, and stops on SIGTERM.
"""

import asyncio
import os
import signal
import sys
from pathlib import Path

from aiohttp import web

from bot.adapters.engine.queue import Engine
from bot.adapters.store.database import open_database
from bot.adapters.store.inbox import SqlInbox
from bot.adapters.store.sql import SqlStore
from bot.adapters.store.under_way import SqlUnderWay
from bot.core.model import Target
from bot.core.webhook.signature import Doorkeeper
from bot.core.work import Again, DeployWork, Done, Outcome, Work, key
from bot.entry.dispatch import Dispatcher
from bot.entry.doorbell import Doorbell
from bot.entry.hook import Hook
from bot.entry.metrics import Metrics
from bot.log import configure

TARGETS = [Target(f"target-{number}", "platform/cluster", branch=f"branch-{number}") for number in range(4)]


class Diary:
    """Handles work by writing `begin KEY` and `end KEY` to a file, each on the disk before it goes on.

    The work whose key stands in the file `deadly` beside it ends the process.
    """

    def __init__(self, path: Path) -> None:
        deadly = path.with_name("deadly")
        self._deadly = deadly.read_text() if deadly.exists() else ""
        self._file = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_APPEND)
        self._looks: dict[str, int] = {}

    def write(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())
        os.fsync(self._file)

    async def handle(self, work: Work) -> Outcome:
        name = key(work)
        self.write(f"begin {name}")
        if name == self._deadly:
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(0.005)
        self._looks[name] = self._looks.get(name, 0) + 1
        if isinstance(work, DeployWork) and self._looks[name] < 3:
            self.write(f"wait {name}")
            return Again(0.05)
        self.write(f"end {name}")
        return Done()

    async def failed(self, work: Work, error: Exception) -> None:
        self.write(f"failed {key(work)} {getattr(error, 'code', '')}")


async def serve(directory: Path) -> None:
    configure("json", "error")
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    url, diary, bell = f"sqlite:///{directory}/purser.db", Diary(directory / "diary"), Doorbell()
    diary.write("start")
    database = await open_database(url)
    engine = Engine(url, diary.handle, on_failure=diary.failed, poll=0.05, under_way=SqlUnderWay(database))
    async with SqlInbox(database) as inbox, engine, Dispatcher(inbox, engine, SqlStore(database), bell):
        app = web.Application()
        Hook(Doorkeeper("token"), inbox, TARGETS, bell, Metrics()).add_to(app)
        runner = web.AppRunner(app, access_log=None)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        print(runner.addresses[0][1], flush=True)
        await stop.wait()
        await runner.cleanup()
    await database.dispose()
    diary.write("stop")


if __name__ == "__main__":
    asyncio.run(serve(Path(sys.argv[1])))
