"""How long the phases of a piece of work take: as a metric, as spans, and in one line at its end."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

import structlog
from prometheus_client import CollectorRegistry, Histogram

from bot.app.ports.timing import Phase
from bot.entry.tracing import Spans

log = structlog.get_logger()

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the buckets of all our histograms of seconds."""

_THOUSANDTHS = 3


@dataclass(slots=True)
class _Measured:
    kind: str
    seconds: defaultdict[Phase, float] = field(default_factory=lambda: defaultdict(float))


_measured: ContextVar[_Measured | None] = ContextVar("measured", default=None)


class WorkPhases:
    """The port Phases for all work of this process. Outside of work nothing is measured."""

    def __init__(self, registry: CollectorRegistry, spans: Spans) -> None:
        self._spans = spans
        self.work = Histogram(
            "purser_work_seconds", "Seconds per step of work", ["kind"], buckets=SECONDS, registry=registry
        )
        self.phase = Histogram(
            "purser_phase_seconds",
            "Seconds per phase of a step of work; phases do not overlap",
            ["kind", "phase"],
            buckets=SECONDS,
            registry=registry,
        )

    @contextmanager
    def of(self, kind: str) -> Iterator[None]:
        """Around one step of work. One that made a plan says at its end where its seconds went."""
        measured, began = _Measured(kind), time.perf_counter()
        token = _measured.set(measured)
        try:
            yield
        finally:
            _measured.reset(token)
            took = time.perf_counter() - began
            self.work.labels(kind).observe(took)
            if "files" in measured.seconds:
                each = {phase: round(seconds, _THOUSANDTHS) for phase, seconds in measured.seconds.items()}
                log.info("work.timed", kind=kind, seconds=round(took, _THOUSANDTHS), **each)

    @contextmanager
    def __call__(self, phase: Phase) -> Iterator[None]:
        """As the port says."""
        measured = _measured.get()
        if measured is None:
            yield
            return
        began = time.perf_counter()
        try:
            with self._spans.phase(phase):
                yield
        finally:
            took = time.perf_counter() - began
            measured.seconds[phase] += took
            self.phase.labels(measured.kind, phase).observe(took)
