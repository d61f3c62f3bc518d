"""All that happens to a merge request is one trace, whoever does it and whenever."""

import pytest
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from bot.adapters.gitlab.client import Answered
from bot.core.trace import trace_id, trace_of
from bot.core.work import CommandWork, DeployWork, PlanWork, WakeWork
from bot.entry.metrics import Metrics
from bot.entry.tracing import NoSpans, OpenSpans, spans

PLAN = PlanWork("platform/cluster", 7, "production", "a" * 40, "opened")
DEPLOY = DeployWork("platform/cluster", 7, "production", "b" * 40)
COMMAND = CommandWork("platform/cluster", 7, 12, "d" * 40)


def test_every_piece_of_work_on_a_merge_request_has_one_trace() -> None:
    assert trace_of(PLAN) == trace_of(DEPLOY) == trace_of(COMMAND) == trace_id("platform/cluster", 7)


def test_other_merge_requests_and_work_of_the_project_have_others() -> None:
    traces = {
        trace_id("platform/cluster", 7),
        trace_id("platform/cluster", 8),
        trace_id("platform/other", 7),
        trace_of(WakeWork("platform/cluster", 31)),
    }
    assert len(traces) == 4
    assert all(len(trace) == 32 and int(trace, 16) for trace in traces)


def exported() -> tuple[OpenSpans, InMemorySpanExporter]:
    memory, provider = InMemorySpanExporter(), TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(memory))
    return OpenSpans(provider.get_tracer("purser"), provider.shutdown), memory


def id_of(span: ReadableSpan) -> int:
    assert span.context
    return int(span.context.span_id)


def parent_of(span: ReadableSpan) -> int:
    assert span.parent
    return span.parent.span_id


def trace_in(span: ReadableSpan) -> str:
    assert span.context
    return f"{span.context.trace_id:032x}"


def test_a_step_and_what_it_asks_of_gitlab_are_spans_of_that_trace() -> None:
    made, memory = exported()
    with made.step(PLAN):
        made.answered(Answered("GET", "/projects/:id", 200, 0.25, None))
    request, step = memory.get_finished_spans()
    assert (step.name, request.name) == ("PlanWork", "GitLab GET /projects/:id")
    assert trace_in(step) == trace_in(request) == trace_of(PLAN)
    assert parent_of(request) == id_of(step)
    assert request.start_time is not None
    assert request.end_time is not None
    assert request.end_time - request.start_time == 250_000_000


def test_a_phase_is_a_span_of_its_step_and_holds_what_is_asked_of_gitlab_in_it() -> None:
    made, memory = exported()
    metrics = Metrics(made)
    with made.step(PLAN), metrics.phases.of("PlanWork"), metrics.phases("note"):
        made.answered(Answered("GET", "/projects/:id", 200, 0.25, None))
    request, phase, step = memory.get_finished_spans()
    assert (step.name, phase.name) == ("PlanWork", "note")
    assert trace_in(phase) == trace_of(PLAN)
    assert (parent_of(phase), parent_of(request)) == (id_of(step), id_of(phase))


def test_work_that_fails_is_a_span_that_says_so_without_the_error_s_text() -> None:
    made, memory = exported()
    with pytest.raises(RuntimeError, match="broken"), made.step(DEPLOY):
        raise RuntimeError("broken")
    [span] = memory.get_finished_spans()
    assert not span.status.is_ok
    assert "broken" not in span.to_json()
    assert trace_in(span) == trace_of(DEPLOY)


def test_nothing_is_traced_where_nobody_asked_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_ENDPOINT", raising=False)
    monkeypatch.delenv("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", raising=False)
    assert isinstance(spans(), NoSpans)
