"""A CRD that is not in the cluster yet judges its resources as the API server will."""

from typing import Any

import pytest

from bot.core.rehearsal.crd_schema import MOST, schema_in, violations, with_defaults


def schema(**fields: Any) -> dict[str, Any]:
    return {"type": "object", "properties": {"spec": {"type": "object", "properties": fields}}}


def thing(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "a/v1",
        "kind": "Thing",
        "metadata": {"name": "x", "labels": {"a": "b"}},
        "spec": spec,
    }


def told(of: dict[str, Any], **spec: Any) -> list[tuple[str, str]]:
    found = violations(of, thing(**spec))
    assert found is not None
    return [(one.code, one.path) for one in found]


INTEGER = {"type": "integer"}


@pytest.mark.parametrize(
    ("field", "good", "bad"),
    [
        (INTEGER, 1, "1"),
        ({"type": "string"}, "a", 1),
        ({"type": "boolean"}, True, 1),
        ({"type": "string", "enum": ["a"]}, "a", "b"),
        ({"type": "integer", "maximum": 5, "exclusiveMaximum": True}, 4, 5),
        ({"type": "integer", "minimum": 5, "exclusiveMinimum": False}, 5, 4),
        ({"type": "string", "pattern": "^a+$"}, "aa", "b"),
        ({"type": "array", "items": INTEGER, "maxItems": 1}, [1], [1, 2]),
        ({"x-kubernetes-int-or-string": True}, "http", [1]),
        ({"type": "object", "additionalProperties": INTEGER}, {"x": 1}, {"x": "y"}),
        ({"type": "object", "properties": {"a": INTEGER}, "required": ["a"]}, {"a": 1}, {}),
        ({"type": "string", "anyOf": [{"pattern": "^a"}, {"pattern": "^b"}]}, "b", "c"),
        ({"type": "object", "properties": {"a": INTEGER}, "not": {"required": ["a"]}}, {}, {"a": 1}),
    ],
)
def test_a_rule_holds(field: dict[str, Any], good: Any, bad: Any) -> None:
    assert told(schema(f=field), f=good) == []
    assert [code for code, _ in told(schema(f=field), f=bad)] == ["invalid-object"]


def test_unknown_fields_are_named_where_they_stand() -> None:
    assert told(schema(a=INTEGER), a=1, colour="red") == [("unknown-field", "/spec/colour")]
    assert told(schema(a={"type": "object"}), a={"x": 1}) == [("unknown-field", "/spec/a/x")]


@pytest.mark.parametrize(
    "field",
    [
        {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        {"type": "object", "additionalProperties": True},
        {"x-kubernetes-preserve-unknown-fields": True},
    ],
)
def test_what_the_crd_leaves_open_is_open(field: dict[str, Any]) -> None:
    assert told(schema(a=field), a={"anything": [1, {"b": None}]}) == []


def test_defaults_and_nulls_are_as_the_api_server_takes_them() -> None:
    one = {
        "type": "object",
        "properties": {"a": {**INTEGER, "default": 1}, "b": {**INTEGER, "nullable": True}},
    }
    assert told(schema(f={**one, "required": ["a", "b"]}), f={"b": None}) == []


def test_an_embedded_object_may_name_itself() -> None:
    embedded = {
        "type": "object",
        "x-kubernetes-embedded-resource": True,
        "properties": {"spec": {"type": "object"}},
    }
    assert told(schema(f=embedded), f={"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "x"}}) == []


def test_values_are_not_quoted() -> None:
    found = violations(schema(f=INTEGER), thing(f="hunter22"))
    assert found
    assert "hunter22" not in str(found)


def test_a_pattern_that_cannot_be_read_is_left_to_the_api_server() -> None:
    assert told(schema(f={"type": "string", "pattern": "(?<=a)b("}), f="x") == []
    assert told(schema(f={"type": "string", "pattern": "(?<=a)b("}), f=1) == [("invalid-object", "/spec/f")]


def test_references_are_not_followed() -> None:
    assert (
        told(schema(f={"$ref": "http://127.0.0.1:9/x"}, g={"type": "array", "items": "?"}), f=1, g=[1]) == []
    )


def test_not_more_is_told_than_a_person_reads() -> None:
    assert len(told(schema(), **{f"f{n}": 1 for n in range(MOST * 2)})) == MOST


def test_the_schema_is_that_of_the_objects_version() -> None:
    versions = [{"name": name, "schema": {"openAPIV3Schema": {"title": name}}} for name in ("v1", "v2")]
    assert schema_in({"spec": {"versions": versions}}, "a/v2") == {"title": "v2"}
    assert schema_in({"spec": {"versions": [{"name": "v1"}]}}, "a/v1") is None


def test_defaults_are_filled_in_where_there_is_nothing() -> None:
    inner = {
        "type": "object",
        "default": {},
        "properties": {"x": {"default": 1}, "y": {"nullable": True, "default": 2}},
    }
    of = schema(a=inner, b={"type": "array", "items": inner}, c={"additionalProperties": inner})
    spec = with_defaults(of, thing(b=[{"x": None, "y": None}], c={"k": {"x": 5}}))["spec"]
    assert spec == {"a": {"x": 1, "y": 2}, "b": [{"x": 1, "y": None}], "c": {"k": {"x": 5, "y": 2}}}
