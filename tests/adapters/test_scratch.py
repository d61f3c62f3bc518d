"""Directories that do not outlive their process, however it ends."""

import subprocess
import sys
import tempfile
from pathlib import Path

from bot.adapters.sealed.scratch import Scratch, sweep

HOLD = """
import sys
from bot.adapters.sealed.scratch import Scratch
made = Scratch(sys.argv[1])
print(made.path, flush=True)
input()
"""


def test_what_a_killed_process_left_is_taken_away() -> None:
    with tempfile.TemporaryDirectory(prefix="purser-test-") as home:
        prefix = f"{Path(home).name}-"
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, prefix], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        assert process.stdout is not None
        assert process.stdin is not None
        left = Path(process.stdout.readline().strip())
        (left / "file").write_text("x", encoding="utf-8")
        sweep(prefix, settled=0)
        assert left.is_dir()
        process.kill()
        process.wait()
        process.stdout.close()
        process.stdin.close()
        sweep(prefix)
        assert left.is_dir()
        sweep(prefix, settled=0)
        assert not left.exists()


def test_a_directory_goes_with_what_is_in_it() -> None:
    made = Scratch("purser-test-own-")
    path = Path(made.path)
    (path / "below").mkdir()
    made.remove()
    assert not path.exists()


def test_a_symlink_of_that_name_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept").mkdir()
    with tempfile.TemporaryDirectory(prefix="purser-test-link-") as home:
        link = Path(f"{home}-x")
        link.symlink_to(tmp_path / "kept")
        try:
            sweep(link.name, settled=0)
            assert (tmp_path / "kept").is_dir()
        finally:
            link.unlink()
