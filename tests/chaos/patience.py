"""Waiting that counts what the bot does and not only seconds: a busy machine is no fault of the bot's."""

import asyncio
from collections.abc import Callable

from tests.chaos.place import Place

SECONDS = 400.0
REQUESTS = 400
"""A bot that has nothing to do asks GitLab once a second, for its sweep."""

AWAY = 120.0
"""Seconds after which a bot that is killed was started again, however busy the machine is."""


async def at_last(place: Place, look: Callable[[], bool], what: str) -> None:
    """Until it is so. TimeoutError after that many seconds in which the bot asked GitLab so many times.

    RuntimeError where there is no bot any more that could do it.
    """
    loop = asyncio.get_running_loop()
    began, before = loop.time(), len(place.world.gitlab.requests)
    alive = began
    while not look():
        alive = alive if place.world.bot.ended else loop.time()
        if loop.time() - alive > AWAY:
            raise RuntimeError(f"the bot is gone, and nobody killed it; waited for {what}")
        asked = len(place.world.gitlab.requests) - before
        if loop.time() - began > SECONDS and asked > REQUESTS:
            raise TimeoutError(f"waited in vain for {what}")
        await asyncio.sleep(0.25)
