"""Freeze windows, by the clock on the wall of their time zone."""

from datetime import datetime

import pytest

from bot.core.gate.freeze import frozen
from bot.core.gate.rules import Window

WEEKEND = Window("0 18 * * 5", 62 * 60, "Europe/Berlin", "the weekend")
CASES = {
    "just before it begins": ("2026-11-20T16:59:59+00:00", None),
    "at the very minute": ("2026-11-20T17:00:00+00:00", "2026-11-23T08:00:00+01:00"),
    "in the middle": ("2026-11-22T12:00:00+00:00", "2026-11-23T08:00:00+01:00"),
    "its last second": ("2026-11-23T06:59:59+00:00", "2026-11-23T08:00:00+01:00"),
    "when it has ended": ("2026-11-23T07:00:00+00:00", None),
    "in summer it begins an hour earlier in UTC": ("2026-07-03T16:00:00+00:00", "2026-07-06T08:00:00+02:00"),
    "over the end of summer time it lasts as long": (
        "2026-10-24T12:00:00+00:00", "2026-10-26T07:00:00+01:00",
    ),
    "asked in another time zone": ("2026-11-21T02:00:00+09:00", "2026-11-23T08:00:00+01:00"),
}  # fmt: skip


@pytest.mark.parametrize(("now", "until"), CASES.values(), ids=CASES.keys())
def test_a_window_is_open_from_its_start_for_so_long(now: str, until: str | None) -> None:
    found = frozen([WEEKEND], datetime.fromisoformat(now))
    assert (found.until.isoformat() if found else None) == until


def test_of_two_open_windows_the_one_that_ends_last_is_said() -> None:
    year = Window("0 0 20 12 *", 14 * 24 * 60, reason="the end of the year")
    day = Window("0 0 * * *", 60, reason="backups")
    found = frozen([day, year], datetime.fromisoformat("2026-12-24T00:30:00+00:00"))
    assert found is not None
    assert found.reason == "the end of the year"


def test_without_windows_nothing_is_frozen() -> None:
    assert frozen([], datetime.fromisoformat("2026-12-24T00:30:00+00:00")) is None
