"""The scheduled look for drift, in the configuration."""

from pydantic import BaseModel, ConfigDict, Field

WEEK = 604_800


class Drift(BaseModel):
    """How often to hold a target's branch against its cluster."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    every: int = Field(
        default=0,
        ge=0,
        le=WEEK,
        description="seconds from one look for drift to the next, 86400 a day; 0: only on /helm drift",
    )
