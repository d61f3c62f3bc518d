"""How long what ended is kept, by the configuration."""

from datetime import timedelta
from pathlib import Path

from bot.config import load
from tests.test_config import ENVIRON, MINIMAL, problems, write


def test_what_ended_is_kept_for_seven_days_and_looked_for_each_hour(tmp_path: Path) -> None:
    kept = load(write(tmp_path, MINIMAL), ENVIRON).database
    assert (kept.kept, kept.forget_every) == (timedelta(days=7), 3600.0)


def test_what_is_kept_for_a_short_time_is_looked_for_more_often(tmp_path: Path) -> None:
    kept = load(write(tmp_path, f"{MINIMAL}database: {{keep: 600}}\n"), ENVIRON).database
    assert (kept.kept, kept.forget_every) == (timedelta(minutes=10), 150.0)


def test_what_ended_a_moment_ago_may_not_be_forgotten(tmp_path: Path) -> None:
    (said,) = problems(tmp_path, f"{MINIMAL}database: {{keep: 1}}\n")
    assert said.startswith("line 11: database.keep: ")
