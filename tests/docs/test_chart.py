"""The chart's README is the one that its values give, and its schema knows each of them."""

import json
from typing import Any

import yaml

from tests.docs.chart import CHART, FILE, page


def test_the_chart_s_readme_is_current() -> None:
    values = (CHART / "values.yaml").read_text(encoding="utf-8")
    assert FILE.read_text(encoding="utf-8") == page(values), "run python -m tests.docs.chart"


def test_the_schema_knows_every_value_and_no_other() -> None:
    values = yaml.safe_load((CHART / "values.yaml").read_text(encoding="utf-8"))
    schema = json.loads((CHART / "values.schema.json").read_text(encoding="utf-8"))
    assert known(schema) - {"global"} == given(values, schema)


def known(schema: dict[str, Any], at: str = "") -> set[str]:
    """Paths of a schema that lists what it allows."""
    found: set[str] = set()
    for name, inner in schema.get("properties", {}).items():
        found.add(at + name)
        if inner.get("additionalProperties") is False:
            found |= known(inner, f"{at}{name}.")
    return found


def given(values: dict[str, Any], schema: dict[str, Any], at: str = "") -> set[str]:
    """Paths of values, as deep as the schema lists what it allows."""
    found: set[str] = set()
    for name, value in values.items():
        found.add(at + name)
        inner = schema.get("properties", {}).get(name, {})
        if inner.get("additionalProperties") is False:
            found |= given(value, inner, f"{at}{name}.")
    return found
