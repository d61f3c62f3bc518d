"""The sweep beside everything else that the service does."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger()

_LOOK = 1.0


@asynccontextmanager
async def sweeping(
    sweep: Callable[[], Awaitable[None]], every: float, leads: Callable[[], bool] = lambda: True
) -> AsyncIterator[None]:
    """Sweeps at once, and again `every` seconds after each sweep's end, until the context ends; 0: never.

    Whatever a sweep raises is logged, and the next one comes all the same. Of several processes only the one
    that `leads` sweeps; another begins as soon as it does.
    """

    async def sweep_for_ever() -> None:
        while True:
            if not leads():
                await asyncio.sleep(min(every, _LOOK))
                continue
            try:
                await sweep()
            except Exception:
                log.exception("sweep.failed")
            await asyncio.sleep(every)

    if not every:
        yield
        return
    task = asyncio.create_task(sweep_for_ever(), name="sweep")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
