"""A simulated cluster for all tests of the folder, and the command line as a person calls it."""

import asyncio
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.cluster import SimulatedCluster

REPOSITORY = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Ran:
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


Purser = Callable[..., Awaitable[Ran]]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def cluster(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[SimulatedCluster]:
    """Each test has a namespace of its own in it."""
    async with SimulatedCluster(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture
def purser(tmp_path: Path, cluster: SimulatedCluster) -> Purser:
    """Runs `purser` in the test's folder before the simulated cluster, which is its current one."""
    usual = {
        "PATH": str(Path(sys.executable).parent),  # without the helm command: the library deploys
        "HOME": str(tmp_path),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "KUBECONFIG": str(cluster.kubeconfig),
        "PYTHONPATH": str(REPOSITORY),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }

    async def run(*arguments: str, environment: Mapping[str, str] | None = None) -> Ran:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bot", *arguments),
            cwd=tmp_path,
            env={**usual, **(environment or {})},
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        out, err = await process.communicate()
        return Ran(process.returncode or 0, out.decode(), err.decode())

    return run


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """The files below the folder, which is given back."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder
