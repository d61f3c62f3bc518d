"""An installation in which all is well, for each test to break in one place."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.cli.installation import Installation, installation


@pytest.fixture
async def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Installation]:
    """An installation in which all is well."""
    async with SimulatedCluster(tmp_path / "cluster") as kubernetes, installation(tmp_path, capsys) as made:
        made.cluster = kubernetes
        kubernetes.rights.denied.add(("delete", "nodes"))  # not everything: that would be looked at
        made.target["kubeconfig"] = str(kubernetes.kubeconfig)
        await made.purser("webhook", "install", "--url", made.service.url, "--test")
        yield made
