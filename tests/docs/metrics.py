"""The reference of the metrics, from the metrics: `python -m tests.docs.metrics` writes it."""

import re
from collections.abc import Iterator
from pathlib import Path

from prometheus_client import Metric

from bot.entry.metrics import Metrics

FILE = Path(__file__).parents[2] / "docs" / "reference" / "metrics.md"
HEAD = """\
# Metrics
<!-- Written by `python -m tests.docs.metrics` from the metrics in bot/entry. -->
What `/metrics` says, [what to do with it](../how-to/observe.md). A histogram has `_bucket`, `_sum` and
`_count` behind its name.

| metric | kind | labels | |
|---|---|---|---|
"""


def described() -> Iterator[tuple[Metric, tuple[str, ...]]]:
    """Each metric that is served, and its labels."""
    for collector in Metrics().registry._collector_to_names:
        labels = tuple(getattr(collector, "_labelnames", ()))
        [metric] = collector.describe() if hasattr(collector, "describe") else []
        yield metric, labels


def name(metric: Metric) -> str:
    """What it is asked for by; a histogram without the ends of its name."""
    return f"{metric.name}_total" if metric.type == "counter" else metric.name


def page() -> str:
    """The whole page."""
    rows = sorted(((name(it), it, labels) for it, labels in described()), key=lambda row: row[0])
    return HEAD + "".join(
        f"| `{called}` | {metric.type} | {', '.join(f'`{it}`' for it in labels)} | {metric.documentation} |\n"
        for called, metric, labels in rows
    )


def named(text: str) -> set[str]:
    """The metrics that a text names."""
    return set(re.findall(r"\bpurser_[a-z_]+\b", text))


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
