"""A webhook delivery, reduced to what it is known by and what it asks for."""

from dataclasses import dataclass

from bot.core.work import Work


@dataclass(frozen=True, slots=True)
class Delivery:
    """One delivery. `key` tells it from others for seven days; the body is not kept, only its `digest`."""

    key: str
    event: str
    project: str
    digest: str
    works: tuple[Work, ...]
