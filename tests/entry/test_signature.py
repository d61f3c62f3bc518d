"""Signed deliveries, with vectors made by hand from the formula."""

import ast
import base64
import hashlib
import hmac
import inspect
import json

import pytest

from bot.core.webhook import signature
from bot.core.webhook.signature import Doorkeeper, key_of, sign
from tests.entry.door import EVENT, NOW, TOKEN, open_door, opened

KEY, NEXT_KEY = bytes(range(32)), bytes(range(32, 64))
SIGNING = "whsec_" + base64.b64encode(KEY).decode()
NEXT_SIGNING = "whsec_" + base64.b64encode(NEXT_KEY).decode()
BODY = json.dumps(opened()).encode()


def by_hand(
    key: bytes = KEY, at: float = NOW, body: bytes = BODY, delivery_id: str = "msg_1"
) -> dict[str, str]:
    signed = delivery_id.encode() + b"." + str(int(at)).encode() + b"." + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {
        **EVENT,
        "webhook-id": delivery_id,
        "webhook-timestamp": str(int(at)),
        "webhook-signature": f"v1,{signature}",
    }


def test_the_formula_gives_a_vector_worked_out_elsewhere() -> None:
    # openssl dgst -sha256 -hmac … over "msg_1.1795000000.{}" with the key 000102…1f
    expected = hmac.new(KEY, b"msg_1.1795000000.{}", "sha256").digest()
    assert sign(KEY, "msg_1", "1795000000", b"{}") == "v1," + base64.b64encode(expected).decode()
    assert key_of(SIGNING) == KEY


async def test_a_signed_delivery_is_let_in_and_known_by_its_id() -> None:
    async with open_door([SIGNING], token=None) as door:
        assert await door.knock(data=BODY, headers=by_hand()) == (202, "accepted")
        assert await door.knock(data=BODY, headers=by_hand()) == (202, "known")


async def test_either_of_two_keys_opens_while_one_is_replaced() -> None:
    async with open_door([SIGNING, NEXT_SIGNING]) as door:
        assert await door.knock(data=BODY, headers=by_hand(KEY)) == (202, "accepted")
        other = by_hand(NEXT_KEY, delivery_id="msg_2")
        assert await door.knock(data=BODY, headers=other) == (202, "known")  # by its body


async def test_one_right_signature_among_several_is_enough() -> None:
    headers = by_hand()
    headers["webhook-signature"] = f"v1,AAAA v2,xyz {headers['webhook-signature']}"
    async with open_door([SIGNING]) as door:
        assert await door.knock(data=BODY, headers=headers) == (202, "accepted")


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param(by_hand(NEXT_KEY), id="another key"),
        pytest.param(by_hand(body=BODY + b" "), id="another body"),
        pytest.param({**by_hand(), "webhook-id": "msg_2"}, id="another id"),
        pytest.param({**by_hand(), "webhook-timestamp": str(int(NOW) + 1)}, id="another time"),
        pytest.param(by_hand(at=NOW - 301), id="a time too long ago"),
        pytest.param(by_hand(at=NOW + 301), id="a time too far ahead"),
        pytest.param({**by_hand(), "webhook-timestamp": "soon"}, id="a time that is none"),
        pytest.param({**by_hand(), "webhook-timestamp": "9" * 400}, id="a time beyond time"),
        pytest.param({**by_hand(), "webhook-timestamp": "\u0661"}, id="a time in other digits"),
        pytest.param({**by_hand(), "webhook-id": ""}, id="an empty id"),
        pytest.param({**by_hand(), "webhook-signature": ""}, id="an empty signature"),
        pytest.param({**by_hand(), "webhook-signature": "v1,\u00e9"}, id="a signature that is not ASCII"),
        pytest.param({**by_hand(), "webhook-signature": "v1," * 2000}, id="thousands of signatures"),
    ],
)
async def test_a_delivery_with_a_wrong_signature_is_refused_even_with_the_token(
    headers: dict[str, str],
) -> None:
    async with open_door([SIGNING]) as door:
        refused = await door.knock(data=BODY, headers={**headers, "X-Gitlab-Token": TOKEN})
        assert refused == (401, "unauthentic")
        assert await door.inbox.waiting() == []


async def test_a_signature_does_not_open_where_no_signing_token_is_set() -> None:
    async with open_door() as door:
        refused = await door.knock(data=BODY, headers={**by_hand(), "X-Gitlab-Token": TOKEN})
        assert refused == (401, "unauthentic")


async def test_a_token_does_not_open_where_only_signatures_count() -> None:
    async with open_door([SIGNING], token=None) as door:
        headers = {**EVENT, "X-Gitlab-Token": TOKEN}
        assert await door.knock(data=BODY, headers=headers) == (401, "unauthentic")


async def test_id_and_time_alone_leave_the_token_to_decide() -> None:
    headers = {**by_hand(), "X-Gitlab-Token": TOKEN}
    del headers["webhook-signature"]
    async with open_door([SIGNING]) as door:
        assert await door.knock(data=BODY, headers=headers) == (202, "accepted")


@pytest.mark.parametrize("token", ["whsec_", "whsec_!!!", "whsec_QUFB", "\u00e9"])
def test_a_signing_token_without_a_key_is_refused(token: str) -> None:
    with pytest.raises(ValueError, match="a signing token"):
        Doorkeeper(None, [token])


def test_what_is_secret_is_compared_in_constant_time_and_never_with_an_operator() -> None:
    """How long a comparison takes cannot be measured here; which one is made can be read."""
    tree = ast.parse(inspect.getsource(signature))
    lets_in = [
        it for it in ast.walk(tree) if isinstance(it, ast.FunctionDef) and it.name in {"lets_in", "_signed"}
    ]
    called = [it.attr for f in lets_in for it in ast.walk(f) if isinstance(it, ast.Attribute)]
    assert (len(lets_in), called.count("compare_digest")) == (2, 2)
    equalities = [it for f in lets_in for it in ast.walk(f) if isinstance(it, ast.Eq | ast.NotEq)]
    assert equalities == []
