"""Where the seconds of work go: counted by kind and phase, said in one line, and never another work's."""

import asyncio
from typing import Any

import pytest
import structlog

from bot.app.ports.timing import Phase
from bot.entry.metrics import Metrics


def count(metrics: Metrics, kind: str, phase: Phase) -> float | None:
    labels = {"kind": kind, "phase": phase}
    return metrics.registry.get_sample_value("purser_phase_seconds_count", labels)


def timed(said: list[Any]) -> list[dict[str, Any]]:
    return [it for it in said if it["event"] == "work.timed"]


def test_phases_are_counted_by_kind_and_said_at_the_end_of_a_plan() -> None:
    metrics = Metrics()
    with structlog.testing.capture_logs() as said, metrics.phases.of("PlanWork"):
        for phase in ("checkout", "files", "note", "note"):
            with metrics.phases(phase):
                pass
    assert count(metrics, "PlanWork", "note") == 2
    assert metrics.registry.get_sample_value("purser_work_seconds_count", {"kind": "PlanWork"}) == 1
    [line] = timed(said)
    assert line.keys() == {"event", "log_level", "kind", "seconds", "checkout", "files", "note"}
    assert line["kind"] == "PlanWork"


def test_work_that_makes_no_plan_says_nothing() -> None:
    metrics = Metrics()
    with structlog.testing.capture_logs() as said, metrics.phases.of("DeployWork"), metrics.phases("note"):
        pass
    assert count(metrics, "DeployWork", "note") == 1
    assert timed(said) == []


def test_a_phase_that_fails_is_measured_too() -> None:
    metrics = Metrics()
    with (
        structlog.testing.capture_logs() as said,
        pytest.raises(OSError, match="away"),
        metrics.phases.of("PlanWork"),
        metrics.phases("files"),
    ):
        raise OSError("away")
    assert count(metrics, "PlanWork", "files") == 1
    assert len(timed(said)) == 1


def test_outside_of_work_nothing_is_measured() -> None:
    metrics = Metrics()
    with metrics.phases("render"):
        pass
    assert "purser_phase_seconds_count" not in [
        sample.name for metric in metrics.registry.collect() for sample in metric.samples
    ]


async def test_works_side_by_side_do_not_mix() -> None:
    metrics, both_in = Metrics(), asyncio.Barrier(2)

    async def work(kind: str, phase: Phase) -> None:
        with metrics.phases.of(kind), metrics.phases("files"), metrics.phases(phase):
            await both_in.wait()

    with structlog.testing.capture_logs() as said:
        await asyncio.gather(work("PlanWork", "render"), work("DriftWork", "compare"))
    found = {line["kind"]: line.keys() & {"render", "compare"} for line in timed(said)}
    assert found == {"PlanWork": {"render"}, "DriftWork": {"compare"}}
