"""A simulated cluster in the test's own loop, and a conversation with it."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.cluster.tools import find
from tests.demo_cluster.talking import Talk, talk


@pytest.fixture
async def simulated(tmp_path: Path) -> AsyncIterator[SimulatedCluster]:
    async with SimulatedCluster(tmp_path / "simulated") as cluster:
        yield cluster


@pytest.fixture
async def api(simulated: SimulatedCluster) -> AsyncIterator[Talk]:
    async with talk(simulated.kubeconfig, "shop") as one:
        yield one


@pytest.fixture
def helm() -> Path:
    program = find("helm")
    if program is None:
        pytest.skip("Helm's command line program is not built; `make cluster` builds it")
    return program
