"""Checks custom resources against a CRD that the API server does not have yet.

The CRD's openAPIV3Schema is made into JSON Schema as the API server reads structural schemas: unknown fields
are refused (Helm asks for strict validation), nulls are absent, defaults fill what is required. Rules in CEL
and formats are left to the API server. Nothing is fetched, and patterns run in linear time.
"""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import jsonschema_rs

from bot.core.model import Manifest
from bot.core.pointer import escape

MOST = 10
"""Violations that are told of one object."""

_AS_THEY_ARE = (
    "type", "enum", "multipleOf", "minLength", "maxLength", "pattern", "minItems", "maxItems", "uniqueItems",
    "minProperties", "maxProperties",
)  # fmt: skip
_OBJECT = ("apiVersion", "kind", "metadata")
_PLACEHOLDER = "the value"


@dataclass(frozen=True, slots=True)
class Violation:
    """One thing that the schema does not allow. `says` quotes no value, only field names and the rule."""

    code: str
    path: str
    says: str


def schema_in(crd: Manifest, api_version: str) -> Manifest | None:
    """The schema of this version of the CRD's kind; None where it has none."""
    spec = crd.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) else None
    for version in versions if isinstance(versions, list) else []:
        if isinstance(version, dict) and version.get("name") == api_version.rpartition("/")[2]:
            schema = version.get("schema")
            found = schema.get("openAPIV3Schema") if isinstance(schema, dict) else None
            return found if isinstance(found, dict) else None
    return None


def violations(schema: Manifest, manifest: Manifest) -> tuple[Violation, ...] | None:
    """What the API server would refuse in the object; None where the schema itself cannot be read."""
    body = _whole(schema)
    instance = _without_nulls({key: value for key, value in manifest.items() if key != "status"})
    for made in (body, _without_patterns(body)):
        try:
            validator = jsonschema_rs.Draft202012Validator(
                made, mask=_PLACEHOLDER, pattern_options=jsonschema_rs.RegexOptions(size_limit=1_000_000)
            )
        except ValueError:
            continue
        found = (one for error in validator.iter_errors(instance) for one in _told(error))
        return tuple(one for one, _ in zip(found, range(MOST), strict=False))
    return None


def with_defaults(schema: Any, value: Any) -> Any:
    """The value with the schema's defaults, as the API server fills them in; also for nulls not allowed."""
    if not isinstance(schema, Mapping):
        return value
    if isinstance(value, list):
        return [with_defaults(schema.get("items"), item) for item in value]
    if not isinstance(value, dict):
        return value
    made, more = dict(value), schema.get("additionalProperties")
    properties = _mapping(schema.get("properties"))
    for key in properties:
        field = _mapping(properties[key])
        empty = made.get(key) is None and not (key in made and field.get("nullable"))
        if empty and "default" in field:
            made[key] = copy.deepcopy(field["default"])
        if key in made:
            made[key] = with_defaults(field, made[key])
    return {key: item if key in properties else with_defaults(more, item) for key, item in made.items()}


def _told(error: jsonschema_rs.ValidationError) -> Iterator[Violation]:
    path = "".join(f"/{escape(step)}" for step in error.instance_path)
    if error.kind.name == "additionalProperties":
        for name in error.kind.as_dict().get("unexpected", ()):
            yield Violation("unknown-field", f"{path}/{escape(name)}", f"there is no field {name}")
    else:
        yield Violation("invalid-object", path, error.message)


def _whole(schema: Manifest) -> Manifest:
    made = _schema(schema)
    properties = {**_mapping(made.get("properties")), **{key: {} for key in _OBJECT}}
    return {**made, "properties": properties}


def _schema(schema: Any) -> Any:
    """One schema; whatever is no schema allows everything."""
    if not isinstance(schema, Mapping):
        return {}
    made = {key: schema[key] for key in _AS_THEY_ARE if key in schema}
    made.update(_bounds(schema))
    if schema.get("x-kubernetes-int-or-string"):
        made["type"] = ["integer", "string"]
    if "items" in schema:
        made["items"] = _schema(schema["items"])
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            made[key] = [_rules(one) for one in schema[key]]
    if "not" in schema:
        made["not"] = _rules(schema["not"])
    if schema.get("type") == "object":
        made.update(_fields(schema))
    return made


def _fields(schema: Mapping[str, Any]) -> Manifest:
    properties = {str(key): _schema(value) for key, value in _mapping(schema.get("properties")).items()}
    if schema.get("x-kubernetes-embedded-resource"):
        properties = {**{key: {} for key in _OBJECT}, **properties}
    made: Manifest = {"properties": properties}
    if "additionalProperties" in schema:
        made["additionalProperties"] = _more(schema["additionalProperties"])
    elif not schema.get("x-kubernetes-preserve-unknown-fields"):
        made["additionalProperties"] = False
    required = schema.get("required")
    made["required"] = [
        key for key in (required if isinstance(required, list) else ()) if not _filled(schema, key)
    ]
    return made


def _more(allowed: Any) -> Any:
    return allowed if isinstance(allowed, bool) else _schema(allowed)


def _filled(schema: Mapping[str, Any], key: str) -> bool:
    """Whether a required field may be left out here: it has a default, or null is one of its values."""
    field = _mapping(_mapping(schema.get("properties")).get(key))
    return "default" in field or bool(field.get("nullable"))


def _rules(schema: Any) -> Any:
    """A schema inside of allOf and the like: it says nothing about which fields there are."""
    if not isinstance(schema, Mapping):
        return {}
    made = {key: schema[key] for key in (*_AS_THEY_ARE, "required") if key in schema}
    made.update(_bounds(schema))
    if properties := _mapping(schema.get("properties")):
        made["properties"] = {str(key): _rules(value) for key, value in properties.items()}
    if "items" in schema:
        made["items"] = _rules(schema["items"])
    for key in ("allOf", "anyOf", "oneOf"):
        if isinstance(schema.get(key), list) and schema[key]:
            made[key] = [_rules(one) for one in schema[key]]
    if "not" in schema:
        made["not"] = _rules(schema["not"])
    return made


def _bounds(schema: Mapping[str, Any]) -> Manifest:
    """OpenAPI 3.0 says whether a bound is exclusive; JSON Schema has another word for an exclusive one."""
    return {
        f"exclusive{key.capitalize()}" if schema.get(f"exclusive{key.capitalize()}") is True else key: schema[
            key
        ]
        for key in ("minimum", "maximum")
        if key in schema
    }


def _without_patterns(schema: Any) -> Any:
    """For patterns of Go that the validator cannot read."""
    if isinstance(schema, dict):
        return {
            key: _without_patterns(value)
            for key, value in schema.items()
            if not (key == "pattern" and isinstance(value, str))
        }
    return [_without_patterns(item) for item in schema] if isinstance(schema, list) else schema


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return [_without_nulls(item) for item in value] if isinstance(value, list) else value


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}
