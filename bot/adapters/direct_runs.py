"""Runs of mode `direct`: a process each, which goes on when this one is killed and is found again.

A run has a directory: `tree/` (the files of the commit), `log`, `report.json` when it ended, `seen` when
that was read, `pid`, and `lock`, which is locked (flock) for as long as the process or a Helm of its lives:
the lock goes with the last of them, however they end, so that a second one never works beside the first.
"""

import asyncio
import contextlib
import fcntl
import json
import os
import shutil
import signal
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import structlog

from bot.app.ports.rendering import Checkout
from bot.app.ports.running import RunOrder, RunSeen
from bot.core.deploy.release_report import RunReport, from_json

log = structlog.get_logger()

STOP_PATIENCE = 60.0
"""Seconds that runs have to end in order when the service ends."""

LOG_HEAD, LOG_TAIL = 64_000, 192_000
"""Bytes of a log that are kept: its beginning and its end."""

_POLL = 0.1
LOCK_VARIABLE = "PURSER_RUN_LOCK"


class DirectRuns:
    """The port Runs below `directory`. `order` gives what the process reads on its input, as JSON.

    What is left of a run is removed `kept` seconds after its end was seen: log and report are in the store.

    `argv` starts the process; `environment` is all that it gets. Ended as a context, it asks what runs to
    stop, and waits for it: whoever ends us in order ends what runs beside us as well.
    """

    def __init__(
        self,
        directory: Path,
        argv: Sequence[str],
        environment: Mapping[str, str],
        order: Callable[[RunOrder, Path, str | None], Mapping[str, Any]],
        kept: float = 604_800.0,
    ) -> None:
        self._directory = directory
        self._argv = tuple(argv)
        self._environment = environment
        self._order = order
        self._kept = kept
        self._mine: dict[str, asyncio.subprocess.Process] = {}

    async def __aenter__(self) -> "DirectRuns":
        self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self

    def _forget(self) -> None:
        before = time.time() - self._kept
        for seen in self._directory.glob("*/seen"):
            with contextlib.suppress(FileNotFoundError):
                if seen.stat().st_mtime < before:
                    shutil.rmtree(seen.parent, ignore_errors=True)

    async def __aexit__(self, *exc: object) -> None:
        for run in list(self._mine):
            await self.stop(run)
        for run in list(self._mine):
            await self.look(run, STOP_PATIENCE)

    async def start(self, order: RunOrder, tree: Checkout) -> None:
        """See the port."""
        await asyncio.to_thread(self._forget)
        place = self._directory / order.id
        place.mkdir(parents=True, exist_ok=True, mode=0o700)
        lock = _locked(place)
        if lock is None:
            return
        try:
            if (place / "report.json").exists():
                return
            files = place / "tree"
            if not files.exists():
                await asyncio.to_thread(_copy, tree.root, files)
            await self._spawn(order, place, tree.head, lock)
        finally:
            os.close(lock)
        log.info("run.started", run=order.id, again=order.again)

    async def _spawn(self, order: RunOrder, place: Path, head: str | None, lock: int) -> None:
        output = os.open(place / "log", os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        try:
            process = await asyncio.create_subprocess_exec(
                *self._argv,
                order.id,
                stdin=asyncio.subprocess.PIPE,
                stdout=output,
                stderr=output,
                cwd=place,
                env={**self._environment, LOCK_VARIABLE: str(lock)},
                pass_fds=(lock,),
                start_new_session=True,
            )
        finally:
            os.close(output)
        (place / "pid").write_text(str(process.pid))
        self._mine[order.id] = process
        if process.stdin is None:
            raise RuntimeError("a process without its input")
        with contextlib.suppress(ConnectionError):
            process.stdin.write(json.dumps(self._order(order, place / "tree", head)).encode())
            await process.stdin.drain()
            process.stdin.close()

    async def look(self, run: str, patience: float = 0.0) -> RunSeen:
        """See the port."""
        place = self._directory / run
        for _ in range(int(patience / _POLL)):
            if not _runs(place):
                break
            await asyncio.sleep(_POLL)
        seen = _seen(place)
        if seen.state != "running" and (mine := self._mine.pop(run, None)):
            await mine.wait()
        if seen.state == "ended":
            await asyncio.to_thread(shutil.rmtree, place / "tree", ignore_errors=True)
            (place / "seen").touch()
        return seen

    async def stop(self, run: str) -> bool:
        """See the port."""
        place = self._directory / run
        if not _runs(place):
            return False
        return _ask_to_end(place)


def _locked(place: Path) -> int | None:
    """An open file that holds the run's lock; None where somebody else has it."""
    lock = os.open(place / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    return lock


def _runs(place: Path) -> bool:
    if not (place / "lock").exists():
        return False
    lock = _locked(place)
    if lock is not None:
        os.close(lock)
    return lock is None


def _ask_to_end(place: Path) -> bool:
    """The process may be gone already, with a Helm of its that still runs; its number may be another's."""
    try:
        pid = int((place / "pid").read_text())
        if place.name.encode() not in Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0"):
            return False
        os.kill(pid, signal.SIGTERM)
    except (OSError, ValueError):
        return False
    return True


def _copy(source: str, to: Path) -> None:
    """All or nothing: a copy that was cut off is made anew."""
    part = to.with_name("tree.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(source, part, symlinks=True)
    part.rename(to)


def _seen(place: Path) -> RunSeen:
    if not place.exists():
        return RunSeen("absent")
    running = _runs(place)  # before the report is looked for: it is written before the lock goes
    said = _bounded(place / "log")
    if running:
        return RunSeen("running", said)
    report = _report(place)
    if report is not None:
        return RunSeen("ended", said, report)
    return RunSeen("died" if (place / "pid").exists() else "absent", said)


def _report(place: Path) -> RunReport | None:
    try:
        return from_json(json.loads((place / "report.json").read_text(encoding="utf-8")))
    except FileNotFoundError:
        return None


def _bounded(file: Path) -> str:
    try:
        with file.open("rb") as stream:
            size = stream.seek(0, os.SEEK_END)
            stream.seek(0)
            if size <= LOG_HEAD + LOG_TAIL:
                return stream.read().decode(errors="replace")
            head = stream.read(LOG_HEAD)
            stream.seek(-LOG_TAIL, os.SEEK_END)
            left = size - LOG_HEAD - LOG_TAIL
            whole = head + f"\n… {left} bytes are left out …\n".encode() + stream.read()
            return whole.decode(errors="replace")
    except FileNotFoundError:
        return ""
