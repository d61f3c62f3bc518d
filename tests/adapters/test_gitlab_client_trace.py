"""Job logs as people read them."""

import pytest

from bot.adapters.gitlab.trace import readable

STAMP = "2026-11-23T13:00:00.123456Z"


@pytest.mark.parametrize(
    ("raw", "shown"),
    [
        ("plain\nlines\n", "plain\nlines"),
        (f"{STAMP} 00O one\n{STAMP} 01E two\n", "one\ntwo"),
        (f"{STAMP} 00O half a \n{STAMP} 00O+line\n", "half a line"),
        (f"{STAMP} 00O\n{STAMP} 00O x", "x"),
        ("section_start:1560896352:step_script[collapsed=true]\r\x1b[0K\x1b[0;mRunning\x1b[0;m\n", "Running"),
        ("a\nsection_end:1560896352:step_script\r\x1b[0K\nb\n", "a\nb"),
        ("10%\r50%\r100% done\r\n", "100% done"),
        ("\x1b]8;;https://x.example\x07link\x1b]8;;\x07\n", "link"),
        ("bell\x07 null\x00 kept\ttab\n", "bell null kept\ttab"),
        ("a\n\n\nb\n", "a\n\n\nb"),
        ("2026-11-23T13:00:00Z started by hand\n", "2026-11-23T13:00:00Z started by hand"),
        ("", ""),
    ],
)
def test_a_log_shows_what_the_job_said(raw: str, shown: str) -> None:
    assert readable(raw.encode()) == shown


def test_bytes_that_are_no_text_do_not_stop_the_reading() -> None:
    assert readable(b"ok \xff\xfe\nend") == "ok \ufffd\ufffd\nend"
