"""The door with a list of networks: who comes from elsewhere is not listened to."""

import asyncio
from ipaddress import ip_network

from bot.core.webhook.source import Sources
from tests.entry.door import EVENT, TOKEN, open_door, opened

HERE, THERE = ip_network("127.0.0.0/8"), ip_network("192.0.2.0/24")


async def test_who_comes_from_a_named_network_is_heard() -> None:
    async with open_door(sources=Sources([HERE])) as door:
        assert await door.knock(json=opened()) == (202, "accepted")


async def test_who_comes_from_elsewhere_is_refused_with_the_right_token() -> None:
    async with open_door(sources=Sources([THERE])) as door:
        assert await door.knock(json=opened()) == (401, "unauthentic")
        assert await door.inbox.waiting() == []


async def test_who_comes_from_elsewhere_and_claims_otherwise_is_refused() -> None:
    async with open_door(sources=Sources([THERE])) as door:
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, "X-Forwarded-For": "192.0.2.7"}
        assert await door.knock(json=opened(), headers=headers) == (401, "unauthentic")


async def test_behind_a_trusted_proxy_the_last_word_counts() -> None:
    async with open_door(sources=Sources([THERE], [HERE])) as door:
        headers = {"X-Gitlab-Token": TOKEN, **EVENT, "X-Forwarded-For": "198.51.100.1, 192.0.2.7"}
        assert await door.knock(json=opened(), headers=headers) == (202, "accepted")
        headers["X-Forwarded-For"] = "192.0.2.7, 198.51.100.1"
        assert await door.knock(json=opened(), headers=headers) == (401, "unauthentic")


async def test_who_comes_from_elsewhere_is_answered_before_the_body_is_read() -> None:
    async with open_door(sources=Sources([THERE])) as door:
        reader, writer = await asyncio.open_connection(door.client.server.host, door.client.server.port)
        writer.write(
            b"POST /hooks/gitlab HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n"
            b"X-Gitlab-Token: " + TOKEN.encode() + b"\r\n\r\n"
        )
        async with asyncio.timeout(30):
            assert (await reader.readline()).startswith(b"HTTP/1.1 401")
        writer.close()
        await writer.wait_closed()
