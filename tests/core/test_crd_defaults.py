"""Custom resources get the defaults of their CRD before there is an API server that knows it."""

from typing import Any

import pytest

from bot.core.crd_defaults import with_defaults

SPEC: dict[str, Any] = {
    "type": "object",
    "properties": {
        "interval": {"type": "string", "default": "30s"},
        "size": {"type": "integer", "default": 0},
        "free": {"type": "string", "nullable": True, "default": "x"},
        "plain": {"type": "string"},
        "web": {"type": "object", "properties": {"port": {"type": "integer", "default": 80}}},
        "made": {
            "type": "object",
            "default": {},
            "properties": {"deep": {"type": "boolean", "default": False}},
        },
        "many": {"type": "array", "items": {"properties": {"on": {"type": "boolean", "default": True}}}},
        "named": {
            "type": "object",
            "additionalProperties": {"properties": {"n": {"type": "integer", "default": 1}}},
        },
    },
}
FILLED = {"interval": "30s", "size": 0, "free": "x", "made": {"deep": False}}


@pytest.mark.parametrize(
    ("given", "more"),
    [
        ({}, {}),
        ({"interval": "5s", "plain": "p"}, {"interval": "5s", "plain": "p"}),
        ({"interval": None}, {}),
        ({"free": None}, {"free": None}),
        ({"web": {}}, {"web": {"port": 80}}),
        ({"made": {"deep": True}}, {"made": {"deep": True}}),
        ({"many": [{}, {"on": False}]}, {"many": [{"on": True}, {"on": False}]}),
        ({"named": {"a": {}, "b": {"n": 2}}}, {"named": {"a": {"n": 1}, "b": {"n": 2}}}),
        ({"web": "not a map"}, {"web": "not a map"}),
    ],
)
def test_what_is_absent_is_filled_in_at_every_depth(given: dict[str, Any], more: dict[str, Any]) -> None:
    schema = {"type": "object", "properties": {"spec": SPEC}}
    made = with_defaults(schema, {"kind": "Thing", "spec": given})
    assert made == {"kind": "Thing", "spec": {**FILLED, **more}}


def test_the_object_that_was_given_stays_as_it_was() -> None:
    given: dict[str, Any] = {"spec": {"web": {}}}
    with_defaults({"properties": {"spec": SPEC}}, given)
    assert given == {"spec": {"web": {}}}


@pytest.mark.parametrize("schema", [{}, {"properties": []}, {"properties": {"spec": True}}])
def test_a_schema_that_says_nothing_changes_nothing(schema: dict[str, Any]) -> None:
    assert with_defaults(schema, {"spec": {"a": 1}}) == {"spec": {"a": 1}}
