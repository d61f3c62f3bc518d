"""Freeze windows: whether nothing may be deployed at a moment, and until when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from bot.core.gate.rules import Window


@dataclass(frozen=True, slots=True)
class Frozen:
    """A window that is open. `until` is in the window's own time zone."""

    until: datetime
    reason: str = ""


def frozen(windows: Iterable[Window], now: datetime) -> Frozen | None:
    """The open window that ends last, or None. `now` is aware.

    A window begins by the clock on the wall of its time zone and lasts so many real minutes, whatever summer
    time does meanwhile.
    """
    found = [it for window in windows if (it := _open(window, now)) is not None]
    return max(found, key=lambda it: it.until, default=None)


def _open(window: Window, now: datetime) -> Frozen | None:
    zone = ZoneInfo(window.time_zone)
    local = now.astimezone(zone)
    from croniter import croniter  # its import takes long, and few have freezes

    # A start that is this very minute counts: croniter looks strictly before.
    before: datetime = croniter(window.start, local + timedelta(microseconds=1)).get_prev(datetime)
    began = before.astimezone(ZoneInfo("UTC"))
    until = began + timedelta(minutes=window.minutes)
    return Frozen(until.astimezone(zone), window.reason) if now < until else None
