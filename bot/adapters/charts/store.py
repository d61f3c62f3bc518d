"""Charts on this disk, by the digest of their bytes. Several processes may share it, and any may be killed.

sha256/<hex>.tgz          archives
trees/<hex>/<name>/       directories
pins/<hex>.json           what a name and version was when it was fetched first
index/<hex>               answers of repositories
"""

import hashlib
import json
import os
import shutil
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from bot.adapters.charts.directory import digest_of
from bot.core.release import LocalChart

_ABANDONED: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Kept:
    """A repository's answer as it was kept, and how old it is in seconds."""

    body: bytes
    etag: str
    age: float


class ChartStore:
    """The directory. Everything is written beside its place and renamed into it; all methods block."""

    def __init__(self, root: str | Path) -> None:
        self._root = Path(root)
        for name in ("sha256", "trees", "pins", "index", "tmp"):
            (self._root / name).mkdir(parents=True, exist_ok=True)
        self._sweep()

    def pinned(self, key: str) -> LocalChart | None:
        """The archive that was fetched under this key, if its bytes are still here and still the same."""
        match self._json(self._pin(key)):
            case {"digest": str(digest), "name": str(name), "version": str(version)}:
                path = self._archive(digest)
                if _sha256(path) == digest:
                    return LocalChart(str(path), f"sha256:{digest}", name, version)
        return None

    def pinned_digest(self, key: str) -> str:
        """The hex digest that this key had when it was fetched first; empty for a new one."""
        match self._json(self._pin(key)):
            case {"digest": str(digest)}:
                return digest
        return ""

    def pin(self, key: str, chart: LocalChart) -> None:
        """Remembers that this key is that archive."""
        digest = chart.digest.removeprefix("sha256:")
        fact = {"digest": digest, "name": chart.name, "version": chart.version}
        self._write(self._pin(key), json.dumps(fact).encode())

    def add_archive(self, data: bytes, name: str, version: str) -> LocalChart:
        """Keeps an archive."""
        digest = hashlib.sha256(data).hexdigest()
        path = self._archive(digest)
        if _sha256(path) != digest:
            self._write(path, data)
        return LocalChart(str(path), f"sha256:{digest}", name, version)

    def add_tree(self, files: Mapping[str, bytes], name: str, version: str) -> LocalChart:
        """Keeps the files of a directory, by their path in it."""
        digest = digest_of(files)
        place = self._root / "trees" / digest
        if not place.is_dir():
            building = Path(tempfile.mkdtemp(dir=self._root / "tmp"))
            for path, data in files.items():
                file = building / name / path
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(data)
            try:
                building.rename(place)
            except OSError:
                shutil.rmtree(building)
                if not place.is_dir():
                    raise
        return LocalChart(str(place / name), f"sha256:{digest}", name, version)

    def index(self, address: str) -> Kept | None:
        """The index of the repository at this address as it was fetched last."""
        path = self._root / "index" / _named(address)
        try:
            head, _, body = path.read_bytes().partition(b"\n")
            return Kept(body, json.loads(head)["etag"], max(0.0, time.time() - path.stat().st_mtime))
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def keep_index(self, address: str, body: bytes, etag: str) -> None:
        """Keeps an index, or confirms that it is still the same."""
        head = json.dumps({"etag": etag}).encode()
        self._write(self._root / "index" / _named(address), head + b"\n" + body)

    def _pin(self, key: str) -> Path:
        return self._root / "pins" / f"{_named(key)}.json"

    def _archive(self, digest: str) -> Path:
        return self._root / "sha256" / f"{digest}.tgz"

    def _json(self, path: Path) -> Any:
        try:
            return json.loads(path.read_bytes())
        except (OSError, ValueError):
            return None

    def _write(self, path: Path, data: bytes) -> None:
        with tempfile.NamedTemporaryFile(dir=self._root / "tmp", delete=False) as file:
            file.write(data)
        os.replace(file.name, path)

    def _sweep(self) -> None:
        """Takes away what killed processes left behind."""
        for path in (self._root / "tmp").iterdir():
            try:
                if time.time() - path.stat().st_mtime > _ABANDONED:
                    shutil.rmtree(path) if path.is_dir() else path.unlink()
            except FileNotFoundError:
                continue


def _named(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def _sha256(path: Path) -> str:
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
