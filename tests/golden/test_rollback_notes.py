"""What a rollback says, as people see it: the preview, and the note that follows it to its end."""

import pytest
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from bot.core.notes.deploy import DeployReport, deploy_note
from bot.core.notes.rollback import preview
from bot.core.planned import Plan
from tests.golden.rollbacks import CODE, PREVIEWS, REPORTS


class _Note(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "md"


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(_Note)


@pytest.mark.parametrize("plan", PREVIEWS.values(), ids=PREVIEWS.keys())
def test_a_preview_reads_as_before(plan: Plan, golden: SnapshotAssertion) -> None:
    code = CODE if plan.seal and plan.changes_something else ""
    assert preview(plan, code, revert=False) == golden


@pytest.mark.parametrize("report", REPORTS.values(), ids=REPORTS.keys())
def test_a_note_reads_as_before(report: DeployReport, golden: SnapshotAssertion) -> None:
    assert deploy_note(report) == golden
