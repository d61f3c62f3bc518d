"""A control plane for the whole session, a namespace for each test, and Helm's own command."""

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio

from tests.cluster.control_plane import ControlPlane
from tests.cluster.direct import DIRECT
from tests.cluster.tools import find, missing
from tests.e2e.world import World, world


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    here = [item for item in items if item.path.is_relative_to(Path(__file__).parent)]
    absent = missing() if here else ()
    for item in here:
        item.add_marker(pytest.mark.cluster)
        if absent:
            item.add_marker(pytest.mark.skip(f"not built: {', '.join(absent)}; `make cluster` builds them"))


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A Kubernetes API server with controllers and an audit log, shared by all tests of the session."""
    with ControlPlane.start(audit_log=tmp_path_factory.mktemp("cluster") / "audit.log") as plane:
        yield plane


@pytest.fixture(scope="session")
def kubeconfig(control_plane: ControlPlane) -> Path:
    """The administrator's kubeconfig for `control_plane`."""
    return control_plane.kubeconfig


@pytest.fixture(scope="session")
def helm() -> Path:
    """Helm's command line program."""
    program = find("helm")
    assert program is not None
    return program


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own; its deletion is asked for at the end and not waited for."""
    name = f"test-{secrets.token_hex(4)}"
    control_plane.api.call("POST", "/api/v1/namespaces", {"metadata": {"name": name}})
    yield name
    control_plane.api.call("DELETE", f"/api/v1/namespaces/{name}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(
    tmp_path_factory: pytest.TempPathFactory, kubeconfig: Path, helm: Path
) -> AsyncIterator[World]:
    """A bot that deploys by itself; each story has a project and a namespace of its own."""
    folder = tmp_path_factory.mktemp("direct")
    async with world(folder, kubeconfig, helm=helm.parent, targets=DIRECT) as made:
        yield made
