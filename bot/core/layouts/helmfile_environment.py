"""The values of a helmfile environment, and how helmfile merges them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.core.gotmpl.values import Struct


@dataclass(frozen=True, slots=True)
class Environment:
    """An environment: `defaults` are the `values` at the top of a helmfile, `values` its own."""

    name: str
    kube_context: str = ""
    values: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)

    def over(self, other: "Environment | None") -> "Environment":
        """This one with what another says laid over it."""
        if other is None:
            return self
        return Environment(
            other.name or self.name,
            other.kube_context or self.kube_context,
            layered(self.values, other.values),
            layered(self.defaults, other.defaults),
        )

    @property
    def merged(self) -> dict[str, Any]:
        """What templates see as `.Values`."""
        return layered(layered({}, self.defaults), self.values)

    @property
    def shown(self) -> Struct:
        """What templates see as `.Environment`."""
        return Struct(
            Name=self.name, KubeContext=self.kube_context, Values=self.values, Defaults=dict(self.defaults)
        )


def layered(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    """State values, one layer over another: maps deeply, a null never takes anything away.

    A list replaces a list, unless it holds a null: then it is laid over it item by item.
    """
    merged = dict(base)
    for key, value in over.items():
        before = merged.get(key)
        if value is None:
            merged.setdefault(key, None)
        elif isinstance(value, Mapping) and isinstance(before, Mapping):
            merged[key] = layered(before, value)
        elif isinstance(value, list) and isinstance(before, list):
            merged[key] = _items(before, value)
        else:
            merged[key] = value
    return merged


def _items(base: list[Any], over: list[Any]) -> list[Any]:
    if all(one is not None for one in over):
        return over
    result = [*base, *[None] * (len(over) - len(base))]
    for at, one in enumerate(over):
        if isinstance(one, Mapping) and isinstance(result[at], Mapping):
            result[at] = layered(result[at], one)
        elif one is not None:
            result[at] = one
    return result
