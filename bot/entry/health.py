"""`/healthz`: the process answers. `/readyz`: so does what it needs."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import TypeAlias

import structlog
from aiohttp import web

log = structlog.get_logger()

Check: TypeAlias = Callable[[], Awaitable[object]]

PATIENCE = 5.0
"""Seconds that a check may take."""


def add_health(app: web.Application, checks: Mapping[str, Check]) -> None:
    """Adds both routes. A check raises where its part is unusable; all run at the same time."""

    async def alive(request: web.Request) -> web.Response:
        return web.json_response({"status": "alive"})

    async def ready(request: web.Request) -> web.Response:
        results = await asyncio.gather(*(_passes(name, check) for name, check in checks.items()))
        states = dict(zip(checks, results, strict=True))
        ok = all(results)
        body = {
            "status": "ready" if ok else "not ready",
            "checks": {name: "ok" if passed else "failed" for name, passed in states.items()},
        }
        return web.json_response(body, status=200 if ok else 503)

    app.router.add_get("/healthz", alive)
    app.router.add_get("/readyz", ready)


async def _passes(name: str, check: Check) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever it is, the answer is "not ready" and one log line
        log.warning("readiness.failed", check=name, error=type(error).__name__)
        return False
    return True
