"""What every request passes through: the log of requests, planted faults, rate limits, errors in GitLab's
shape.
"""

from __future__ import annotations

import inspect
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from aiohttp import web

from bot.demo.gitlab.call import CALLER
from bot.demo.gitlab.errors import Refused
from bot.demo.gitlab.world import World

Answer = web.StreamResponse | None
Fault = Callable[[web.Request], "Answer | Awaitable[Answer]"]
LostAnswer = Callable[[web.Request, web.StreamResponse], "Answer | Awaitable[Answer]"]
_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class Request:
    """One request to the look-alike. `path` is as sent (still encoded); `body` is the JSON document, else
    None. `user` is the name of the caller, None where nobody valid called.
    """

    at: datetime
    method: str
    path: str
    query: dict[str, str]
    body: Any
    status: int
    user: str | None
    agent: str


@dataclass(slots=True)
class Front:
    """The middleware, and what tests set and read of it."""

    world: World
    requests: list[Request] = field(default_factory=list)
    fault: Fault | None = None
    fault_after: LostAnswer | None = None
    _times: dict[str, deque[datetime]] = field(default_factory=dict)

    @property
    def middleware(self) -> Any:
        @web.middleware
        async def front(request: web.Request, handler: _Handler) -> web.StreamResponse:
            status = 500
            body = await _json(request)
            try:
                answer = await self._answer(request, handler)
                status = answer.status
                return answer
            except web.HTTPException as refused:
                status = refused.status
                raise
            finally:
                self._record(request, body, status)

        return front

    async def _answer(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        planted = await _settled(self.fault(request)) if self.fault else None
        if planted is None:
            planted = self._limited(request)
        if planted is not None:
            return planted
        try:
            answer = await handler(request)
        except Refused as refused:
            answer = web.json_response(refused.body, status=refused.status, headers=refused.headers)
        except web.HTTPNotFound:
            if not request.path.startswith("/api/"):
                raise
            answer = web.json_response({"error": "404 Not Found"}, status=404)
        except web.HTTPMethodNotAllowed:
            answer = web.json_response({"error": "405 Not Allowed"}, status=405)
        lost = await _settled(self.fault_after(request, answer)) if self.fault_after else None
        return answer if lost is None else lost

    def _limited(self, request: web.Request) -> web.Response | None:
        """The throttle in front of the application: plain text, with RateLimit headers."""
        most = self.world.limits.requests_per_minute
        if most is None or not request.path.startswith("/api/"):
            return None
        who = (
            request.headers.get("PRIVATE-TOKEN")
            or request.headers.get("Authorization")
            or request.remote
            or ""
        )
        recent, now = self._times.setdefault(who, deque()), self.world.now()
        while recent and now - recent[0] > timedelta(minutes=1):
            recent.popleft()
        if len(recent) < most:
            recent.append(now)
            return None
        wait = self.world.limits.retry_after
        headers = {"Retry-After": str(wait), "RateLimit-Limit": str(most), "RateLimit-Remaining": "0"}
        headers |= {
            "RateLimit-Observed": str(len(recent) + 1),
            "RateLimit-Reset": str(int(now.timestamp()) + wait),
        }
        return web.Response(status=429, text="Retry later\n", headers=headers)

    def _record(self, request: web.Request, body: Any, status: int) -> None:
        caller = request.get(CALLER)
        agent = request.headers.get("User-Agent", "")
        made = Request(
            self.world.now(), request.method, request.rel_url.raw_path, dict(request.query), body, status,
            caller.user.username if caller else None, agent,
        )  # fmt: skip
        self.requests.append(made)


async def _json(request: web.Request) -> Any:
    if request.content_type != "application/json" or not request.body_exists:
        return None
    try:
        return json.loads(await request.read())
    except ValueError:
        return None


async def _settled(result: Answer | Awaitable[Answer]) -> Answer:
    return await result if inspect.isawaitable(result) else result
