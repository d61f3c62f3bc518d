"""The cluster's contract on the simulated API server, so that tests and the demo can trust it."""

import asyncio
import secrets
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.contracts.cluster_dry_runs import DryRunContract
from tests.contracts.cluster_releases import ReadingContract
from tests.contracts.cluster_suite import api_of


@pytest.fixture(scope="module")
def kubeconfig(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A simulated cluster on a loop of its own: the tests' own writes block theirs."""
    folder = tmp_path_factory.mktemp("simulated")
    started, stop = threading.Event(), asyncio.Event()
    loop = asyncio.new_event_loop()

    async def serve() -> None:
        async with SimulatedCluster(folder):
            started.set()
            await stop.wait()

    thread = threading.Thread(target=lambda: loop.run_until_complete(serve()))
    thread.start()
    try:
        assert started.wait(20), "the simulated cluster did not start"
        yield folder / "kubeconfig"
    finally:
        loop.call_soon_threadsafe(stop.set)
        thread.join(20)
        loop.close()


@pytest.fixture
def namespace(kubeconfig: Path, tmp_path: Path) -> str:
    name = f"test-{secrets.token_hex(4)}"
    api_of(kubeconfig, tmp_path).call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    return name


class TestDryRunsOnTheSimulatedCluster(DryRunContract):
    pass


class TestReadingOnTheSimulatedCluster(ReadingContract):
    pass
