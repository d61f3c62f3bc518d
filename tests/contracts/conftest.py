"""Where the contracts are kept: an empty database of each kind."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.contracts.databases import postgresql


@pytest.fixture(params=["sqlite", "postgresql"])
async def url(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[str]:
    """Its address."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/purser.db"
        return
    with postgresql(tmp_path) as server:
        yield server
