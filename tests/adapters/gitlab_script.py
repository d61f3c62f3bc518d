"""A server that plays given acts, and the client before it."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import replace

from aiohttp import web

from bot.adapters.gitlab.client import Answered, GitLabClient, Patience, open_client
from bot.core.redact.masking import Masker

TOKEN = "glpat-" + "s3cr3t" * 4
MASKER = Masker(b"key")
QUICK = Patience(
    connect=1, total=0.5, budget=2, attempts=4, first_wait=0.005, longest_wait=0.02, jitter=0.005
)
Act = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Script:
    """A server that plays one act per request, the last one for ever, and remembers what was asked."""

    def __init__(self, *acts: Act) -> None:
        self.acts = list(acts)
        self.seen: list[web.Request] = []

    async def answer(self, request: web.Request) -> web.StreamResponse:
        await request.read()
        self.seen.append(request)
        act = self.acts.pop(0) if len(self.acts) > 1 else self.acts[0]
        return await act(request)

    @property
    def times(self) -> int:
        return len(self.seen)


@asynccontextmanager
async def served(script: Script) -> AsyncIterator[str]:
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.answer)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def client_of(
    script: Script, patience: Patience = QUICK, observe: Callable[[Answered], None] = lambda _: None
) -> AsyncIterator[GitLabClient]:
    """Where nothing stalls, an answer may take as long as a busy machine needs."""
    waits = patience if stall in script.acts or patience is not QUICK else replace(patience, total=30)
    async with (
        served(script) as url,
        open_client(url, lambda: TOKEN, patience=waits, observe=observe, mask=MASKER.text) as client,
    ):
        yield client


def says(status: int = 200, data: object = None, **headers: str) -> Act:
    async def act(_: web.Request) -> web.StreamResponse:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return web.json_response({"fine": True} if data is None else data, status=status, headers=named)

    return act


async def html(_: web.Request) -> web.StreamResponse:
    return web.Response(text="<html>Sign in</html>", content_type="text/html")


async def bad_gateway_page(_: web.Request) -> web.StreamResponse:
    return web.Response(status=502, text="<html>502</html>", content_type="text/html")


async def reset(request: web.Request) -> web.StreamResponse:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


async def stall(_: web.Request) -> web.StreamResponse:
    await asyncio.sleep(60)
    return web.Response()


async def half_json(_: web.Request) -> web.StreamResponse:
    return web.Response(text='{"id": 7, "na', content_type="application/json")


async def half_body(request: web.Request) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json", "Content-Length": "1000"})
    await response.prepare(request)
    await response.write(b'{"id": 7, "na')
    assert request.transport is not None
    request.transport.close()
    return response


async def plain(_: web.Request) -> web.StreamResponse:
    return web.Response(text='{"fine": true}', content_type="text/plain")


async def empty(_: web.Request) -> web.StreamResponse:
    return web.Response(status=200, content_type="application/json")


async def lost_route(_: web.Request) -> web.StreamResponse:
    return web.Response(status=404, text="default backend - 404")


FAULTS = {
    "429 without Retry-After": says(429),
    "429 with Retry-After": says(429, retry_after="0"),
    "500": says(500),
    "502 with a page": bad_gateway_page,
    "503 with Retry-After": says(503, retry_after="0"),
    "408": says(408),
    "connection reset": reset,
    "stall": stall,
    "JSON cut short": half_json,
    "body cut short": half_body,
    "HTML with 200": html,
    "wrong content type": plain,
    "empty answer": empty,
    "404 by a proxy": lost_route,
}
