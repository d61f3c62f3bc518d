"""Builds the programs that the tests on a real cluster need: `python -m tests.cluster.build`.

What is built already is left alone, without looking for Go or a network. The first build takes
about seven minutes on two cores and downloads the modules that the go.mod files pin.
"""

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cluster.tools import MODULES, RECIPES, Recipe, find, missing, tools_dir

Version = tuple[int, ...]


class BuildError(Exception):
    """A program could not be built; the message says what to do."""


def build_all() -> None:
    """Builds every missing program into `tools_dir()`; two builds at once wait for each other."""
    bin_dir = tools_dir()
    if not missing():
        print(f"cluster tools: all there in {bin_dir}")
        return
    bin_dir.mkdir(parents=True, exist_ok=True)
    with _one_at_a_time(bin_dir.parent / "build.lock"):
        go = _go()
        for recipe in RECIPES:
            if find(recipe.name) is not None:
                print(f"{recipe.name}: already built")
            else:
                _build(go, recipe, bin_dir)
    print(f"cluster tools: all there in {bin_dir}")


@contextmanager
def _one_at_a_time(lock: Path) -> Iterator[None]:
    with lock.open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _build(go: str, recipe: Recipe, bin_dir: Path) -> None:
    print(f"{recipe.name}: building {recipe.package}", flush=True)
    began = time.monotonic()
    linker = " ".join(("-s", "-w", *(f"-X {variable}" for variable in recipe.variables)))
    with tempfile.TemporaryDirectory(dir=bin_dir.parent, prefix="building-") as folder:
        built = Path(folder) / recipe.name
        options = ("-mod=readonly", "-trimpath", "-ldflags", linker, "-o", str(built))
        command = [go, "build", *options, recipe.package]
        if subprocess.run(command, cwd=MODULES / recipe.module, env=_environment(), check=False).returncode:
            raise BuildError(
                f"{recipe.name} was not built: Go's message is above. If it could not download a module, "
                "run this once where the Go module proxy ($GOPROXY) can be reached."
            )
        built.replace(bin_dir / recipe.name)
    print(f"{recipe.name}: built in {time.monotonic() - began:.0f} s", flush=True)


def _environment() -> dict[str, str]:
    # GOFLAGS and GOWORK of the person's own set-up would change what is built.
    return {**os.environ, "CGO_ENABLED": "0", "GOFLAGS": "-buildvcs=false", "GOWORK": "off"}


def _go() -> str:
    """The `go` command, once it is known to be new enough for every module."""
    go = shutil.which("go")
    for module in sorted({recipe.module for recipe in RECIPES}):
        folder = MODULES / module
        needed = _version((folder / "go.mod").read_text(encoding="utf-8"), r"^go (\S+)$")
        found = "no `go` command was found" if go is None else _go_version(go, folder)
        if _version(found, r"^go(\S+)$") < needed:
            raise BuildError(_install_go(needed, found))
    assert go is not None
    return go


def _go_version(go: str, folder: Path) -> str:
    """What Go says of itself, such as go1.26.8, or why it does not."""
    # Asked inside the module, where Go since 1.21 fetches a newer toolchain by itself when it may.
    asked = subprocess.run(
        [go, "env", "GOVERSION"], cwd=folder, env=_environment(), capture_output=True, text=True, check=False
    )
    return asked.stderr.strip() if asked.returncode else asked.stdout.strip()


def _version(text: str, pattern: str) -> Version:
    match = re.search(pattern, text, re.MULTILINE)
    return tuple(int(part) for part in re.findall(r"\d+", match[1])) if match else ()


def _install_go(needed: Version, found: str) -> str:
    return (
        f"Go {'.'.join(map(str, needed))} or newer is needed to build the test cluster ({found}). "
        "Distributions' packages (apt-get install golang) are often older: get it from https://go.dev/dl/ "
        "and put its bin folder on PATH."
    )


if __name__ == "__main__":
    try:
        build_all()
    except BuildError as error:
        sys.exit(str(error))
