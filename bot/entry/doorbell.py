"""How the door tells the dispatcher that something came, and how the dispatcher lets the door go first."""

import asyncio
import math
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Doorbell:
    """Shared by the hook and the dispatcher of one process.

    `calm` are the seconds without a delivery after which the door counts as quiet: who sends many, one after
    the other, leaves gaps that are too short for work.
    """

    def __init__(self, calm: float = 0.02) -> None:
        self._rung = asyncio.Event()
        self._calm = calm
        self._inside = 0
        self._answered = -math.inf

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around the answer to one delivery."""
        self._inside += 1
        try:
            yield
        finally:
            self._inside -= 1
            self._answered = time.monotonic()

    def ring(self) -> None:
        """Something new is kept."""
        self._rung.set()

    async def rung(self, at_most: float) -> None:
        """Waits until it has rung since the last time, or for so many seconds."""
        try:
            async with asyncio.timeout(at_most):
                await self._rung.wait()
        except TimeoutError:
            pass  # look anyway: the ring may have died with the process before
        self._rung.clear()

    async def quiet(self, at_most: float) -> None:
        """Waits until no delivery is being answered, or for so many seconds: the sender waits, work can."""
        ends = time.monotonic() + at_most  # then work goes on, if slowly, however long the burst is
        while (left := ends - time.monotonic()) > 0:
            if self._inside:
                wait = self._calm
            elif (wait := self._answered + self._calm - time.monotonic()) <= 0:
                return
            await asyncio.sleep(min(wait, left))
