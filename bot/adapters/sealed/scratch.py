"""Directories that live as long as a process does, also where it is killed.

Each is locked by the process that made it. The kernel lets go of the lock when that process ends, however it
ends, so that the next one of ours knows what was left behind and takes it away.
"""

import contextlib
import fcntl
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_SETTLED: Final = 3600.0
"""Seconds after which an unlocked one is left over: before, somebody may be about to lock it."""


class Scratch:
    """A directory of this process. `remove` it when it is done with."""

    def __init__(self, prefix: str, *, settled: float = _SETTLED) -> None:
        sweep(prefix, settled=settled)
        self.path = tempfile.mkdtemp(prefix=prefix)
        self._lock = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        fcntl.flock(self._lock, fcntl.LOCK_EX | fcntl.LOCK_NB)

    def remove(self) -> None:
        """Takes it away with all that is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)


def sweep(prefix: str, *, settled: float = _SETTLED) -> None:
    """Takes away what ended processes of this user left of this prefix."""
    for path in _left(prefix, time.time() - settled):
        with contextlib.suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(lock)


def _left(prefix: str, before: float) -> Iterator[Path]:
    for path in Path(tempfile.gettempdir()).glob(f"{prefix}*"):
        with contextlib.suppress(OSError):
            found = path.lstat()
            if found.st_uid == os.getuid() and found.st_mtime <= before:
                yield path
