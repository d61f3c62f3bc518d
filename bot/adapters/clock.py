"""The time, for adapters that are not given a clock, and one for how long things take."""

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)


class SteadyClock:
    """The time at its making, and from there on as seconds pass: who sets the machine's clock moves nothing.

    For how long something took or may take while this process runs, never for what people read. `now` is the
    machine's clock, `seconds` one that only goes forward.
    """

    def __init__(
        self, now: Callable[[], datetime] = utc_now, seconds: Callable[[], float] = time.monotonic
    ) -> None:
        self._made, self._first = now(), seconds()
        self._seconds = seconds

    def __call__(self) -> datetime:
        """Aware, as the machine's clock gives it."""
        return self._made + timedelta(seconds=self._seconds() - self._first)
