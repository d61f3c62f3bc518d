"""Bytes by key on this disk, for one user, within a bound. Processes may share it, any may be killed.

A file is the digest of what follows, the second in which it was made, and the content. What is damaged or too
old is a miss.
"""

import contextlib
import hashlib
import os
import re
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import Final

DAY: Final = 86_400.0
_KEY = re.compile(r"[0-9a-f]{64}")
_HEAD: Final = 32 + 8
_FULL_TO: Final = 0.8
"""What a full cache is emptied to, as a part of its bound."""


class ContentCache:
    """At most `limit` bytes below `directory`; what was used last goes last. All methods block.

    `seconds` is how long an entry lives: charts may render dates, which no key knows.
    """

    def __init__(self, directory: Path, *, limit: int, seconds: float = DAY) -> None:
        self._directory = directory
        self._limit = limit
        self._seconds = seconds
        self._size: int | None = None

    def get(self, key: str) -> bytes | None:
        """The content of a key (64 hex digits), or None."""
        path = self._path(key)
        try:
            data = path.read_bytes()
        except OSError:
            return None
        digest, made, content = data[:32], int.from_bytes(data[32:_HEAD]), data[_HEAD:]
        if len(data) < _HEAD or hashlib.sha256(data[32:]).digest() != digest:
            self._forget(path)
            return None
        if not 0 <= time.time() - made < self._seconds:
            self._forget(path)
            return None
        with contextlib.suppress(OSError):
            os.utime(path)
        return content

    def known(self, keys: Collection[str]) -> frozenset[str]:
        """Those of the keys that have content."""
        return frozenset(key for key in keys if self.get(key) is not None)

    def put(self, key: str, content: bytes) -> None:
        """Keeps it. A disk that is full or not ours to write is no failure."""
        made = int(time.time()).to_bytes(8) + content
        with contextlib.suppress(OSError):
            self._make_room(len(made) + 32)
            path = self._path(key)
            path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            # Readable for nobody else: mkstemp's mode is 0600, and renaming keeps it.
            descriptor, name = tempfile.mkstemp(dir=path.parent)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(hashlib.sha256(made).digest() + made)
                os.replace(name, path)
            except OSError:
                os.unlink(name)
                raise

    def _path(self, key: str) -> Path:
        if not _KEY.fullmatch(key):
            raise ValueError("a key is a SHA-256 in hex")
        return self._directory / key[:2] / key[2:]

    def _forget(self, path: Path) -> None:
        with contextlib.suppress(OSError):
            path.unlink()

    def _make_room(self, size: int) -> None:
        if self._size is None:
            self._directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._size = sum(entry.stat().st_size for entry in self._entries())
        self._size += size
        if self._size > self._limit:
            self._size = self._emptied(int(self._limit * _FULL_TO)) + size

    def _emptied(self, bound: int) -> int:
        """Takes the longest unused away. Another process may do the same, so what is gone is gone."""
        found: list[tuple[float, int, Path]] = []
        for path in self._entries():
            with contextlib.suppress(OSError):
                stat = path.stat()
                found.append((stat.st_mtime, stat.st_size, path))
        total = sum(size for _, size, _ in found)
        for _, size, path in sorted(found):
            if total <= bound:
                break
            self._forget(path)
            total -= size
        return total

    def _entries(self) -> list[Path]:
        return [path for path in self._directory.glob("??/*") if path.is_file()]
