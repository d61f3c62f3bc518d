"""A PostgreSQL for each test: what one leaves is not the next one's."""

from collections.abc import Iterator

import pytest

from tests.contracts.databases import PostgreSql


@pytest.fixture
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PostgreSql]:
    """It answers; the test may end and start it."""
    made = PostgreSql(tmp_path_factory.mktemp("postgresql"))
    try:
        made.set_up()
        made.start()
        yield made
    finally:
        made.remove()
