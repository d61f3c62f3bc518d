"""A look-alike of Prometheus: real HTTP, the answers of `GET /api/v1/query`, and pages beside it."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

MOMENT = 1_700_000_000.123


@dataclass
class LookAlike:
    """`answers` are responses by query, or lists of which each try takes the next; `asked` are requests."""

    url: str = ""
    answers: dict[str, Any] = field(default_factory=dict)
    asked: list[tuple[str, str, str]] = field(default_factory=list)

    async def _query(self, request: web.Request) -> web.StreamResponse:
        query = request.query.get("query", "")
        self.asked.append((request.path, query, request.headers.get("Authorization", "")))
        answer = self.answers.get(query)
        if isinstance(answer, list):
            answer = answer.pop(0) if len(answer) > 1 else answer[0]
        match answer:
            case None:
                text = f'invalid parameter "query": 1:1: parse error: {query}'
                body = {"status": "error", "errorType": "bad_data", "error": text}
                return web.json_response(body, status=400)
            case (int(status), str(page)):
                return web.Response(status=status, text=page, content_type="text/html")
            case _:
                return web.json_response(answer)

    async def _page(self, request: web.Request) -> web.StreamResponse:
        self.asked.append((request.path, "", request.headers.get("Authorization", "")))
        match request.path:
            case "/health":
                return web.Response(text="all is ok here")
            case "/down":
                return web.Response(status=503, text="no")
            case "/moved":
                return web.Response(status=302, headers={"Location": "/health"})
            case "/away":
                return web.Response(status=302, headers={"Location": "http://elsewhere.example.com/"})
            case "/round":
                return web.Response(status=302, headers={"Location": "/round"})
            case "/large":
                return web.Response(body=b"x" * (3 * 1024 * 1024) + b"needle")
            case _:
                return web.Response(status=404, text="not found")


def vector(*values: str) -> dict[str, Any]:
    """An instant vector with these values."""
    series = [
        {"metric": {"series": str(number)}, "value": [MOMENT, value]} for number, value in enumerate(values)
    ]
    return {"status": "success", "data": {"resultType": "vector", "result": series}}


def scalar(value: str) -> dict[str, Any]:
    """A scalar."""
    return {"status": "success", "data": {"resultType": "scalar", "result": [MOMENT, value]}}


@asynccontextmanager
async def look_alike() -> AsyncIterator[LookAlike]:
    """On loopback, below /prometheus as behind a proxy."""
    made = LookAlike()
    app = web.Application()
    app.router.add_get("/prometheus/api/v1/query", made._query)
    app.router.add_get("/{tail:.*}", made._page)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield made
    finally:
        await runner.cleanup()
