"""A job's report is foreign text: what is not one of ours is not read at all."""

import json
from typing import Any

import pytest

from bot.core.deploy.foreign_report import MOST_RELEASES, foreign_report
from bot.core.deploy.release_report import ReleaseReport, RunReport, to_json

GOOD = RunReport(
    "failed",
    (
        ReleaseReport("shop/web", "install", "applied", 3.0, 1),
        ReleaseReport("shop/late", "upgrade", "failed", 9.0, None, "it did not become ready"),
    ),
    (),
    12.0,
)


def written(**other: Any) -> bytes:
    return json.dumps({**to_json(GOOD), **other}).encode()


def test_what_purser_apply_writes_is_read_back() -> None:
    assert foreign_report(written()) == GOOD


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
    assert foreign_report(raw) is None


def test_numbers_that_are_none_and_long_texts_are_cut() -> None:
    odd: dict[str, Any] = {"release": "a" * 9000, "action": "install", "state": "failed", "why": "b" * 9000}
    odd |= {"revision": True, "seconds": "many"}
    report = foreign_report(written(releases=[odd] * 1000, seconds=float("inf")))
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
