"""The hook door: what gets in, what is kept, and what each delivery is answered."""

import asyncio
import gzip
import io
import json
from typing import Any

import pytest
from aiohttp import ClientConnectionError, ServerDisconnectedError

from bot.core.webhook.delivery import Delivery
from bot.core.work import PlanWork
from bot.entry.hook import LARGEST_BODY
from tests.entry.door import EVENT, TOKEN, open_door, opened


async def test_a_new_merge_request_is_kept_and_then_answered() -> None:
    async with open_door() as door:
        assert await door.knock(json=opened()) == (202, "accepted")
        [kept] = await door.inbox.waiting()
        assert kept.works == (PlanWork("platform/cluster", 1, "production", "a" * 40, "opened"),)


@pytest.mark.parametrize("header", ["Idempotency-Key", "webhook-id", "X-Gitlab-Event-UUID"])
async def test_a_delivery_that_comes_twice_is_kept_once(header: str) -> None:
    async with open_door() as door:
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, header: "one"}
        assert await door.knock(json=opened(1), headers=headers) == (202, "accepted")
        assert await door.knock(json=opened(1), headers=headers) == (202, "known")
        assert await door.knock(json=opened(2), headers={**headers, header: "two"}) == (202, "accepted")
        assert len(await door.inbox.waiting()) == 2


async def test_the_senders_key_wins_over_weaker_ones() -> None:
    async with open_door() as door:
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, "Idempotency-Key": "one"}
        assert await door.knock(json=opened(), headers={**headers, "webhook-id": "a"}) == (202, "accepted")
        assert await door.knock(json=opened(), headers={**headers, "webhook-id": "b"}) == (202, "known")


@pytest.mark.parametrize("key", ["", " ", "x" * 500, "\u00e9"])
async def test_without_a_usable_key_the_body_tells_deliveries_apart(key: str) -> None:
    async with open_door() as door:
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, "Idempotency-Key": key}
        assert await door.knock(json=opened(1), headers=headers) == (202, "accepted")
        assert await door.knock(json=opened(1), headers=headers) == (202, "known")
        assert await door.knock(json=opened(2), headers=headers) == (202, "accepted")


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        pytest.param("Merge Request Hook", opened(project="some/other"), id="of an unknown project"),
        pytest.param("Merge Request Hook", {}, id="without project"),
        pytest.param("Brand New Hook", opened(), id="of an unknown event"),
        pytest.param("", opened(), id="without event"),
        pytest.param("Push Hook", opened(), id="of an event that asks for nothing"),
    ],
)
async def test_a_delivery_is_ignored_and_counted(event: str, payload: dict[str, Any]) -> None:
    async with open_door() as door:
        headers = {"X-Gitlab-Token": TOKEN, "X-Gitlab-Event": event}
        assert await door.knock(json=payload, headers=headers) == (202, "ignored")
        assert door.counted("ignored") == 1
        assert await door.inbox.waiting() == []


@pytest.mark.parametrize(
    "headers",
    [
        pytest.param({}, id="no token"),
        pytest.param({"X-Gitlab-Token": ""}, id="an empty token"),
        pytest.param({"X-Gitlab-Token": "x"}, id="a short token"),
        pytest.param({"X-Gitlab-Token": TOKEN + "x"}, id="a longer token"),
        pytest.param({"X-Gitlab-Token": TOKEN[:-1]}, id="a prefix of the token"),
        pytest.param({"X-Gitlab-Token": TOKEN.upper()}, id="the token in upper case"),
        pytest.param({"X-Gitlab-Token": "\u00e9" * 2000}, id="a long token that is not ASCII"),
        pytest.param({"Authorization": f"Bearer {TOKEN}"}, id="the token in another header"),
    ],
)
async def test_who_does_not_know_the_token_stays_outside(headers: dict[str, str]) -> None:
    async with open_door() as door:
        assert await door.knock(json=opened(), headers={**headers, **EVENT}) == (401, "unauthentic")
        assert await door.inbox.waiting() == []


