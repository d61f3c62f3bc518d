"""How much waits and since when: asked when Prometheus asks, as nobody tells of it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from prometheus_client import CollectorRegistry, Gauge

from bot.app.ports.keeping import Backlog

log = structlog.get_logger()

Waiting = Callable[[], Awaitable[Mapping[str, Backlog]]]

_PATIENCE = 5.0


class QueueMetrics:
    """Of several processes at one database each says the same: the highest is right, not the sum."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.depth = Gauge(
            "purser_queue_depth", "Work that waits or is under way", ["queue"], registry=registry
        )
        self.oldest = Gauge(
            "purser_queue_oldest_seconds",
            "Age of the oldest work that was accepted and has not ended; 0: there is none",
            ["queue"],
            registry=registry,
        )

    async def ask(self, waiting: Sequence[Waiting]) -> None:
        """Asks each for what waits. Where one does not answer no queue has a number: an old one would lie."""
        self.depth.clear()
        self.oldest.clear()
        try:
            async with asyncio.timeout(_PATIENCE):
                found = [await ask() for ask in waiting]
        except Exception as error:  # noqa: BLE001 - whatever it is, the other measures are wanted now most
            log.warning("metrics.queues_unknown", reason=type(error).__name__)
            return
        for queue, backlog in (each for one in found for each in one.items()):
            self.depth.labels(queue).set(backlog.works)
            self.oldest.labels(queue).set(backlog.oldest)
