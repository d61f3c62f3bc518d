"""What becomes of rows that an earlier version wrote."""

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command

from bot.adapters.store import tables
from bot.adapters.store.database import alembic_config, open_database
from bot.adapters.store.sql import SqlStore
from tests.contracts.databases import postgresql
from tests.contracts.test_store import AT, plan


def _back_to(connection: sa.Connection, step: str) -> None:
    command.downgrade(alembic_config(connection), step)


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
async def test_plans_of_before_count_as_shown_when_they_were_made(kind: str, tmp_path: Path) -> None:
    if kind == "postgresql":
        with postgresql(tmp_path) as url:
            await _upgraded(url)
    else:
        await _upgraded(f"sqlite:///{tmp_path}/purser.db")


async def _upgraded(url: str) -> None:
    before = await open_database(url)
    old = plan()
    row = {it.name: getattr(old, it.name) for it in tables.plans.columns if it.name not in ("id", "shown_at")}
    async with before.begin() as connection:
        await connection.run_sync(_back_to, "0006")
        await connection.execute(sa.insert(tables.plans).values(**{**row, "document": dict(old.document)}))
    await before.dispose()
    after = await open_database(url)
    store = SqlStore(after)
    new = await store.add_plan(replace(old, head="b" * 40, created_at=AT + timedelta(hours=1)))
    marks = await store.marks(old.project, old.iid, old.target)
    assert [(it.id == new, it.shown_at) for it in marks] == [(False, AT), (True, None)]
    await after.dispose()
