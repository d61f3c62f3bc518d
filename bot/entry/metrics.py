"""What is counted, and the page where Prometheus reads it (on a port of its own)."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from http import HTTPStatus

from aiohttp import web
from prometheus_client import (
    CONTENT_TYPE_LATEST,
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)

from bot.adapters.gitlab.client import Answered
from bot.entry.domain_metrics import DomainMetrics, DriftMetrics
from bot.entry.phases import SECONDS, WorkPhases
from bot.entry.queue_metrics import QueueMetrics, Waiting
from bot.entry.tracing import NoSpans, Spans

Kills = Callable[[], Mapping[str, int]]


class GitLabMetrics:
    """What we ask of GitLab's API; it is called with each request that was sent."""

    def __init__(self, registry: CollectorRegistry, spans: Spans) -> None:
        self._spans = spans
        self.requests = Counter(
            "purser_gitlab_requests",
            "Requests to GitLab's API, tries included; status none: no answer came",
            ["method", "route", "status"],
            registry=registry,
        )
        self.retries = Counter(
            "purser_gitlab_retries", "Requests that were sent again", ["method", "route"], registry=registry
        )
        self.seconds = Histogram(
            "purser_gitlab_request_seconds",
            "Seconds until GitLab answered, or did not",
            ["method", "route"],
            buckets=SECONDS,
            registry=registry,
        )
        self.remaining = Gauge(
            "purser_gitlab_rate_limit_remaining",
            "Requests that GitLab's rate limit leaves us, by its last word; NaN where it says none",
            registry=registry,
        )
        self.remaining.set(float("nan"))
        self.shut_out = Gauge(
            "purser_gitlab_shut_out",
            "1 while GitLab's last answer was that it does not take our token",
            registry=registry,
        )

    def __call__(self, answered: Answered) -> None:
        """The client's observer."""
        status = "none" if answered.status is None else str(answered.status)
        self.requests.labels(answered.method, answered.route, status).inc()
        self.seconds.labels(answered.method, answered.route).observe(answered.seconds)
        if answered.attempt > 1:
            self.retries.labels(answered.method, answered.route).inc()
        if answered.remaining is not None:
            self.remaining.set(answered.remaining)
        if answered.status is not None:
            self.shut_out.set(answered.status == HTTPStatus.UNAUTHORIZED)
        self._spans.answered(answered)


class Metrics:
    """Every measure of one process; `registry` is its own, so that several live side by side in tests."""

    def __init__(self, spans: Spans | None = None) -> None:
        self.spans = spans or NoSpans()
        self.registry = CollectorRegistry()
        self.deliveries = Counter(
            "purser_deliveries", "Webhook deliveries by result", ["result"], registry=self.registry
        )
        self.work = Counter(
            "purser_work", "Work by kind and outcome", ["kind", "outcome"], registry=self.registry
        )
        self.swept = Counter(
            "purser_sweep_found", "What no hook told and a sweep found", ["kind"], registry=self.registry
        )
        self.drifted = DriftMetrics(self.registry)
        self.plans = Counter("purser_plans", "Plans made, by target", ["target"], registry=self.registry)
        self.phases = WorkPhases(self.registry, self.spans)
        self.requests = Histogram(
            "purser_http_request_seconds",
            "Seconds to answer, by route and status",
            ["route", "status"],
            buckets=SECONDS,
            registry=self.registry,
        )
        self.queues = QueueMetrics(self.registry)
        self.gitlab = GitLabMetrics(self.registry, self.spans)
        self.domain = DomainMetrics(self.registry)

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


def metrics_app(metrics: Metrics, waiting: Sequence[Waiting] = (), kills: Kills = dict) -> web.Application:
    """The application of the metrics port: `GET /metrics`."""

    async def show(request: web.Request) -> web.Response:
        await metrics.queues.ask(waiting)
        for reason, count in kills().items():
            metrics.domain.kills.labels(reason).set(count)
        content_type, _, charset = CONTENT_TYPE_LATEST.partition("; charset=")
        return web.Response(
            body=generate_latest(metrics.registry),
            headers={"Content-Type": f"{content_type}; charset={charset}"},
        )

    app = web.Application()
    app.router.add_get("/metrics", show)
    return app
