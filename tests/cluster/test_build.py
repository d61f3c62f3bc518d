"""Building the programs of the cluster: cheap to ask for again, clear about what is missing."""

import os
import re
import subprocess
import sys
from pathlib import Path

from tests.cluster.tools import RECIPES, tools_dir

_ROOT = Path(__file__).parents[2]


def _build(**environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "tests.cluster.build"],
        cwd=_ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_built_needs_no_go_and_no_network(tmp_path: Path) -> None:
    done = _build(PATH=str(tmp_path))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"cluster tools: all there in {tools_dir()}\n"


def test_without_go_the_build_says_what_to_install(tmp_path: Path) -> None:
    done = _build(PATH=str(tmp_path), PURSER_TOOLS=str(tmp_path / "tools"))
    assert done.returncode == 1
    assert re.search(r"Go \d+\.\d+\S* or newer is needed", done.stderr)
    assert "no `go` command was found" in done.stderr
    assert "https://go.dev/dl/" in done.stderr


def test_a_go_that_is_too_old_is_named(tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text("#!/bin/sh\necho go1.19.8\n")
    go.chmod(0o755)
    done = _build(PATH=str(tmp_path), PURSER_TOOLS=str(tmp_path / "tools"))
    assert done.returncode == 1
    assert "(go1.19.8)" in done.stderr


def test_a_program_appears_only_when_its_build_succeeded(tmp_path: Path) -> None:
    go = tmp_path / "go"
    go.write_text('#!/bin/sh\n[ "$1" = env ] && echo go9.9.9 && exit\necho broken >&2\nexit 1\n')
    go.chmod(0o755)
    done = _build(PATH=str(tmp_path), PURSER_TOOLS=str(tmp_path / "tools"))
    assert done.returncode == 1
    assert f"{RECIPES[0].name} was not built" in done.stderr
    assert [path.name for path in (tmp_path / "tools").rglob("*") if path.is_file()] == ["build.lock"]
