"""What a reader costs, counted in lines of Python that it runs: no clock, so the same on every machine."""

import sys
from collections.abc import Callable
from types import FrameType
from typing import Any


def steps(work: Callable[[str], object], text: str) -> int:
    """Lines run inside `bot` while this works."""
    count = 0

    def line(frame: FrameType, event: str, _: Any) -> Any:
        nonlocal count
        count += event == "line"
        return line

    def call(frame: FrameType, event: str, _: Any) -> Any:
        return line if str(frame.f_globals.get("__name__", "")).startswith("bot.") else None

    before = sys.gettrace()
    sys.settrace(call)
    try:
        work(text)
    finally:
        sys.settrace(before)
    return count
