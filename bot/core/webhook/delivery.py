"""A webhook delivery, reduced to what it is known by and what it asks for."""

from dataclasses import dataclass
from datetime import timedelta

from bot.core.work import Work

TWINS = timedelta(minutes=10)
"""How long the same body is the same event, whatever key it has.

The hooks of a project and of its group both fire for one event: at the same time, with keys of their own and
with one body. Two events have two bodies, because the moment stands in them; after this time a repetition is
left to the keys of the work.
"""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `key` tells it from others for seven days; the body is not kept, only its `digest`."""

    key: str
    event: str
    project: str
    digest: str
    works: tuple[Work, ...]

    @property
    def body(self) -> str:
        """What twins have in common."""
        return body_of(self.event, self.digest)


def body_of(event: str, digest: str) -> str:
    """`Delivery.body` of these."""
    return f"{event}:{digest}"
