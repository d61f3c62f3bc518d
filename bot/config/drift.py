"""The scheduled look for drift, in the configuration."""

from pydantic import Field

from bot.config.strict import Strict

WEEK = 604_800


class Drift(Strict):
    """How often to hold a target's branch against its cluster."""

    every: int = Field(
        default=0,
        ge=0,
        le=WEEK,
        description="seconds from one look for drift to the next, 86400 a day; 0: only on /helm drift",
    )
