"""Log lines: facts with keys, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from bot.log import MASK, Scrubber, configure

KNOWN = "correct-horse-battery"


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def line(*, form: Any = "json", event: str = "plan.commented", **facts: Any) -> str:
    stream = io.StringIO()
    configure(form, "info", [KNOWN], stream)
    structlog.get_logger("purser").info(event, **facts)
    return stream.getvalue()


def test_a_line_is_one_json_object_with_its_facts() -> None:
    written = json.loads(line(releases=3, target="production"))
    assert written["event"] == "plan.commented"
    assert (written["releases"], written["target"], written["level"]) == (3, "production", "info")
    assert written["timestamp"].endswith("Z")


SECRETS = {
    "a GitLab token": "glpat-abcdefghij1234567890",
    "a runner token": "glrt-abcdefghij1234567890",
    "a deploy token in a sentence": "cannot use gldt-abcdefghij1234567890 here",
    "a signing token": "whsec_AAECAwQFBgcICQoLDA0ODw==",
    "a bearer header": "Authorization: Bearer abcdef123456",
    "a password in an address": "https://bot:abcdef123456@gitlab.example.com/a.git",
    "a token in a query": "https://gitlab.example.com/?private_token=abcdef123456&x=1",
    "a JWT": "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxMjM0NTYifQ.abcdef123456",
    "a private key": "-----BEGIN RSA PRIVATE KEY-----\nabcdef123456\n-----END RSA PRIVATE KEY-----",
    "a configured secret": f"refused: {KNOWN}!",
}
PARTS = ("abcdef", "AAECAwQF", KNOWN)


@pytest.mark.parametrize("form", ["json", "console"])
@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
def test_a_secret_is_masked_wherever_it_stands(secret: str, form: str) -> None:
    for written in (
        line(form=form, reason=secret),
        line(form=form, event=secret),
        line(form=form, deep={"list": [secret, (secret,)]}),
        line(form=form, error=ValueError(secret)),
    ):
        assert MASK in written
        assert not any(part in written for part in PARTS)


@pytest.mark.parametrize(
    "key",
    [
        "token",
        "TOKEN",
        "private_token",
        "X-Gitlab-Token",
        "password",
        "client_secret",
        "authorization",
        "api_key",
        "cookie",
    ],
)
def test_a_value_under_a_telling_key_is_masked(key: str) -> None:
    assert "hunter2" not in line(**{key: "hunter2"})
    assert "hunter2" not in line(headers={key: ["hunter2"]})


@pytest.mark.parametrize("key", ["secretary", "tokenizer", "author", "target"])
def test_other_keys_keep_their_values(key: str) -> None:
    assert "hunter2" in line(**{key: "hunter2"})


def test_a_traceback_has_no_locals_and_no_secret() -> None:
    stream = io.StringIO()
    configure("json", "info", [KNOWN], stream)
    local_value = "only-in-a-local"
    try:
        raise ValueError(f"bad {KNOWN}")
    except ValueError:
        structlog.get_logger().exception("work.failed")
    assert "ValueError" in stream.getvalue()
    assert KNOWN not in stream.getvalue()
    assert local_value not in stream.getvalue()


def test_lines_of_libraries_take_the_same_way() -> None:
    stream = io.StringIO()
    configure("json", "info", [KNOWN], stream)
    logging.getLogger("aiohttp.server").error("Error %s from %s", KNOWN, "1.2.3.4")
    written = json.loads(stream.getvalue())
    assert written["event"] == f"Error {MASK} from 1.2.3.4"
    assert written["logger"] == "aiohttp.server"


def test_the_console_shows_control_and_bidi_characters_as_text() -> None:
    written = line(form="console", branch="a\x1b[2Jb\u202ec\r\nd")
    assert not any(letter in written for letter in "\x1b\u202e\r")
    assert written.count("\n") == 1
    event = line(form="console", event="a\x1b[2Jb\u202ec\r\nd")
    assert not any(letter in event for letter in "\x1b\u202e\r")
    assert event.count("\n") == 1


@pytest.mark.parametrize("form", ["json", "console"])
def test_a_mask_goes_over_each_text_at_any_depth_and_over_tracebacks(form: Any) -> None:
    stream = io.StringIO()
    configure(form, "info", (), stream, mask=lambda text: text.replace("Zq7hunter2", "‹masked›"))
    try:
        raise ValueError("login Zq7hunter2")
    except ValueError:
        logging.getLogger("helm").exception("it says Zq7hunter2")
    structlog.get_logger().warning("render.said", lines=["a", {"b": "Zq7hunter2"}])
    assert "Zq7hunter2" not in stream.getvalue()
    assert stream.getvalue().count("‹masked›") >= 3


def test_lines_below_the_level_are_not_written() -> None:
    stream = io.StringIO()
    configure("json", "warning", (), stream)
    structlog.get_logger().info("plan.commented")
    assert stream.getvalue() == ""


def test_configuring_again_replaces_what_was() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure("json", "info", (), first)
    configure("json", "info", (), second)
    structlog.get_logger().info("plan.commented")
    assert (first.getvalue(), second.getvalue().count("\n")) == ("", 1)


def test_a_short_secret_does_not_tear_words_apart() -> None:
    assert Scrubber(["pw", "abc"]).text("abcdef pw") == "abcdef pw"


@given(st.text(min_size=6), st.text(), st.text())
def test_a_known_secret_never_gets_through(secret: str, before: str, after: str) -> None:
    assert secret not in Scrubber([secret]).text(f"{before} {secret} {after}").replace(MASK, "")
