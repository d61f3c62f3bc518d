"""What is counted, and the page where Prometheus reads it (on a port of its own)."""

import time
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)

Depth = Callable[[], Awaitable[Mapping[str, int]]]


class Metrics:
    """Every measure of one process; `registry` is its own, so that several live side by side in tests."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "purser_deliveries", "Webhook deliveries by result", ["result"], registry=self.registry
        )
        self.work = Counter(
            "purser_work", "Work by kind and outcome", ["kind", "outcome"], registry=self.registry
        )
        self.plans = Counter("purser_plans", "Plans made, by target", ["target"], registry=self.registry)
        self.phase = Histogram(
            "purser_phase_seconds",
            "Seconds per phase of work",
            ["phase"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.requests = Histogram(
            "purser_http_request_seconds",
            "Seconds to answer, by route and status",
            ["route", "status"],
            buckets=_SECONDS,
            registry=self.registry,
        )
        self.queue_depth = Gauge(
            "purser_queue_depth", "Work that waits or is under way", ["queue"], registry=self.registry
        )

    @web.middleware
    async def measure(
        self, request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        """Middleware: times every answer under the template of its route, never under its path."""
        resource = request.match_info.route.resource
        route = resource.canonical if resource else "unknown"
        status, began = 500, time.perf_counter()
        try:
            response = await handler(request)
            status = response.status
            return response
        except web.HTTPException as error:
            status = error.status
            raise
        finally:
            self.requests.labels(route, str(status)).observe(time.perf_counter() - began)


def metrics_app(metrics: Metrics, depth: Depth | None = None) -> web.Application:
    """The application of the metrics port: `GET /metrics`."""

    async def show(request: web.Request) -> web.Response:
        if depth:
            for queue, length in (await depth()).items():
                metrics.queue_depth.labels(queue).set(length)
        content_type, _, charset = CONTENT_TYPE_LATEST.partition("; charset=")
        return web.Response(
            body=generate_latest(metrics.registry),
            headers={"Content-Type": f"{content_type}; charset={charset}"},
        )

    app = web.Application()
    app.router.add_get("/metrics", show)
    return app
