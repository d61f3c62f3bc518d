"""Servers that end with the test run, however it ends."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

# Learns process ids on its input. End of input means that whoever started it is gone, even by kill -9:
# then it kills what it learned and removes the folder. A death signal set in the child
# (PR_SET_PDEATHSIG) would do less: it fires when the starting thread ends, and exists on Linux only.
_WATCHDOG = """
pids=
while read -r pid; do pids="$pids -$pid"; done
[ -z "$pids" ] || kill -s KILL -- $pids
tries=0
until rm -rf "$1" || [ $tries -ge 50 ]; do tries=$((tries + 1)); sleep 0.1; done
"""


class ServerExitedError(Exception):
    """A server ended by itself; the message carries the end of its log."""


class Processes:
    """The servers of one control plane, each with its own log file in `folder`."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}
        self._watchdog = subprocess.Popen(
            ["/bin/sh", "-c", _WATCHDOG, "watchdog", str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )

    @property
    def pids(self) -> tuple[int, ...]:
        """The ids of all processes, the watchdog's included."""
        return (*(process.pid for process in self._running.values()), self._watchdog.pid)

    def start(self, name: str, program: Path, options: Sequence[str]) -> None:
        """Starts `program` as leader of its own process group; returns before it is ready."""
        with self.log_of(name).open("wb") as log:
            process = subprocess.Popen(
                [str(program), *options],
                cwd=self._folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._running[name] = process
        assert self._watchdog.stdin is not None
        self._watchdog.stdin.write(b"%d\n" % process.pid)
        self._watchdog.stdin.flush()

    def kill(self, name: str) -> None:
        """SIGKILL to one server and what it started, and waits for its end; `start` may follow."""
        process = self._running.pop(name)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()

    def log_of(self, name: str) -> Path:
        """The file with everything that the server `name` printed."""
        return self._folder / f"{name}.log"

    def check(self) -> None:
        """Raises ServerExitedError when one of the servers is no longer running."""
        for name, process in self._running.items():
            if process.poll() is not None:
                end = self.log_of(name).read_text(errors="replace").splitlines()[-15:]
                raise ServerExitedError("\n".join((f"{name} exited with {process.returncode}:", *end)))

    def stop(self) -> None:
        """Kills every process at once and waits until all are gone; nothing of theirs is worth saving."""
        for process in self._running.values():
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
        for process in self._running.values():
            process.wait()
        # Killed before its input is closed, or it would signal process ids that are free again.
        self._watchdog.kill()
        self._watchdog.wait()
        if self._watchdog.stdin is not None:
            self._watchdog.stdin.close()
