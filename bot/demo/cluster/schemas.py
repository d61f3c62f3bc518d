"""What may stand where in an object, and how each place merges: the OpenAPI schemas, read once.

The same reading serves the built-in kinds (served.json) and custom resources (their CRD's schema).
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Literal, TypeAlias

Shape: TypeAlias = Literal[
    "any",
    "string",
    "integer",
    "number",
    "boolean",
    "bytes",
    "quantity",
    "int-or-string",
    "struct",
    "map",
    "list",
]

_QUANTITY = "io.k8s.apimachinery.pkg.api.resource.Quantity"
_OBJECT_META = "io.k8s.apimachinery.pkg.apis.meta.v1.ObjectMeta"
_REF = "#/components/schemas/"


class Schema:
    """One place of an object. `shape` "any" is free of rules: maps merge, lists are replaced whole."""

    def __init__(
        self, raw: Mapping[str, Any], definitions: Mapping[str, Any], *, custom: bool = False
    ) -> None:
        reference = str(raw.get("$ref", "")).removeprefix(_REF)
        self.name = reference
        self.custom = custom
        self._definitions = definitions
        self._raw: Mapping[str, Any] = {**definitions[reference], **raw} if reference else raw

    @cached_property
    def shape(self) -> Shape:
        raw = self._raw
        if self.name == _QUANTITY:
            return "quantity"
        if raw.get("format") == "int-or-string" or raw.get("x-kubernetes-int-or-string"):
            return "int-or-string"
        match raw.get("type"):
            case "object" if "properties" in raw:
                return "struct"
            case "object" if isinstance(raw.get("additionalProperties"), dict):
                return "map"
            case "array":
                return "list"
            case "string" if raw.get("format") == "byte":
                return "bytes"
            case "string":
                return "string"
            case "integer":
                return "integer"
            case "number":
                return "number"
            case "boolean":
                return "boolean"
            case _:
                return "any"

    @cached_property
    def fields(self) -> Mapping[str, "Schema"]:
        """The named fields of a struct."""
        return {name: self._inner(raw) for name, raw in self._raw.get("properties", {}).items()}

    @cached_property
    def element(self) -> "Schema":
        """What a list or a map holds."""
        raw = self._raw.get("items") if self.shape == "list" else self._raw.get("additionalProperties")
        return self._inner(raw if isinstance(raw, dict) else {})

    def at(self, name: str) -> "Schema":
        """The schema of one key of a map or struct; ANY where nothing is known."""
        if self.shape == "struct":
            return self.fields.get(name, ANY)
        return self.element if self.shape == "map" else ANY

    @cached_property
    def atomic(self) -> bool:
        """Whether the whole value belongs to one manager."""
        if self.shape == "list":
            return bool(self._raw.get("x-kubernetes-list-type", "atomic") == "atomic")
        return bool(self._raw.get("x-kubernetes-map-type") == "atomic")

    @cached_property
    def keys(self) -> tuple[str, ...]:
        """The fields that tell the items of a list apart; empty for sets and atomic lists."""
        return tuple(self._raw.get("x-kubernetes-list-map-keys", ())) if not self.atomic else ()

    @cached_property
    def is_set(self) -> bool:
        return self._raw.get("x-kubernetes-list-type") == "set"

    @cached_property
    def patch_key(self) -> str:
        """The merge key of a strategic merge patch; empty where lists are replaced."""
        return str(self._raw.get("x-kubernetes-patch-merge-key", ""))

    @cached_property
    def patch_strategy(self) -> str:
        return str(self._raw.get("x-kubernetes-patch-strategy", ""))

    @cached_property
    def required(self) -> tuple[str, ...]:
        return tuple(self._raw.get("required", ()))

    @cached_property
    def enum(self) -> tuple[Any, ...]:
        return tuple(self._raw.get("enum", ()))

    @cached_property
    def default(self) -> Any:
        return self._raw.get("default")

    @cached_property
    def by_value(self) -> bool:
        """Whether a struct is there even when nobody wrote it, so that nobody can own its presence."""
        return self.shape == "struct" and self._raw.get("default") == {}

    @cached_property
    def keeps_unknown(self) -> bool:
        """Whether fields that are not declared stay."""
        return bool(self._raw.get("x-kubernetes-preserve-unknown-fields")) or self.shape == "any"

    @property
    def described(self) -> dict[str, Any]:
        """The schema as OpenAPI has it."""
        return dict(self._raw)

    def limit(self, name: str) -> Any:
        """A bare keyword of the schema, such as `minimum` or `pattern`; None where it is absent."""
        return self._raw.get(name)

    def _inner(self, raw: Mapping[str, Any]) -> "Schema":
        return Schema(raw, self._definitions, custom=self.custom)


ANY = Schema({}, {})


def built_in(name: str, definitions: Mapping[str, Any]) -> Schema:
    """The schema of a named definition."""
    return Schema({"$ref": _REF + name}, definitions)


def custom(raw: Mapping[str, Any] | None, definitions: Mapping[str, Any]) -> Schema:
    """The schema of a custom resource: the CRD's openAPIV3Schema with the fields that every object has."""
    raw = raw or {"x-kubernetes-preserve-unknown-fields": True}
    common = {
        "apiVersion": {"type": "string"},
        "kind": {"type": "string"},
        "metadata": {"$ref": _REF + _OBJECT_META},
    }
    properties = {**raw.get("properties", {}), **common}
    return Schema({**raw, "type": "object", "properties": properties}, definitions, custom=True)
