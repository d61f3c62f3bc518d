"""How the door tells the dispatcher that something came, and how the dispatcher lets the door go first."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager


class Doorbell:
    """Shared by the hook and the dispatcher of one process."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    @contextmanager
    def answering(self) -> Iterator[None]:
        """Around the answer to one delivery."""
        self._inside += 1
        self._empty.clear()
        try:
            yield
        finally:
            self._inside -= 1
            if not self._inside:
                self._empty.set()

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
        try:
            async with asyncio.timeout(at_most):
                await self._empty.wait()
        except TimeoutError:
            pass  # work must go on, if slowly, however long the burst is
