"""The port `RunRecords`: on SQLite and on PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.runs import SqlRuns
from bot.app.ports.running import RunRecord, RunRecords
from bot.core.deploy.release_report import ReleaseReport, RunReport
from bot.core.verify.symptoms import LogTail, Symptoms
from tests.contracts.test_store import AT, DATABASES, server

__all__ = ["server"]
BEGUN = RunRecord("run-1-ab", "ops/cluster", 1, "production", "sha256:1", AT)
SYMPTOMS = Symptoms("shop/late", ("0 of 1 pods",), (LogTail("pod late-1", ("starting", "ünknown")),), ("no",))
REPORT = RunReport(
    "failed",
    (
        ReleaseReport("shop/web", "install", "applied", 3.5, 1),
        ReleaseReport("shop/late", "upgrade", "failed", 9.0, None, "it did not come up", SYMPTOMS),
    ),
    ("shop/late: it did not come up",),
    12.5,
)


@pytest.fixture(params=DATABASES)
async def runs(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunRecords]:
    is_server = request.param == "postgresql"
    url = request.getfixturevalue("server") if is_server else f"sqlite:///{tmp_path}/purser.db"
    engine = await open_database(url)
    yield SqlRuns(engine)
    await engine.dispose()


async def test_what_was_never_kept_is_none(runs: RunRecords) -> None:
    assert await runs.run("run-9-none") is None


async def test_a_run_that_begins_is_kept_without_a_report(runs: RunRecords) -> None:
    await runs.put_run(BEGUN)
    assert await runs.run(BEGUN.id) == BEGUN


async def test_a_run_that_ended_has_its_log_and_its_whole_report(runs: RunRecords) -> None:
    ended = replace(BEGUN, id="run-2-ab", log="one\ntwo ✅\n", report=REPORT)
    await runs.put_run(replace(ended, log="", report=None))
    await runs.put_run(ended)
    assert await runs.run(ended.id) == ended


async def test_the_last_word_counts_and_what_a_run_is_about_stays(runs: RunRecords) -> None:
    ended = replace(BEGUN, id="run-3-ab", log="all", report=REPORT)
    await runs.put_run(ended)
    await runs.put_run(
        replace(ended, seal="sha256:2", started_at=AT + timedelta(hours=1), log="", report=None)
    )
    assert await runs.run(ended.id) == replace(ended, log="", report=None)


async def test_runs_are_told_apart_by_their_name(runs: RunRecords) -> None:
    one, other = replace(BEGUN, id="job-4"), replace(BEGUN, id="job-5", iid=2**40, report=REPORT)
    for each in (one, other):
        await runs.put_run(each)
    assert (await runs.run("job-4"), await runs.run("job-5")) == (one, other)
