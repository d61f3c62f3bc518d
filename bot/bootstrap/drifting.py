"""Looks for drift on time, beside everything else that the service does."""

import asyncio
import math
import zlib
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import datetime

import structlog

from bot.app.ports import Queue
from bot.config import Config
from bot.core.work import DriftWork

log = structlog.get_logger()

_AGAIN = 60.0
"""Seconds until work that the queue did not take is given to it once more."""


def looks(config: Config) -> dict[tuple[str, str], int]:
    """Seconds between two looks, by (project, target); 0: none on time."""
    return {
        (project.path, of.name): (of.drift or config.drift).every
        for project in config.projects
        for of in project.targets
    }


@asynccontextmanager
async def drifting(
    queue: Queue, every: Mapping[tuple[str, str], int], clock: Callable[[], datetime]
) -> AsyncIterator[None]:
    """Queues a look for each (project, target) every so many seconds, until the context ends; 0: never.

    Time is cut into spans of that length, each target's shifted by its name so that not all come at once. A
    span has one look, however often the service starts in it: the queue knows it by its name.
    """
    tasks = [
        asyncio.create_task(_on_time(queue, project, target, seconds, clock), name="drift")
        for (project, target), seconds in every.items()
        if seconds
    ]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _on_time(
    queue: Queue, project: str, target: str, every: int, clock: Callable[[], datetime]
) -> None:
    shift = zlib.crc32(f"{project}:{target}".encode()) % every
    while True:
        now = clock().timestamp() - shift
        number = math.floor(now / every)
        try:
            await queue.submit(DriftWork(project, target, f"at-{every}-{number}"))
        except Exception:
            log.exception("drift.not_queued", target=target)
            await asyncio.sleep(_AGAIN)
            continue
        await asyncio.sleep(max(0.1, (number + 1) * every - now))
