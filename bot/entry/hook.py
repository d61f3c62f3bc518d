"""`POST /hooks/gitlab`: authentic, read within limits, matched once, kept durably, and only then answered."""

import asyncio
import hashlib
import json
import re
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal, Protocol, TypeAlias

import structlog
from aiohttp import web
from gidgetlab.sansio import Event

from bot.core.model import Target
from bot.core.webhook.delivery import Delivery
from bot.core.webhook.intake import project_of, works
from bot.core.webhook.signature import Doorkeeper
from bot.core.webhook.source import Sources
from bot.entry.doorbell import Doorbell
from bot.entry.metrics import Metrics

log = structlog.get_logger()

PATH = "/hooks/gitlab"
LARGEST_BODY = 25 * 1024 * 1024
"""Bytes; GitLab's own limit."""

_CHUNK = 64 * 1024
_SLOW_TO_PARSE = 256 * 1024
_KEY = re.compile(r"[!-~]{1,200}")

Result: TypeAlias = Literal[
    "accepted",
    "known",
    "ignored",
    "unauthentic",
    "too-large",
    "too-slow",
    "encoded",
    "not-json",
    "unavailable",
]
_STATUS: Mapping[Result, int] = {
    "accepted": 202,
    "known": 202,
    "ignored": 202,
    "not-json": 400,
    "unauthentic": 401,
    "too-slow": 408,
    "too-large": 413,
    "encoded": 415,
    "unavailable": 503,
}
_KEPT_OPEN = ("accepted", "known", "ignored")
_BODY: Mapping[Result, bytes] = {
    result: json.dumps({"status": result}).encode() + b"\n" for result in _STATUS
}
_HEADERS = {"Content-Type": "application/json; charset=utf-8"}


class Inbox(Protocol):
    """Where deliveries are kept."""

    async def put(self, delivery: Delivery) -> bool:
        """Keeps it durably; False where its key is known."""
        ...


class _Refused(Exception):
    def __init__(self, result: Result) -> None:
        super().__init__(result)
        self.result: Result = result


class Hook:
    """The route. `read_seconds` bounds the whole body; `now` gives Unix seconds."""

    def __init__(
        self,
        doorkeeper: Doorkeeper,
        inbox: Inbox,
        targets: Sequence[Target],
        bell: Doorbell,
        metrics: Metrics,
        *,
        sources: Sources | None = None,
        read_seconds: float = 10.0,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._doorkeeper = doorkeeper
        self._inbox = inbox
        self._targets = {
            project: tuple(target for target in targets if target.project == project)
            for project in {target.project for target in targets}
        }
        self._sources = sources or Sources()
        self._counted = {result: metrics.deliveries.labels(result) for result in _STATUS}
        self._bell = bell
        self._read_seconds = read_seconds
        self._now = now

    def add_to(self, app: web.Application) -> None:
        """Adds the route."""
        app.router.add_post(PATH, self.answer)

    async def answer(self, request: web.Request) -> web.Response:
        """One JSON line: what became of the delivery."""
        try:
            with self._bell.answering():
                result = await self._take(request)
        except _Refused as refused:
            result = refused.result
            log.info("delivery.refused", result=result)
        self._counted[result].inc()
        answer = web.Response(body=_BODY[result], status=_STATUS[result], headers=_HEADERS)
        if result not in _KEPT_OPEN:
            answer.force_close()  # what is left of the body is not worth reading
        return answer

    async def _take(self, request: web.Request) -> Result:
        headers = request.headers
        if not self._sources.lets_in(request.remote, headers.getall("X-Forwarded-For", ())):
            log.info("delivery.from_elsewhere", peer=request.remote)
            raise _Refused("unauthentic")
        signed = "webhook-signature" in headers
        if not signed and not self._doorkeeper.lets_in(headers, b"", self._now()):
            raise _Refused("unauthentic")
        if headers.get("Content-Encoding", "identity").lower() != "identity":
            raise _Refused("encoded")
        body = await self._body(request)
        if signed and not self._doorkeeper.lets_in(headers, body, self._now()):
            raise _Refused("unauthentic")
        event = Event(await _parsed(body), event=headers.get("X-Gitlab-Event", ""))
        project = project_of(event.data)
        targets = self._targets.get(project) if project is not None else None
        if project is None or targets is None:
            return "ignored"
        named = works(event.event, event.data, targets)
        if not named:
            return "ignored"
        digest = hashlib.sha256(body).hexdigest()
        return await self._keep(
            Delivery(_key(headers, event.event, digest), event.event, project, digest, named)
        )

    async def _body(self, request: web.Request) -> bytes:
        if (request.content_length or 0) > LARGEST_BODY:
            raise _Refused("too-large")
        if request.content.is_eof():  # it came with its head, as most do: there is nothing to wait for
            return request.content.read_nowait()
        body = bytearray()
        try:
            async with asyncio.timeout(self._read_seconds):
                async for chunk in request.content.iter_chunked(_CHUNK):
                    body += chunk
                    if len(body) > LARGEST_BODY:
                        raise _Refused("too-large")
        except TimeoutError:
            raise _Refused("too-slow") from None
        return bytes(body)

    async def _keep(self, delivery: Delivery) -> Result:
        try:
            fresh = await self._inbox.put(delivery)
        except Exception:
            log.exception("delivery.not_kept", delivery_event=delivery.event, project=delivery.project)
            return "unavailable"
        if not fresh:
            return "known"
        self._bell.ring()
        return "accepted"


def _key(headers: Mapping[str, str], event: str, digest: str) -> str:
    """What tells this delivery from others: the sender's key, which a resend repeats, else the body."""
    for name in ("Idempotency-Key", "webhook-id"):
        if _KEY.fullmatch(headers.get(name, "")):
            return headers[name]
    if _KEY.fullmatch(uuid := headers.get("X-Gitlab-Event-UUID", "")):
        return f"{uuid}:{event}"
    return f"sha256:{digest}"


async def _parsed(body: bytes) -> dict[str, Any]:
    """The JSON object in the body, parsed beside the event loop where that takes long."""
    try:
        data = json.loads(body) if len(body) < _SLOW_TO_PARSE else await asyncio.to_thread(json.loads, body)
    except (ValueError, RecursionError):
        raise _Refused("not-json") from None
    if not isinstance(data, dict):
        raise _Refused("not-json")
    return data
