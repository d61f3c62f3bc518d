"""To start over without losing the trail: what the guide says is done literally, onto PostgreSQL."""

import asyncio
import re
import shlex
from pathlib import Path

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.cli.app import run
from bot.core.trail.chain import Happening, Head
from tests.contracts.databases import postgresql
from tests.core.trail_kinds import happenings

GUIDE = Path(__file__).parents[2] / "docs" / "how-to" / "audit.md"
CONFIG = """\
version: 1
gitlab: {{url: "https://gitlab.example.com", token: {{file: token}}}}
webhook: {{token: {{file: token}}}}
{database}
projects: [{{path: platform/cluster, targets: [{{name: production}}]}}]
"""


def commands(head: str) -> list[list[str]]:
    """Those of the guide's section, with the head that a note of ours would show."""
    section = GUIDE.read_text(encoding="utf-8").partition("## Start over")[2]
    block = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert block
    lines = re.sub(r"\b57:[0-9a-f]+", head, block[1]).splitlines()
    return [shlex.split(line)[1:] for line in lines]


async def written(url: str, happened: list[Happening]) -> Head:
    """Opens it as a start of the service does, and writes what happened."""
    engine = await open_database(url)
    await SqlStore(engine).record_all(happened)
    head = await SqlStore(engine).head()
    await engine.dispose()
    assert head is not None
    return head


@pytest.mark.long
def test_the_guide_moves_a_trail_from_sqlite_to_postgresql(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = asyncio.run(written(f"sqlite:///{tmp_path}/purser.db", happenings()))
    monkeypatch.chdir(tmp_path)
    Path("token").write_text("not-a-real-token")
    Path("old.yaml").write_text(CONFIG.format(database=f"data_dir: {tmp_path}"))
    with postgresql(tmp_path) as url:
        Path("address").write_text(url)
        Path("new.yaml").write_text(CONFIG.format(database="database: {url: {file: address}}"))
        ran = [run(command) for command in commands(str(before))]
        assert ran == [0, 0, 0]
        after = asyncio.run(
            written(url, [Happening("unlock", "platform/cluster", 7, {"by": "ada"}, once="unlock:7")])
        )
        assert after.number == before.number + 1
        assert run(["trail", "verify", "--config", "new.yaml", "--head", str(before)]) == 0
