"""`purser trail` as people and scripts call it."""

import asyncio
import json
import sqlite3
from pathlib import Path

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.cli.app import run
from bot.core.trail.chain import Head, heads_in
from bot.core.trail.facts import log_digest
from tests.core.trail_kinds import FACTS, happenings

CONFIG = """\
version: 1
gitlab: {{url: "https://gitlab.example.com", token: {{file: token}}}}
webhook: {{token: {{file: token}}}}
data_dir: {folder}
projects: [{{path: platform/cluster, targets: [{{name: production}}]}}]
"""
COUNT = len(FACTS)


def configured(folder: Path) -> str:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "token").write_text("not-a-real-token")
    (folder / "purser.yaml").write_text(CONFIG.format(folder=folder))
    return str(folder / "purser.yaml")


async def _fill(folder: Path) -> Head | None:
    engine = await open_database(f"sqlite:///{folder}/purser.db")
    await SqlStore(engine).record_all(happenings())
    head = await SqlStore(engine).head()
    await engine.dispose()
    return head


@pytest.fixture
def config(tmp_path: Path) -> str:
    asyncio.run(_fill(tmp_path / "one"))
    return configured(tmp_path / "one")


@pytest.fixture
def head(config: str, capsys: pytest.CaptureFixture[str]) -> str:
    run(["trail", "verify", "--config", config, "--output", "json"])
    return str(json.loads(capsys.readouterr().out)["head"])


def tamper(config: str, statement: str) -> None:
    database = sqlite3.connect(Path(config).parent / "purser.db")
    database.execute(statement)
    database.commit()
    database.close()


def test_the_list_has_a_line_an_entry(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "list", "--config", config]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == COUNT
    assert "platform/cluster!7  merge  ada: Merged as commit cccccccccccc" in lines[8]


def test_filters_choose(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    asked = (
        (["--merge-request", "7"], sum(each.iid == 7 for each in happenings())),
        (["--merge-request", "8"], 0),
        (["--project", "platform/cluster", "--target", "production"], COUNT - 1),
        (["--target", "staging"], 0),
        (["--until", "2020-01-01"], 0),
        (["--since", "2020-01-01"], COUNT),
    )
    for flags, count in asked:
        assert run(["trail", "list", "--config", config, "--output", "json", *flags]) == 0
        assert len(json.loads(capsys.readouterr().out)) == count


def test_one_entry_is_shown_whole(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    number = str(list(FACTS).index("pipeline.ended") + 1)
    assert run(["trail", "show", number, "--config", config]) == 0
    shown = capsys.readouterr().out
    assert "job purser-apply (44): success" in shown
    assert '"status": "success"' in shown
    assert run(["trail", "show", number, "--config", config, "--output", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["facts"] == FACTS["pipeline.ended"]
    assert run(["trail", "show", "99", "--config", config]) == 1
    assert "no entry 99" in capsys.readouterr().err
    tamper(config, f"UPDATE trail SET kind = 'other' WHERE id = {number}")
    assert run(["trail", "show", number, "--config", config]) == 1
    assert f"entry {number} is not what was written" in capsys.readouterr().err


def test_an_untouched_trail_is_well(config: str, head: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "verify", "--config", config, "--head", head]) == 0
    assert f"All well: {COUNT} entries, each as it was written. Head {head}." in capsys.readouterr().out
    note = f"### Deployed\n\n---\nmerge commit `cccccccccccc` · trail `{head}`\n"
    assert run(["trail", "verify", "--config", config, "--note", note]) == 0


def test_what_is_wrong_is_said_and_the_exit_code_is_1(
    config: str, head: str, capsys: pytest.CaptureFixture[str]
) -> None:
    tamper(config, f"DELETE FROM trail WHERE id = {COUNT}")
    assert run(["trail", "verify", "--config", config]) == 0
    capsys.readouterr()
    assert run(["trail", "verify", "--config", config, "--head", head]) == 1
    assert "its end is gone" in capsys.readouterr().out
    tamper(config, "UPDATE trail SET project = 'a/b' WHERE id = 4")
    assert run(["trail", "verify", "--config", config, "--output", "json"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert found["broken"] == [4]
    assert found["problems"] == ["Entry 4 was changed, or does not follow the one before it."]


def test_a_note_without_a_head_is_no_proof(config: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "verify", "--config", config, "--note", "all is well"]) == 1
    assert "no head of a trail" in capsys.readouterr().err
    assert run(["trail", "verify"]) == 1
    assert "Name --config FILE" in capsys.readouterr().err


def test_a_trail_moves_to_a_fresh_database(
    config: str, head: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kept, other = str(tmp_path / "trail.jsonl"), configured(tmp_path / "two")
    assert run(["trail", "export", "--config", config, "--to", kept]) == 0
    assert run(["trail", "verify", "--file", kept, "--head", head]) == 0
    assert run(["trail", "import", kept, "--config", other]) == 0
    assert f"the head is {head}" in capsys.readouterr().out
    assert run(["trail", "verify", "--config", other, "--head", head]) == 0
    assert run(["trail", "import", kept, "--config", other]) == 1
    assert "has a trail already" in capsys.readouterr().err


def test_an_edited_export_is_refused(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    kept, other = tmp_path / "trail.jsonl", configured(tmp_path / "two")
    run(["trail", "export", "--config", config, "--to", str(kept)])
    kept.write_text(kept.read_text().replace('"by": "ada"', '"by": "eve"', 1))
    assert run(["trail", "verify", "--file", str(kept)]) == 1
    assert run(["trail", "import", str(kept), "--config", other]) == 1
    assert "Entry 3 is not what was written: nothing was imported." in capsys.readouterr().err
    assert run(["trail", "list", "--config", other]) == 0


def test_an_auditor_reads_a_story(config: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["trail", "export", "--config", config, "--format", "markdown"]) == 0
    text = capsys.readouterr().out
    assert "## platform/cluster, merge request 7 to production: deployed and verified" in text
    assert "## Past the merge requests" in text
    tamper(config, "UPDATE trail SET facts = '{}' WHERE kind = 'merge'")
    file = tmp_path / "audit.md"
    flags = ["--format", "markdown", "--to", str(file)]
    assert run(["trail", "export", "--config", config, *flags]) == 1
    assert "IT IS BROKEN" in file.read_text()
    assert "Entry 9 was changed" in file.read_text()


def test_a_log_has_the_digest_that_the_trail_has(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    raw = tmp_path / "job.log"
    raw.write_bytes(b"2026-11-23T13:00:00.000000Z 00O \x1b[32mdeployed\x1b[0m\n")
    assert run(["trail", "log", str(raw)]) == 0
    assert capsys.readouterr().out.strip() == log_digest("deployed")


def test_a_database_that_is_not_there_is_not_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = configured(tmp_path / "none")
    assert run(["trail", "list", "--config", config]) == 1
    assert "There is no database" in capsys.readouterr().err
    assert not (tmp_path / "none" / "purser.db").exists()
    (tmp_path / "none" / "purser.db").touch()
    assert run(["trail", "verify", "--config", config]) == 1
    assert "never used by Purser" in capsys.readouterr().err
    assert heads_in("") == []
