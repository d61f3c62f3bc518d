"""`purser serve` as its own process: started, read, stopped, killed."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.e2e.waiting import PATIENCE, until

REPOSITORY = Path(__file__).parents[2]
# Learns process groups on its input; its end means that the test run is gone, even by kill -9: then it kills
# the last one. It is killed itself before its input is closed in order.
_WATCHDOG = 'while read -r pid; do last="-$pid"; done; [ -z "$last" ] || kill -s KILL -- "$last"'


class BotProcess:
    """The bot, from its configuration file. `lines` are all that it ever said, over all its starts."""

    patience = PATIENCE

    def __init__(self, config: Path, environment: Mapping[str, str]) -> None:
        self.config = config
        self.lines: list[str] = []
        self.starts = 0
        self.environment = {**os.environ, "PYTHONUNBUFFERED": "1", **environment}
        self._process: asyncio.subprocess.Process | None = None
        self._reading: list[asyncio.Task[None]] = []
        self._watchdog: subprocess.Popen[bytes] | None = None
        self._listening: asyncio.subprocess.Process | None = None
        self._from = 0

    async def start(self) -> str:
        """Starts it and gives the address that it listens on."""
        self._from, self.starts = len(self.lines), self.starts + 1
        if self._watchdog is None:
            self._watchdog = subprocess.Popen(  # noqa: ASYNC220 - it starts at once
                ["/bin/sh", "-c", _WATCHDOG], stdin=subprocess.PIPE, start_new_session=True
            )
        self._process = process = await self._spawned(["serve", "--config", str(self.config)])
        assert process.stdout is not None
        assert process.stderr is not None
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(b"%d\n" % process.pid)
        self._watchdog.stdin.flush()
        self._reading = [asyncio.create_task(self._read(each)) for each in (process.stdout, process.stderr)]
        started = await until(self._started, "the bot to start", self.patience)
        self._listening = self._process
        return str(started["url"])

    async def _spawned(self, arguments: list[str]) -> "asyncio.subprocess.Process":
        return await asyncio.create_subprocess_exec(
            *self._argv(arguments),
            env=self.environment, cwd=REPOSITORY, stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
        )  # fmt: skip

    def _argv(self, arguments: list[str]) -> tuple[str, ...]:
        """What is run."""
        return (sys.executable, "-m", "bot", *arguments)

    @property
    def answers(self) -> bool:
        """Whether it runs and has said where it listens."""
        return not self.ended and self._listening is self._process

    def _started(self) -> dict[str, Any] | None:
        if self.ended:
            raise RuntimeError("the bot did not start:\n" + "\n".join(self.lines[self._from :]))
        found = self.facts("service.started", self._from)
        return found[0] if found else None

    async def _read(self, stream: asyncio.StreamReader) -> None:
        while line := await stream.readline():
            self.lines.append(line.decode(errors="replace").rstrip("\n"))

    @property
    def pid(self) -> int:
        """Of the process that runs."""
        assert self._process is not None
        return self._process.pid

    @property
    def ended(self) -> bool:
        """Whether no process of it runs."""
        return self._process is None or self._process.returncode is not None

    def facts(self, event: str, since: int = 0) -> list[dict[str, Any]]:
        """The log entries of that event."""
        entries = [json.loads(line) for line in self.lines[since:] if line.startswith("{")]
        return [entry for entry in entries if entry.get("event") == event]

    async def wait(self) -> int:
        """Waits for its end; gives the exit code."""
        assert self._process is not None
        code = await self._process.wait()
        await asyncio.gather(*self._reading)
        return code

    async def stop(self) -> int:
        """SIGTERM, and the exit code."""
        assert self._process is not None
        if not self.ended:
            self._process.send_signal(signal.SIGTERM)
        return await self.wait()

    async def close(self) -> None:
        """Kills what runs, and the watchdog; nothing is worth saving."""
        self.kill()
        if self._process is not None:
            await self.wait()
        if self._watchdog is not None:
            self._watchdog.kill()
            self._watchdog.wait()
            assert self._watchdog.stdin is not None
            self._watchdog.stdin.close()

    def kill(self) -> None:
        """SIGKILL to the process and its workers, as a lost machine would have it."""
        if self._process is not None and not self.ended:
            os.killpg(self._process.pid, signal.SIGKILL)
