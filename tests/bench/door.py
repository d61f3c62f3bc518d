"""The hook door of a real `purser serve`: events a second, how fast, at what cost in memory."""

import asyncio
import json
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import yaml

from tests.bench.measuring import service_rss
from tests.bench.table import Row, megabytes, milliseconds
from tests.e2e.bot_process import BotProcess

TOKEN = "the-webhook-token-of-the-benchmark"
PROJECT = "platform/cluster"
DELIVERIES = 2_000
MANY = 10_000
CONCURRENCY = (1, 16, 64)


@dataclass(slots=True)
class _Line:
    """One kept connection to the door. `seconds` are the answers' times."""

    host: str
    port: int
    seconds: list[float] = field(default_factory=list)

    async def send(self, events: Iterator[bytes]) -> None:
        """Takes events until there are none left, each answered before the next is sent."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            for event in events:
                began = time.perf_counter()
                writer.write(event)
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length:")[1].split(b"\r\n")[0])
                await reader.readexactly(length)
                self.seconds.append(time.perf_counter() - began)
                assert head.startswith(b"HTTP/1.1 20"), head
        finally:
            writer.close()
            await writer.wait_closed()


async def door(folder: Path) -> list[Row]:
    """Events that mean nothing, new commits, and the service's memory before and after many of them."""
    bot = BotProcess(_configuration(folder), {"GITLAB_TOKEN": secrets.token_hex(10), "HOOK_TOKEN": TOKEN})
    address = urlsplit(await bot.start())
    host, port = str(address.hostname), int(address.port or 0)
    try:
        rows = []
        before = service_rss()
        for what, event in (("ignored events", _ignored), ("new commits, durable", _commit)):
            for at_once in CONCURRENCY:
                rows.append(await _measured(host, port, what, event, at_once, DELIVERIES))
        await _measured(host, port, "", _commit, 16, MANY - 3 * DELIVERIES)
        after = service_rss()
        cells = {"RSS before": megabytes(before), f"RSS after {MANY:,} commits": megabytes(after)}
        return [*rows, Row("service with its render worker", 1, cells)]
    finally:
        bot.kill()
        await bot.wait()


async def _measured(
    host: str, port: int, what: str, event: Callable[[int], bytes], at_once: int, count: int
) -> Row:
    events = iter([event(number) for number in range(count)])
    lines = [_Line(host, port) for _ in range(at_once)]
    began = time.perf_counter()
    work: list[Awaitable[None]] = [line.send(events) for line in lines]
    await asyncio.gather(*work)
    took = time.perf_counter() - began
    seconds = sorted(second for line in lines for second in line.seconds)
    cells = {
        "per second": f"{count / took:,.0f}",
        "p50": milliseconds(seconds[len(seconds) // 2]),
        "p99": milliseconds(seconds[len(seconds) * 99 // 100]),
    }
    return Row(what, at_once, cells)


def _commit(_: int) -> bytes:
    """A push to a merge request, of a commit that nobody has seen."""
    return _request("update", {"oldrev": secrets.token_hex(20)})


def _ignored(_: int) -> bytes:
    """An edit of labels."""
    return _request("update", {})


def _request(action: str, more: dict[str, str]) -> bytes:
    body = {
        "object_kind": "merge_request",
        "user": {"id": 1, "username": "ada", "name": "Ada"},
        "project": {"id": 1, "path_with_namespace": PROJECT, "default_branch": "main"},
        "object_attributes": {
            "iid": 1 + secrets.randbelow(50),
            "action": action,
            "state": "opened",
            "target_branch": "main",
            "last_commit": {"id": secrets.token_hex(20)},
            **more,
        },
    }
    data = json.dumps(body).encode()
    head = (
        "POST /hooks/gitlab HTTP/1.1\r\nHost: purser\r\nContent-Type: application/json\r\n"
        f"X-Gitlab-Event: Merge Request Hook\r\nX-Gitlab-Token: {TOKEN}\r\n"
        f"X-Gitlab-Event-UUID: {secrets.token_hex(16)}\r\nContent-Length: {len(data)}\r\n\r\n"
    )
    return head.encode() + data


def _configuration(folder: Path) -> Path:
    """A GitLab that is not there: what the events start fails at its first request."""
    content = {
        "version": 1,
        "gitlab": {"url": "http://127.0.0.1:9", "token": {"env": "GITLAB_TOKEN"}},
        "webhook": {"token": {"env": "HOOK_TOKEN"}},
        "listen": "127.0.0.1:0",
        "metrics": {"listen": "127.0.0.1:0"},
        "data_dir": str(folder / "data"),
        "log": {"format": "json", "level": "info"},
        "projects": [{"path": PROJECT, "targets": [{"name": "production"}]}],
    }
    folder.mkdir(parents=True)
    file = folder / "purser.yaml"
    file.write_text(yaml.safe_dump(content), encoding="utf-8")
    return file
