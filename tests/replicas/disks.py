"""A disk of a few megabytes that can be filled: a mount in memory, where the test may mount."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


class Disk:
    """`place` is on it, beside what fills it."""

    def __init__(self, root: Path) -> None:
        self._ballast = root / "ballast"
        self.place = root / "data"
        self.place.mkdir()

    def fill(self) -> None:
        """Until not one more block fits."""
        with self._ballast.open("ab", buffering=0) as file:
            for size in (1 << 20, 4096):
                try:
                    while file.write(bytes(size)) == size:
                        pass
                except OSError:
                    continue

    def empty(self) -> None:
        """There is room again."""
        self._ballast.unlink(missing_ok=True)


@contextmanager
def small_disk(megabytes: int) -> Iterator[Disk]:
    """It is gone afterwards; skips where this process may not mount."""
    root = Path(tempfile.mkdtemp(prefix="purser-disk-"))
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m,mode=755", "none", str(root)],
        capture_output=True,
        check=False,
    )
    try:
        if mounted.returncode:
            pytest.skip("a disk of its own needs the right to mount")
        yield Disk(root)
    finally:
        if not mounted.returncode:
            subprocess.run(["umount", "--lazy", str(root)], check=False)
        root.rmdir()
