"""The hook door of a real `purser serve`: events a second, how fast, at what cost in CPU and memory."""

import asyncio
import json
import os
import secrets
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import yaml

from tests.bench.table import Row, megabytes, microseconds, milliseconds
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


@dataclass(frozen=True, slots=True)
class _Door:
    """Where the service answers, and its process."""

    host: str
    port: int
    service: psutil.Process

    def cpu(self) -> float:
        """Seconds of CPU that it has used so far, with all that it does beside answering."""
        times = self.service.cpu_times()
        return float(times.user + times.system)


async def door(folder: Path) -> list[Row]:
    """Events that mean nothing, new commits, the disk alone, and memory before and after many commits."""
    bot = BotProcess(_configuration(folder), {"GITLAB_TOKEN": secrets.token_hex(10), "HOOK_TOKEN": TOKEN})
    address = urlsplit(await bot.start())
    [service] = [each for each in psutil.Process().children() if "serve" in each.cmdline()]
    at = _Door(str(address.hostname), int(address.port or 0), service)
    try:
        rows = []
        before = _resident(service)
        for what, event in (("ignored events", _ignored), ("new commits, durable", _commit)):
            for at_once in CONCURRENCY:
                rows.append(await _measured(at, what, event, at_once, DELIVERIES))
        await _measured(at, "", _commit, 16, MANY - 3 * DELIVERIES)
        after = _resident(service)
        rows.append(_disk(folder / "data"))
        for what, first, last in zip(("the service", "its render workers"), before, after, strict=True):
            cells = {"RSS before": megabytes(first), f"RSS after {MANY:,} commits": megabytes(last)}
            rows.append(Row(what, 1, cells))
        return rows
    finally:
        await bot.close()


def _resident(service: psutil.Process) -> tuple[int, int]:
    """Bytes of the service, and of what it started."""
    workers = service.children(recursive=True)
    return service.memory_info().rss, sum(each.memory_info().rss for each in workers)


def _disk(folder: Path) -> Row:
    """What one durable write costs here with nothing else: no durable answer is faster."""
    found = []
    file = os.open(folder / "syncs", os.O_CREAT | os.O_WRONLY)
    try:
        for _ in range(500):
            os.write(file, b"x" * 4096)
            began = time.perf_counter()
            os.fdatasync(file)
            found.append(time.perf_counter() - began)
    finally:
        os.close(file)
    return Row("one write of 4 KB, synced", 1, _cells(len(found) / sum(found), found))


def _cells(rate: float, found: list[float]) -> dict[str, str]:
    seconds = sorted(found)
    return {
        "per second": f"{rate:,.0f}",
        "p50": milliseconds(seconds[len(seconds) // 2]),
        "p99": milliseconds(seconds[len(seconds) * 99 // 100]),
    }


async def _measured(at: _Door, what: str, event: Callable[[int], bytes], at_once: int, count: int) -> Row:
    events = iter([event(number) for number in range(count)])
    lines = [_Line(at.host, at.port) for _ in range(at_once)]
    began, cpu = time.perf_counter(), at.cpu()
    work: list[Awaitable[None]] = [line.send(events) for line in lines]
    await asyncio.gather(*work)
    took, used = time.perf_counter() - began, at.cpu() - cpu
    cells = _cells(count / took, [second for line in lines for second in line.seconds])
    cells |= {"CPU each": microseconds(used / count), "RSS": megabytes(_resident(at.service)[0])}
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
