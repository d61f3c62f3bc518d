"""What a command takes: wall, CPU and memory of all its processes."""

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import psutil

_EVERY = 0.02


@dataclass(frozen=True, slots=True)
class Taken:
    """Seconds of wall and of CPU of the command and what it started and awaited; bytes of RSS at the peak.

    Memory that processes share counts for each of them.
    """

    wall: float
    cpu: float
    rss: int
    status: int
    output: str


def run(command: Sequence[str], environment: Mapping[str, str] | None = None) -> Taken:
    """Runs it to its end. Its standard error goes to ours if it fails."""
    with tempfile.TemporaryFile("w+") as output, tempfile.TemporaryFile("w+") as errors:
        began = time.perf_counter()
        process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=output, stderr=errors, env=environment
        )
        peak = _Peak(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        peak.stop()
        output.seek(0)
        errors.seek(0)
        text, said = output.read(), errors.read()
    if process.returncode not in (0, 2):
        print(f"{' '.join(command)}: {process.returncode}\n{said[-1000:]}")
    return Taken(wall, usage.ru_utime + usage.ru_stime, peak.bytes, process.returncode, text)


class _Peak:
    """Looks at a tree of processes until it is stopped."""

    def __init__(self, pid: int) -> None:
        self.bytes = 0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._watch, args=(pid,))
        self._thread.start()

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()

    def _watch(self, pid: int) -> None:
        while not self._stopped.wait(_EVERY):
            self.bytes = max(self.bytes, tree_rss(pid))


def service_rss() -> int:
    """Resident bytes of the `purser serve` that this process started, with its render workers."""
    children = psutil.Process().children()
    return sum(tree_rss(child.pid) for child in children if _serves(child))


def _serves(process: psutil.Process) -> bool:
    try:
        return "serve" in process.cmdline()
    except psutil.NoSuchProcess:  # a child that ended between the list and the question
        return False


def tree_rss(pid: int) -> int:
    """Resident bytes of a process and its descendants; 0 when it is gone."""
    try:
        first = psutil.Process(pid)
        family = [first, *first.children(recursive=True)]
    except psutil.Error:
        return 0
    total = 0
    for one in family:
        try:
            total += one.memory_info().rss
        except psutil.Error:
            continue
    return total
