# ruff: noqa: E501 (texts, a line each)
"""Secrets in texts that nobody wrote for us: logs, addresses, error messages, one notation inside another."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.redact.masking import COMMON, Masker
from bot.core.redact.shapes import hide_shapes

HIDDEN = "hunter22x9"
TEXTS = {
    "behind another word and a colon": "registry: authorization failed: password=hunter22x9",
    "behind a word and a colon without blank": "env:password=hunter22x9",
    "behind another pair": "a=b:password=hunter22x9",
    "in a log line": 'level=error msg="password=hunter22x9" time=1',
    "in JSON in JSON": r'{"line": "{\"password\": \"hunter22x9\"}"}',
    "after a line feed that is escaped": r"a: 1\npassword: hunter22x9\nb: 2",
    "in an address's query": "https://h/?access_token=hunter22x9&b=1",
    "in an address that is coded": "next=https%3A%2F%2Fh%3Fpassword%3Dhunter22x9",
    "a password with an at sign in an address": "https://me:hun@hunter22x9@host/x",
    "aligned": "password      = hunter22x9",
    "in Ruby": "'password' => 'hunter22x9'",
    "in XML": '<password encrypted="no">hunter22x9</password>',
    "a container's variable in JSON": '[{"name":"DB_PASSWORD","value":"hunter22x9"}]',
    "a container's variable in YAML": "env:\n- name: DB_PASSWORD\n  value: hunter22x9\n",
    "a container's variable in JSON in JSON": r'"[{\"name\": \"DB_PASSWORD\", \"value\": \"hunter22x9\"}]"',
    "in a block of YAML under a telling key": "auth:\n  clientSecret: 'hunter22x9'\n",
    "in a block of quoted YAML under a telling key": 'auth:\n  "clientSecret": hunter22x9\n',
    "in braces of YAML under a telling key": "auth: {clientSecret: 'hunter22x9'}\n",
    "behind two telling keys": "token: password: hunter22x9",
    "in a literal block": "db:\n  password: |\n    hunter22x9\n  host: db\n",
    "in a folded block of a list": "- password: >-\n    hunter22x9\n  user: me\n",
    "under a key that means all below it": "passwords:\n  admin: hunter22x9\n",
    "in a list under such a key": "passwords:\n- hunter22x9\n",
    "set on a command line": "helm upgrade --set a=1,db.password=hunter22x9 web ./web",
}
LENGTH = 150_000
PIECES = (
    "password: |\n", "password: |\n  a", "passwords:\n a: b\n", "passwords:\n - x\n", "passwords:\n  - x: 1\n", "- - ",
    "a", "0a", "a.b-", "--a", "--a ", "eyJ", "-eyJ", "a.eyJ", "ab://x:", "ab://", "key={{ ", "key=${ ", 'key="', "key='x ",
    'key=\\"', " -u a", "bearer ", "LS0tLS1CRUdJTi", "-----BEGIN PRIVATE KEY", "<password ", "<password>", "name: token\n", " ",
    "password=\n", "token:\n", "token: ", "\\password", "name=a,value=", "token:", "@", "ab://x:y@",
)  # fmt: skip


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
def test_a_secret_is_told_by_its_key_wherever_the_key_stands(text: str) -> None:
    masked = Masker(b"k").text(text)
    assert HIDDEN not in masked
    assert "‹masked:" in masked


def test_keys_of_a_block_under_a_telling_key_stay_and_a_value_that_ends_like_a_key_does_not() -> None:
    masked = Masker(b"k").text("auth:\n  clientSecret: hunter22x9\n  database: web\n")
    assert masked.startswith("auth:\n  clientSecret: ‹masked:")
    assert masked.endswith("›\n  database: web\n")
    for ends_so in (
        "token: hunter22x9:\nport: 1",
        "token: hunter22x9=\nport: 1",
        "password:\n  hunter22x9:\n",
    ):
        assert "hunter22x9" not in Masker(b"k").text(ends_so)


@pytest.mark.timeout(60)
def test_what_stands_beside_a_block_that_is_hidden_stays() -> None:
    text = "passwords:\n  admin: hunter22x9\n  name: web\nport: 80\ntoken: |\n  ${FROM_ENV}\npassword: |\n  a1\n\n  b2\nuser: me\n"
    kept = Masker(b"k").text(text)
    for line in ("  name: web\nport: 80\n", "token: |\n  ${FROM_ENV}\n", "\nuser: me\n"):
        assert line in kept
    assert "a1" not in kept.partition("password: |")[2]
    assert "b2" not in kept.partition("password: |")[2]


@pytest.mark.parametrize("piece", PIECES, ids=repr)
def test_a_long_text_without_a_secret_is_looked_through_once(piece: str) -> None:
    """Each of these took minutes to hours where a pattern looked twice at the same stretch."""
    text = ("token " + piece * LENGTH)[:LENGTH]
    assert isinstance(hide_shapes(text, lambda value, remember: "‹›"), str)


NOTATIONS: tuple[Callable[[str], str], ...] = (
    str,
    lambda text: json.dumps(text)[1:-1],
    lambda text: json.dumps(json.dumps(text))[3:-3],
    lambda text: json.dumps(text, ensure_ascii=False)[1:-1],
    lambda text: base64.b64encode(text.encode()).decode(),
    lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    lambda text: quote(text, safe=""),
    quote,
    quote_plus,
    html.escape,
    lambda text: text.replace("'", "''"),
)


@settings(max_examples=300, deadline=None, derandomize=True, database=None)
@given(
    st.text(st.characters(exclude_categories=("Cs", "Cc", "Zs")), min_size=8, max_size=40),
    st.sampled_from(NOTATIONS),
    st.sampled_from(["{}", "error: {} is wrong", '"{}"', "https://h/?q={}&r=1", "a: '{}'\n", "<p>{}</p>", "\n  {}\n"]),
)  # fmt: skip
def test_a_known_secret_is_hidden_in_every_notation(
    secret: str, notation: Callable[[str], str], around: str
) -> None:
    if secret in COMMON or "‹" in secret:
        return
    masker = Masker(b"k")
    masker.learn({"kind": "Secret", "stringData": {"x": secret}})
    masked = masker.text(around.format(notation(secret)))
    assert secret not in masked
    assert notation(secret) not in masked


def test_a_line_of_a_longer_secret_is_hidden_where_it_is_indented() -> None:
    lines = ["LICENCE", "c2VjcmV0LWxpY2VuY2UtMQ00", "and-some-more-letters-22", "end"]
    masker = Masker(b"k")
    masker.learn({"kind": "Secret", "data": {"x": base64.b64encode("\n".join(lines).encode()).decode()}})
    masked = masker.text("cannot read licence:\n    c2VjcmV0LWxpY2VuY2UtMQ00\n  + and-some-more-letters-22\n")
    assert lines[1] not in masked
    assert lines[2] not in masked
    fork = masker.fork()
    assert lines[1] not in fork.text(f"again {lines[1]}")
