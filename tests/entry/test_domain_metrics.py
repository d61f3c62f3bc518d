"""What is written into the trail is counted, and only once it is written."""

from pathlib import Path

from prometheus_client import CollectorRegistry

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.entry.domain_metrics import DomainMetrics
from tests.core.trail_kinds import happenings


def test_every_kind_is_counted_and_what_matters_by_its_outcome() -> None:
    registry = CollectorRegistry()
    count = DomainMetrics(registry)
    count(happenings())
    target = {"target": "production"}
    for each in happenings():
        assert registry.get_sample_value("purser_trail_entries_total", {"kind": each.kind}) == 1
    assert registry.get_sample_value("purser_plan_results_total", {**target, "sealed": "yes"}) == 1
    assert registry.get_sample_value("purser_gate_decisions_total", {**target, "decision": "deploy"}) == 1
    assert registry.get_sample_value("purser_deploys_total", {**target, "state": "succeeded"}) == 1
    assert registry.get_sample_value("purser_verifications_total", {**target, "good": "yes"}) == 1


async def test_what_is_recorded_twice_is_counted_once(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    database = await open_database(f"sqlite:///{tmp_path}/state.db")
    store = SqlStore(database, written=DomainMetrics(registry))
    await store.record_all(happenings())
    await store.record_all(happenings())
    await database.dispose()
    assert registry.get_sample_value("purser_trail_entries_total", {"kind": "plan"}) == 1
