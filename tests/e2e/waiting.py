"""Waiting for what others do: a condition, a deadline, and what was missing when it passed."""

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PATIENCE = 45.0
"""Seconds that one step may take on a busy machine; a quiet one needs less than five."""


async def until(look: Callable[[], T | None], what: str, within: float = PATIENCE) -> T:
    """The first thing that `look` finds (something true). TimeoutError says what was waited for."""
    loop = asyncio.get_running_loop()
    ends = loop.time() + within
    while True:
        found = look()
        if found:
            return found
        if loop.time() >= ends:
            raise TimeoutError(f"waited {within:g} s for {what}")
        await asyncio.sleep(0.02)
