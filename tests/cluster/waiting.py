"""Waiting for a condition in a process that sends no events of its own."""

import time
from collections.abc import Callable

PAUSE = 0.05


def until(condition: Callable[[], bool], what: str, seconds: float = 30) -> None:
    """Returns as soon as `condition` holds; TimeoutError naming `what` after `seconds`.

    The condition is asked at least once, every 50 ms; what it raises ends the wait.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() >= deadline:
            raise TimeoutError(f"waited {seconds:g} s for {what}")
        time.sleep(PAUSE)
