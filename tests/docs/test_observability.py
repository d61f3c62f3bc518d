"""Each metric that the dashboard or an alert asks for exists, with the labels that it is asked by."""

import json
import re
from collections.abc import Iterator
from typing import get_args

import pytest
import yaml
from prometheus_client import CollectorRegistry, Metric

from bot.app.ports.timing import Phase
from bot.entry.metrics import Metrics
from tests.docs import metrics
from tests.docs.chart import CHART

ALERTS = yaml.safe_load((CHART / "files" / "alerts.yaml").read_text(encoding="utf-8"))
DASHBOARD = json.loads((CHART / "files" / "dashboard.json").read_text(encoding="utf-8"))
GUIDE = metrics.FILE.parents[1] / "how-to" / "observe.md"
_NAME = re.compile(r"\bpurser_[a-z_]+\b")
_MATCHED = re.compile(r"(purser_[a-z_]+)\{([^}]*)\}")


def asked() -> Iterator[tuple[str, str]]:
    """(where, expression) of everything that is asked of Prometheus."""
    for group in ALERTS["groups"]:
        for rule in group["rules"]:
            yield rule["alert"], rule["expr"]
    for panel in DASHBOARD["panels"]:
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def served(registry: CollectorRegistry) -> dict[str, set[str]]:
    """Sample names and the labels that they can bear."""
    names: dict[str, set[str]] = {}
    for collector in registry._collector_to_names:
        labels = set(getattr(collector, "_labelnames", ()))
        [metric] = collector.describe() if hasattr(collector, "describe") else []
        for name in samples(metric):
            names[name] = labels | ({"le"} if metric.type == "histogram" else set())
    return names


def samples(metric: Metric) -> tuple[str, ...]:
    """What a metric is called when it is asked for."""
    match metric.type:
        case "counter":
            return (f"{metric.name}_total",)
        case "histogram":
            return tuple(f"{metric.name}_{end}" for end in ("bucket", "sum", "count"))
        case _:
            return (metric.name,)


@pytest.mark.parametrize(("where", "expression"), list(asked()))
def test_what_is_asked_for_is_served(where: str, expression: str) -> None:
    known = served(Metrics().registry)
    names = _NAME.findall(expression)
    assert names, f"{where} asks for nothing of ours"
    assert set(names) <= known.keys()
    for name, matchers in _MATCHED.findall(expression):
        assert {matcher.split("=")[0].rstrip("!~") for matcher in matchers.split(",")} <= known[name]


def test_every_alert_says_what_to_do() -> None:
    rules = [rule for group in ALERTS["groups"] for rule in group["rules"]]
    assert rules
    assert all(rule["annotations"]["summary"] and rule["annotations"]["description"] for rule in rules)
    assert len({rule["alert"] for rule in rules}) == len(rules)


def test_the_reference_is_what_is_served() -> None:
    assert metrics.FILE.read_text(encoding="utf-8") == metrics.page(), "run python -m tests.docs.metrics"


def test_the_guide_names_each_metric_and_no_other() -> None:
    guide = metrics.named(GUIDE.read_text(encoding="utf-8"))
    assert guide == {metrics.name(metric) for metric, _ in metrics.described()}


def test_the_guide_explains_each_phase_and_no_other() -> None:
    table = GUIDE.read_text(encoding="utf-8").partition("| phase |")[2].partition("\n\n")[0]
    assert set(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) == set(get_args(Phase))


@pytest.mark.parametrize(("where", "expression"), list(asked()))
def test_what_every_replica_says_alike_is_not_added_up(where: str, expression: str) -> None:
    around = re.findall(r"(\w+)(?: by \([a-z, ]+\) | ?)\(purser_queue_", expression)
    assert len(around) == expression.count("purser_queue_")
    assert set(around) <= {"max", "absent"}, where
