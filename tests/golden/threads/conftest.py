"""One world for all threads; each story has a project of its own."""

from collections.abc import AsyncIterator, Mapping
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.gates import ONE_APPROVAL
from tests.e2e.world import World, world

PLACES = 12
DIRECT: Mapping[str, Mapping[str, object]] = {
    f"direct-{number}": {"deploy": {"mode": "direct", "parallel": 1}} for number in range(8)
}
OWN_JOB: Mapping[str, Mapping[str, object]] = {
    f"their-own-{number}": {"deploy": {"job": "sync"}} for number in range(3)
}
GATES = {"reviewed": ONE_APPROVAL}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """All of them live in the session's event loop, where the world is."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.asyncio(loop_scope="session"), append=False)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """The world, with targets of both modes."""
    async with world(
        tmp_path_factory.mktemp("threads"), places=PLACES, targets={**DIRECT, **OWN_JOB}, gates=GATES
    ) as made:
        yield made
