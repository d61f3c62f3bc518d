"""The chart on a real API server: Helm's own command, and namespaces that admit restricted pods only."""

import os
import secrets
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.chart.cases import CHART
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import find, missing

RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    absent = missing() if here else ()
    for item in here:
        if absent and item.get_closest_marker("cluster"):
            item.add_marker(pytest.mark.skip(f"not built: {', '.join(absent)}; `make cluster` builds them"))


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of the file's own: what the chart makes for the whole cluster meets nobody else's."""
    with ControlPlane.start(audit_log=tmp_path_factory.mktemp("cluster") / "audit.log") as running:
        yield running


@dataclass(frozen=True, slots=True)
class Helm:
    """Helm's command with somebody's kubeconfig."""

    program: Path
    kubeconfig: Path
    home: Path

    def __call__(self, *words: str) -> str:
        """What it prints; AssertionError with its words where it fails."""
        environment = {"HOME": str(self.home), "KUBECONFIG": str(self.kubeconfig), "PATH": os.defpath}
        done = subprocess.run(
            [str(self.program), *words], env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def install(self, namespace: str, values: Mapping[str, Any], chart: Path = CHART, *more: str) -> str:
        """`helm upgrade --install purser`, as the quickstart has it."""
        file = self.home / f"{namespace}-values.yaml"
        file.write_text(yaml.safe_dump(dict(values)), encoding="utf-8")
        place = ("--namespace", namespace, "--values", str(file))
        return self("upgrade", "--install", "purser", str(chart), *place, *more)


@pytest.fixture
def helm(plane: ControlPlane, tmp_path: Path) -> Helm:
    program = find("helm")
    assert program is not None
    return Helm(program, plane.kubeconfig, tmp_path)


@pytest.fixture
def namespace(plane: ControlPlane) -> str:
    """An empty namespace that admits pods only if they are restricted."""
    name = f"purser-{secrets.token_hex(3)}"
    plane.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name, "labels": RESTRICTED}})
    return name
