"""Work that ends the process it runs in, again and again: seen, and given up before it does so for ever."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import datetime
from typing import TypeVar

import structlog
from sqlalchemy.exc import SQLAlchemyError

from bot.app.ports.keeping import UnderWay
from bot.core.errors import AuthorError

T = TypeVar("T")
log = structlog.get_logger()

MOST = 5
"""Processes that may die under a piece of work. Whatever else was under way then is counted, too."""

APART = 2
"""After so many, work is done one at a time with its like, so that the others outlive the one that kills."""


class Deaths:
    """Counts by `under_way`; where that does not answer, work goes on uncounted."""

    def __init__(self, under_way: UnderWay | None) -> None:
        self._under_way = under_way
        self._apart = asyncio.Lock()

    @asynccontextmanager
    async def apart(self, workflow: str) -> AsyncIterator[int]:
        """Waits for a turn among what processes died under; gives how many died under this."""
        died = await self._asked(self._under_way.begun(workflow), 0) if self._under_way else 0
        async with AsyncExitStack() as stack:
            if died >= APART:
                await stack.enter_async_context(self._apart)
            yield died

    @asynccontextmanager
    async def counted(self, workflow: str) -> AsyncIterator[None]:
        """Around what may end the process."""
        if self._under_way is None:
            yield
            return
        await self._asked(self._under_way.begin(workflow), None)
        try:
            yield
        finally:
            await self._asked(self._under_way.end(workflow), None)

    async def _asked(self, answer: Awaitable[T], instead: T) -> T:
        try:
            return await answer
        except (SQLAlchemyError, OSError) as error:
            log.warning("work.uncounted", reason=type(error).__name__)
            return instead

    async def forget(self, before: datetime) -> None:
        """What died before that and never came back."""
        if self._under_way:
            await self._under_way.forget(before)


def given_up(died: int) -> AuthorError | None:
    """Why work that so many processes died under is not done at all any more."""
    if died < MOST:
        return None
    log.error("work.ends_process", died=died)
    return AuthorError(
        f"Purser's process died {died} times while it did this, so it was given up",
        fix="Purser's operators find why in its log and in its container's last state (out of memory?). "
        "Then ask for it again.",
        code="ends-process",
    )
