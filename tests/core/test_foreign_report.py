"""A job's report is foreign text: what is not one of ours is not read at all."""

import json
from typing import Any

import pytest

from bot.core.deploy.foreign_report import MOST_AILING, MOST_RELEASES, foreign_report
from bot.core.deploy.release_report import ReleaseReport, RunReport, to_json
from bot.core.verify.symptoms import LONGEST, MOST_LOG_LINES, MOST_LOGS, LogTail, Symptoms

AILING = Symptoms(
    "shop/late",
    ("Deployment shop/late: 0 of 1 pods are available",),
    (LogTail("The last lines of pod late-1, container web", ("starting", "cannot log in")),),
    ("Warnings could not be read: forbidden",),
)
GOOD = RunReport(
    "failed",
    (
        ReleaseReport("shop/web", "install", "applied", 3.0, 1),
        ReleaseReport("shop/late", "upgrade", "failed", 9.0, None, "it did not become ready", AILING),
    ),
    (),
    12.0,
)


def written(**other: Any) -> bytes:
    return json.dumps({**to_json(GOOD), **other}).encode()


def test_what_purser_apply_writes_is_read_back() -> None:
    assert foreign_report(written(), str) == GOOD


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff\xfe",
        b"[]",
        b"[" * 100_000,
        written(schema="purser.run/v9"),
        written(result="splendid"),
        written(releases={}),
        written(releases=[{"release": "a/b", "action": "| x |", "state": "applied"}]),
        written(releases=[{"release": "a/b", "action": "install", "state": "**fine**"}]),
        written(releases=[{"release": 7, "action": "install", "state": "applied"}]),
        written(releases=["a/b"]),
    ],
)
def test_anything_else_is_not_read(raw: bytes) -> None:
    assert foreign_report(raw, str) is None


def test_numbers_that_are_none_and_long_texts_are_cut() -> None:
    odd: dict[str, Any] = {"release": "a" * 9000, "action": "install", "state": "failed", "why": "b" * 9000}
    odd |= {"revision": True, "seconds": "many"}
    report = foreign_report(written(releases=[odd] * 1000, seconds=float("inf")), str)
    assert report is not None
    assert len(report.releases) == MOST_RELEASES
    one = report.releases[0]
    assert (len(one.key), len(one.why), one.revision, one.seconds, report.seconds) == (
        500,
        500,
        None,
        0.0,
        0.0,
    )


def ailing(**cluster: Any) -> dict[str, Any]:
    said = {"lines": [], "logs": [], "unread": [], **cluster}
    return {"release": "a/b", "action": "install", "state": "failed", "cluster": said}


def test_what_the_cluster_said_is_masked_whole_and_only_then_cut() -> None:
    """A secret at the place where a line is cut, or over several lines, is not shown in part."""
    secret = "s3cret-over-the-edge"
    long = "x" * (LONGEST - 10) + secret
    log = {"of": long, "lines": ["begin", "of a key", "end", long]}
    raw = written(releases=[ailing(lines=[long], logs=[log], unread=[long])])
    report = foreign_report(
        raw, lambda text: text.replace(secret, "‹›").replace("begin\nof a key\nend", "‹›")
    )
    assert report is not None
    [said] = report.symptoms
    [tail] = said.logs
    for line in (*said.lines, *said.unread, tail.of, *tail.lines):
        assert "s3c" not in line
    assert tail.lines[0] == "‹›"


def test_what_the_cluster_said_is_bounded_and_what_is_no_text_left_out() -> None:
    line = "a\n/merge\r\x00 " * 500
    log = {"of": line, "lines": [line, 7, None] * 90}
    one = ailing(lines=[line, {}] * 900, logs=[log, "log", {"of": 1, "lines": []}] * 90, unread=[line] * 90)
    report = foreign_report(written(releases=[one] + [ailing(lines=["x"])] * 150), str)
    assert report is not None
    assert len(report.symptoms) <= MOST_RELEASES
    said = report.symptoms[0]
    assert (len(said.lines), len(said.unread), len(said.logs)) == (16, 16, MOST_LOGS)
    assert all(len(tail.lines) <= MOST_LOG_LINES for tail in said.logs)
    for text in (*said.lines, *said.unread, *(it for tail in said.logs for it in (tail.of, *tail.lines))):
        assert len(text) <= LONGEST
        assert len(text.splitlines()) == 1


def test_of_many_releases_only_the_first_say_how_they_are() -> None:
    many = [{**ailing(lines=["ill"]), "release": f"shop/{number}"} for number in range(50)]
    report = foreign_report(written(releases=many), str)
    assert report is not None
    assert [one.release for one in report.symptoms] == [f"shop/{number}" for number in range(MOST_AILING)]


@pytest.mark.parametrize("cluster", [None, 7, [], {}, {"lines": "x", "logs": [], "unread": []}])
def test_symptoms_of_another_shape_are_not_read(cluster: Any) -> None:
    one = {"release": "a/b", "action": "install", "state": "failed", "cluster": cluster}
    report = foreign_report(written(releases=[one]), str)
    assert report is not None
    assert report.symptoms == ()
