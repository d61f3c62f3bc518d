"""The notes of verified deploys as people see them. `make golden` rewrites the files."""

import pytest
from syrupy.assertion import SnapshotAssertion

from bot.core.notes.deploy import DeployReport, deploy_note
from tests.golden.test_notes import _Note, parsed, text_of
from tests.golden.verifications import VERIFICATIONS

every = pytest.mark.parametrize("report", VERIFICATIONS.values(), ids=VERIFICATIONS.keys())


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(_Note)


@every
def test_the_note_reads_as_before(report: DeployReport, golden: SnapshotAssertion) -> None:
    assert deploy_note(report) == golden


@every
def test_what_came_from_outside_stays_text(report: DeployReport) -> None:
    note = deploy_note(report)
    assert not [line for line in note.splitlines() if line.startswith("/")]
    assert "@all" not in text_of(parsed(note))