async def test_a_token_in_the_address_does_not_count() -> None:
    async with open_door() as door:
        params = {"X-Gitlab-Token": TOKEN, "token": TOKEN}
        assert await door.knock(json=opened(), headers=EVENT, params=params) == (401, "unauthentic")


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"nonsense", id="words"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(b"{", id="half an object"),
        pytest.param(b"\xff\xfe\x00{", id="bytes that are no text"),
        pytest.param(b'{"a":' * 100_000, id="depth without end"),
        pytest.param(b"[" * 100_000 + b"]" * 100_000, id="deep lists"),
        pytest.param(b'{"a":' + b"9" * 10_000 + b"}", id="an endless number"),
        pytest.param(b'{"a":' * 300_000 + b"1" + b"}" * 300_000, id="a deep body of megabytes"),
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(body: bytes) -> None:
    async with open_door() as door:
        assert await door.knock(data=io.BytesIO(body)) == (400, "not-json")
        assert await door.knock(json=opened()) == (202, "accepted")


async def test_a_body_of_26_megabytes_is_refused_by_its_length_alone() -> None:
    async with open_door() as door:
        try:
            assert await door.knock(data=io.BytesIO(b"x" * (26 * 1024 * 1024))) == (413, "too-large")
        except ClientConnectionError:
            assert door.counted("too-large") == 1  # it was answered while the client still wrote
        assert await door.knock(json=opened()) == (202, "accepted")


async def test_a_body_without_length_is_read_no_further_than_the_limit() -> None:
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 4 * LARGEST_BODY:
            sent += 1024 * 1024
            yield b" " * (1024 * 1024)

    async with open_door() as door:
        try:
            assert await door.knock(data=endless()) == (413, "too-large")
        except ClientConnectionError:
            assert door.counted("too-large") == 1
        assert sent < 2 * LARGEST_BODY


async def test_a_payload_of_24_megabytes_is_taken() -> None:
    async with open_door() as door:
        payload = {**opened(), "padding": "x" * (24 * 1024 * 1024)}
        body = io.BytesIO(json.dumps(payload).encode())
        assert await door.knock(data=body) == (202, "accepted")


async def test_a_body_that_comes_too_slowly_is_given_up() -> None:
    forever = asyncio.Event()

    async def slow() -> Any:
        yield b"{"
        await forever.wait()

    async with open_door(read_seconds=0.05) as door:
        try:
            assert await door.knock(data=slow()) == (408, "too-slow")
        except (ClientConnectionError, ServerDisconnectedError):
            assert door.counted("too-slow") == 1


async def test_a_compressed_body_is_refused_unread() -> None:
    async with open_door() as door:
        bomb = gzip.compress(b" " * 50_000_000)
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, "Content-Encoding": "gzip"}
        assert await door.knock(data=bomb, headers=headers) == (415, "encoded")


async def test_headers_that_are_not_utf8_hurt_nobody() -> None:
    async with open_door() as door:
        server = door.client.server
        reader, writer = await asyncio.open_connection(server.host, server.port)
        body = json.dumps(opened()).encode()
        writer.write(
            b"POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Gitlab-Event: \xff\xfe\r\n"
            b"Idempotency-Key: \xff\r\nX-Gitlab-Token: " + TOKEN.encode() + b"\r\n"
            b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
        )
        answer = await reader.read()
        writer.close()
        await writer.wait_closed()
        assert answer.startswith(b"HTTP/1.1 202")
        assert b"ignored" in answer


class BrokenInbox:
    async def put(self, delivery: Delivery) -> bool:
        raise OSError("disk full")


async def test_what_could_not_be_kept_is_not_accepted() -> None:
    async with open_door(inbox=BrokenInbox()) as door:
        assert await door.knock(json=opened()) == (503, "unavailable")


async def test_only_posts_are_taken() -> None:
    async with open_door() as door, door.client.get("/hooks/gitlab") as answer:
        assert answer.status == 405
