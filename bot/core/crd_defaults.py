"""The defaults that a CRD's schema gives to a custom resource, as the API server fills them in.

Source: apiextensions-apiserver, pkg/apiserver/schema/defaulting of Kubernetes 1.36.
"""

import copy
from typing import Any

from bot.core.model import Manifest


def with_defaults(schema: Manifest, manifest: Manifest) -> Manifest:
    """A copy of the object with the defaults of its openAPIV3Schema; what it says itself stays."""
    made: Manifest = copy.deepcopy(manifest)
    _fill(schema, made)
    return made


def _fill(schema: Any, value: Any) -> None:
    if not isinstance(schema, dict):
        return
    if isinstance(value, dict):
        _fill_map(schema, value)
    elif isinstance(value, list):
        for item in value:
            _fill(schema.get("items"), item)


def _fill_map(schema: dict[str, Any], value: dict[str, Any]) -> None:
    properties = schema.get("properties")
    known = properties if isinstance(properties, dict) else {}
    for name, of_field in known.items():
        if not isinstance(of_field, dict):
            continue
        # A null where none is allowed counts as absent.
        absent = name not in value or (value[name] is None and not of_field.get("nullable"))
        if absent and of_field.get("default") is not None:
            value[name] = copy.deepcopy(of_field["default"])
        if name in value:
            _fill(of_field, value[name])
    for name in value.keys() - known.keys():
        _fill(schema.get("additionalProperties"), value[name])
