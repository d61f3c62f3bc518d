"""OpenTelemetry's spans: one a step of work, its phases, and one a request to GitLab, in one trace.

They are made where OTEL_EXPORTER_OTLP_ENDPOINT (or its sibling for traces) names where to send them and the
extra `otel` is installed; OpenTelemetry's own variables say the rest. Else nothing of it is even imported.
"""

import os
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TYPE_CHECKING, Protocol

from bot.adapters.gitlab.client import Answered
from bot.core.errors import AuthorError
from bot.core.trace import trace_of
from bot.core.work import Work, key

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_NANO = 1_000_000_000


class Spans(Protocol):
    """What is told when work is done and GitLab was asked."""

    def step(self, work: Work) -> AbstractContextManager[None]:
        """Around one step of work."""
        ...

    def phase(self, name: str) -> AbstractContextManager[None]:
        """Around one phase of a step."""
        ...

    def answered(self, answered: Answered) -> None:
        """After one request to GitLab."""
        ...

    def close(self) -> None:
        """Sends what is not yet sent."""
        ...


class NoSpans:
    """Nobody asked for traces."""

    def step(self, work: Work) -> AbstractContextManager[None]:
        """See the protocol."""
        return nullcontext()

    def phase(self, name: str) -> AbstractContextManager[None]:
        """See the protocol."""
        return nullcontext()

    def answered(self, answered: Answered) -> None:
        """See the protocol."""

    def close(self) -> None:
        """See the protocol."""


class OpenSpans:
    """Spans of a tracer. `close` is what flushes it."""

    def __init__(self, tracer: "Tracer", close: Callable[[], None]) -> None:
        self._tracer = tracer
        self._close = close

    @contextmanager
    def step(self, work: Work) -> Iterator[None]:
        """See the protocol. The parent is made of the trace id alone: who began the trace is long gone."""
        from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, set_span_in_context

        trace = trace_of(work)
        origin = SpanContext(
            int(trace, 16), int(trace[:16], 16), is_remote=True, trace_flags=TraceFlags(TraceFlags.SAMPLED)
        )
        attributes = {"purser.work": key(work), "purser.project": work.project}
        with self._span(type(work).__name__, set_span_in_context(NonRecordingSpan(origin)), attributes):
            yield

    def phase(self, name: str) -> AbstractContextManager[None]:
        """See the protocol. The parent is the step, where one is under way."""
        return self._span(name)

    @contextmanager
    def _span(
        self, name: str, context: "Context | None" = None, attributes: Mapping[str, str] | None = None
    ) -> Iterator[None]:
        from opentelemetry.trace import StatusCode

        with self._tracer.start_as_current_span(
            name,
            context=context,
            attributes=attributes,
            record_exception=False,  # its text may hold what no log would show
            set_status_on_exception=False,
        ) as span:
            try:
                yield
            except Exception as error:
                span.set_status(StatusCode.ERROR, type(error).__name__)
                raise

    def answered(self, answered: Answered) -> None:
        """See the protocol: the span ends now, and began as long ago as the request took."""
        now = time.time_ns()
        span = self._tracer.start_span(
            f"GitLab {answered.method} {answered.route}",
            start_time=now - int(answered.seconds * _NANO),
            attributes={
                "http.request.method": answered.method,
                "http.response.status_code": answered.status or 0,
                "http.request.resend_count": answered.attempt - 1,
            },
        )
        span.end(now)

    def close(self) -> None:
        """See the protocol."""
        self._close()


def spans() -> Spans:
    """As the environment says. Raises AuthorError (`no-otel`) where the extra is asked for and missing."""
    if not any(os.environ.get(name) for name in _ENDPOINTS):
        return NoSpans()
    try:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
        from opentelemetry.sdk.resources import Resource
        from opentelemetry.sdk.trace import TracerProvider
        from opentelemetry.sdk.trace.export import BatchSpanProcessor
    except ImportError:
        raise AuthorError(
            f"{' or '.join(_ENDPOINTS)} is set, but OpenTelemetry is not installed.",
            fix="Install purser[otel], or unset the variable.",
            code="no-otel",
        ) from None
    provider = TracerProvider(resource=Resource.create({"service.name": "purser"}))
    provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
    return OpenSpans(provider.get_tracer("purser"), provider.shutdown)
