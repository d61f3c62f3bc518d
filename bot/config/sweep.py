"""The look for what no hook told us, in the configuration."""

from datetime import timedelta

from pydantic import Field

from bot.config.strict import Strict


class Sweep(Strict):
    """How often to look at GitLab for what no hook told us, and how far back that still counts."""

    every: int = Field(
        default=300,
        ge=0,
        le=86_400,
        description="seconds between two sweeps; 0: never, not at the start either",
    )
    look_back: int = Field(
        default=72,
        ge=1,
        le=720,
        description="hours after which a merge or a command that was missed is let be",
    )

    @property
    def reach(self) -> timedelta:
        """`look_back` as a span of time."""
        return timedelta(hours=self.look_back)
