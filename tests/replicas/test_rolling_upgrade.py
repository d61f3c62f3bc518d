"""Old and new at once, over a step of the tables that only adds; and refused after one that takes away."""

import shutil
from pathlib import Path

import aiohttp
import pytest
import sqlalchemy as sa

from bot.adapters.store.database import check_schema, contract, open_database, steps
from bot.adapters.store.migrations import versions
from bot.core.errors import AuthorError
from tests.contracts.databases import PostgreSql
from tests.replicas.fleet import Diary, Replica, all_ended, answers, deliver, fleet, work_key

_STEP = """
import sqlalchemy as sa
from alembic import op
from bot.adapters.store.database import contract

revision = "9001"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade():
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("colour", sa.Text, server_default="blue"))
"""
_CONTRACT = """
    contract(op.get_bind(), "9001")
"""


def newest() -> str:
    """Our own last step."""
    [folder] = versions.__path__
    return max(each.stem[:4] for each in Path(folder).glob("[0-9]*.py"))


def next_step(folder: Path, more: str = "") -> Path:
    """A folder with a step after our last one."""
    folder.mkdir()
    (folder / "9001_next.py").write_text(_STEP.format(before=newest()) + more)
    return folder


@pytest.mark.crash
@pytest.mark.timeout(900)
async def test_old_and_new_replicas_work_together_over_a_step_that_adds(
    server: PostgreSql, tmp_path: Path
) -> None:
    diary, more = Diary(tmp_path), next_step(tmp_path / "steps")
    async with fleet(server.url, tmp_path, 1) as [old], aiohttp.ClientSession() as session:
        assert await deliver(session, old, 1) == 202
        async with fleet(server.url, tmp_path, 1, "10", str(more)) as [new]:
            late = Replica(server.url, tmp_path)
            try:
                await late.start()  # an old one that the upgrade restarts meanwhile
                assert await deliver(session, old, 2) == 202
                assert await deliver(session, new, 3) == 202
                assert await deliver(session, late, 4) == 202
                for each in (old, new, late):
                    await answers(session, each, "/readyz", 200)
                await all_ended(diary, {work_key(number, 50) for number in (1, 2, 3, 4)})
            finally:
                await late.end()
    assert set(diary.ended().values()) == {1}


async def test_an_old_version_stays_on_tables_of_a_newer_one(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/purser.db"
    await (await open_database(url, next_step(tmp_path / "steps"))).dispose()
    database = await open_database(url)
    assert (await steps(database))[0] == "9001"
    await check_schema(database)
    await database.dispose()


async def test_an_old_version_refuses_tables_that_lost_what_it_needs(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/purser.db"
    running = await open_database(url)
    await check_schema(running)
    more = next_step(tmp_path / "steps", _CONTRACT)
    await (await open_database(url, more)).dispose()
    with pytest.raises(AuthorError, match=r"A newer Purser has changed the database.*need step 9001"):
        await open_database(url)
    with pytest.raises(AuthorError, match="A newer Purser"):  # what readyz of one that runs still says
        await check_schema(running)
    await running.dispose()
    shutil.rmtree(more / "__pycache__", ignore_errors=True)
    await (await open_database(url, more)).dispose()


async def test_the_newest_contract_counts(tmp_path: Path) -> None:
    database = await open_database(f"sqlite:///{tmp_path}/purser.db")
    async with database.begin() as connection:
        for oldest in ("0001", "0002"):
            await connection.run_sync(contract, oldest)
        rows = (await connection.execute(sa.text("SELECT value FROM meta WHERE name = 'schema:needs'"))).all()
    assert [row.value for row in rows] == ["0002"]
    await check_schema(database)
    await database.dispose()
