"""What may go wrong with one request to GitLab, and where in a flow it does."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import unquote

from aiohttp import web

from tests.e2e.world import World

STALL = 15.0
"""Seconds; the bot's patience has to be shorter."""

Breaks = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def is_busy(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, text="Retry later\n")


async def is_busy_for_a_while(request: web.Request) -> web.StreamResponse:
    return web.Response(status=429, text="Retry later\n", headers={"Retry-After": "1"})


async def breaks(request: web.Request) -> web.StreamResponse:
    return web.json_response({"message": "500 Internal Server Error"}, status=500)


async def shows_a_page(request: web.Request) -> web.StreamResponse:
    text = "<html><body>GitLab is not responding</body></html>"
    return web.Response(status=502, text=text, content_type="text/html")


async def hangs_up(request: web.Request) -> web.StreamResponse:
    if request.transport is not None:  # else who asked is gone already
        request.transport.abort()
    return web.Response()


async def stalls(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(STALL)
    return web.Response()


async def is_cut_short(request: web.Request) -> web.StreamResponse:
    return web.Response(text='{"id": 1, "bo', content_type="application/json")


async def is_mistaken_for_a_page(request: web.Request) -> web.StreamResponse:
    return web.Response(text="<html><body>Sign in</body></html>", content_type="text/html")


@dataclass(frozen=True, slots=True)
class Fault:
    """`done`: GitLab did what was asked, but its answer is another one, or none."""

    breaks: Breaks
    done: bool = False

    def __str__(self) -> str:
        return f"{self.breaks.__name__}{' when it is done' if self.done else ''}"


READING = (
    Fault(is_busy), Fault(is_busy_for_a_while), Fault(breaks), Fault(shows_a_page), Fault(hangs_up),
    Fault(stalls), Fault(is_cut_short), Fault(is_mistaken_for_a_page),
)  # fmt: skip
WRITING = (
    Fault(is_busy), Fault(is_busy_for_a_while), Fault(breaks), Fault(hangs_up),
    Fault(shows_a_page, done=True), Fault(hangs_up, done=True), Fault(stalls, done=True),
    Fault(is_cut_short, done=True), Fault(is_mistaken_for_a_page, done=True),
)  # fmt: skip


@dataclass(frozen=True, slots=True, order=True)
class Call:
    """A request by its place in the flow: the first of this method and route in that stage."""

    stage: str
    method: str
    route: str

    @property
    def writes(self) -> bool:
        return self.method != "GET"

    def __str__(self) -> str:
        return f"{self.stage}: {self.method} {self.route}"


def place_of(path: str) -> str:
    """The project that an API path names, without its group; empty for none."""
    found = re.match(r"/api/v4/projects/([^/]+)", path)
    return unquote(found[1]).rpartition("/")[2] if found else ""


def route_of(path: str) -> str:
    """An API path without what is another's in each flow."""
    below = path.removeprefix("/api/v4")
    below = re.sub(r"/projects/[^/]+", "/projects/:id", below)
    below = re.sub(r"/(branches|discussions)/[^/]+", r"/\1/:id", below)
    return re.sub(r"/(?:\d+|[0-9a-f]{40})(?=/|$)", "/:id", below)


@dataclass(slots=True)
class Watched:
    """One flow: its stage, the calls that were made in it, and what is still to break. Each breaks once."""

    stage: str = ""
    calls: set[Call] = field(default_factory=set)
    left: list[tuple[Call, Fault]] = field(default_factory=list)

    def plan(self, broken: Sequence[tuple[Call, Fault]]) -> None:
        self.left = list(broken)

    def meets(self, call: Call, *, done: bool) -> Fault | None:
        """How this call breaks now; None: it does not."""
        self.calls.add(call)
        found = next((it for it in self.left if it[0] == call and it[1].done == done), None)
        if found is None:
            return None
        self.left.remove(found)
        return found[1]


class Faults:
    """Stands before GitLab. `flows` are watched by project; `shared` gets calls that name no project."""

    def __init__(self, world: World) -> None:
        self._token = world.secrets["GITLAB_TOKEN"]
        self.flows: dict[str, Watched] = {}
        self.shared = Watched(stage="shared")
        world.gitlab.plant_fault(self._before, self._after)

    async def _before(self, request: web.Request) -> web.StreamResponse | None:
        return await self._turn(request, done=False)

    async def _after(self, request: web.Request, _: web.StreamResponse) -> web.StreamResponse | None:
        return await self._turn(request, done=True)

    async def _turn(self, request: web.Request, *, done: bool) -> web.StreamResponse | None:
        path = request.rel_url.raw_path
        if request.headers.get("PRIVATE-TOKEN") != self._token or not path.startswith("/api/v4/"):
            return None
        place = place_of(path)
        flow = self.flows.get(place) if place else self.shared
        if flow is None:
            return None
        fault = flow.meets(Call(flow.stage, request.method, route_of(path)), done=done)
        return None if fault is None else await fault.breaks(request)
