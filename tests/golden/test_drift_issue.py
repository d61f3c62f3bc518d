"""The issue about drift as people read it. `make golden` rewrites the file; read it as prose."""

import re
from datetime import UTC, datetime

from syrupy.assertion import SnapshotAssertion

from bot.core.drift.check import DriftReport, ReleaseDrift, Unread, worst_first
from bot.core.model import Finding, Level, ObjectRef
from bot.core.notes.drift_issue import digest, drift_answer, drift_issue, gone_issue, told_digest
from bot.core.planned import Change, Drift
from tests.golden.plans import deployment, release, replicas
from tests.golden.test_notes import golden, parsed, text_of

__all__ = ["golden"]

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
HEAD = "0123456789abcdef0123456789abcdef01234567"
CONFIG = ObjectRef("v1", "ConfigMap", "web", "podinfo")
EVERY = DriftReport(
    "production",
    HEAD,
    worst_first(
        [
            ReleaseDrift(
                "podinfo",
                "web",
                "changed",
                4,
                "deployed",
                (
                    Drift(
                        "podinfo",
                        deployment(),
                        (Change("/spec/replicas", "replace", 2, 5),),
                        ("kubectl",),
                        "2026-11-01T22:14:09Z",
                    ),
                    Drift(
                        "podinfo",
                        CONFIG,
                        (
                            Change("/data/greeting", "replace", "hello", "/close @all <b>"),
                            Change("/data/long", "replace", "one\ntwo\nthree", "one\n2\nthree"),
                            Change("/data/password", "replace", "‹masked:0badcafe›", "‹masked:1badcafe›"),
                            Change("/data/mode", "remove", "fast"),
                        ),
                        ("kubectl-edit", "terraform"),
                        "2026-11-02T03:02:00Z",
                    ),
                ),
            ),
            ReleaseDrift(
                "grafana",
                "monitoring",
                "changed",
                2,
                "deployed",
                (
                    Drift(
                        "grafana",
                        ObjectRef("v1", "Service", "monitoring", "grafana"),
                        (Change("", "remove"),),
                    ),
                ),
            ),
            ReleaseDrift(
                "loki",
                "monitoring",
                "pending",
                7,
                "pending-upgrade",
                (),
                release(
                    "loki",
                    findings=(Finding(Level.ERROR, "release-pending", "Revision 7 is pending-upgrade."),),
                ),
            ),
            ReleaseDrift(
                "shop",
                "web",
                "differs",
                3,
                "deployed",
                (),
                release("shop", objects=(replicas(2, 3, "shop"),)),
            ),
            ReleaseDrift("old", "web", "unlisted", 1, "deployed"),
        ]
    ),
    (Unread("web/search", "The chart search 1.2.3 cannot be fetched."),),
    12,
)


def issue() -> str:
    return drift_issue(EVERY, "main", AT)


def test_the_issue_reads_as_before(golden: SnapshotAssertion) -> None:
    assert issue() == golden


def test_the_answer_to_a_command_reads_as_before(golden: SnapshotAssertion) -> None:
    address = "https://gitlab.example.com/platform/cluster/-/issues/3"
    assert drift_answer(EVERY, "main", address) == golden


def test_the_issue_of_drift_that_is_gone_reads_as_before(golden: SnapshotAssertion) -> None:
    assert gone_issue("production", "main", HEAD, AT) == golden


def test_the_issue_knows_what_it_speaks_of() -> None:
    assert told_digest(issue()) == digest(EVERY)


def test_nothing_foreign_does_anything_in_it() -> None:
    fenced = {n for t in parsed(issue()) if t.type == "fence" and t.map for n in range(*t.map)}
    rows = issue().split("\n")
    assert not [row for n, row in enumerate(rows) if row.lstrip().startswith("/") and n not in fenced]
    assert not [rows[n] for n in fenced if rows[n].startswith("/")]
    assert not re.search(r"[@~%&$][\w\"]", text_of(parsed(issue())))
