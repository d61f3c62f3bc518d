"""Which kinds are served: the built-in ones and what CustomResourceDefinitions add."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

from bot.demo.cluster.schemas import ANY, Schema, built_in, custom

CRD_GROUP = "apiextensions.k8s.io"


@dataclass(frozen=True, slots=True)
class Resource:
    """One served resource in one version."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    schema: Schema
    entry: dict[str, Any] = field(hash=False, compare=False)
    custom: bool = False
    generates: bool = True

    @property
    def api_version(self) -> str:
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def identity(self) -> dict[str, Any]:
        """apiVersion and kind, as a manifest has them."""
        return {"apiVersion": self.api_version, "kind": self.kind}

    @property
    def verbs(self) -> tuple[str, ...]:
        return tuple(self.entry.get("verbs", ()))

    @property
    def subresources(self) -> tuple[str, ...]:
        return tuple(one["subresource"] for one in self.entry.get("subresources", ()))


# Kinds whose metadata has no generation.
_NO_GENERATION = frozenset(
    "ConfigMap Secret Service ServiceAccount Endpoints Event Namespace Node PersistentVolume "
    "PersistentVolumeClaim LimitRange ResourceQuota PodTemplate ControllerRevision Lease EndpointSlice "
    "HorizontalPodAutoscaler StorageClass CSIDriver CSINode VolumeAttachment CSIStorageCapacity "
    "Role RoleBinding ClusterRole ClusterRoleBinding IPAddress APIService".split()
)


class Resources:
    """The registry. Custom kinds come and go with `define` and `forget`."""

    def __init__(self) -> None:
        served = json.loads(files(__package__).joinpath("served.json").read_text(encoding="utf-8"))
        self.definitions: dict[str, Any] = served["schemas"]
        self._groups: list[dict[str, Any]] = served["groups"]
        self._names = {
            (one.get("group", ""), one["version"], one["kind"]): name
            for name, schema in self.definitions.items()
            for one in schema.get("x-kubernetes-group-version-kind", ())
        }
        self._built_in = {
            (one.group, one.version, one.plural): one
            for item in self._groups
            for one in self._resources(item)
        }
        self._custom: dict[str, dict[tuple[str, str, str], Resource]] = {}

    def find(self, group: str, version: str, plural: str) -> Resource | None:
        """The resource served at a path."""
        key = (group, version, plural)
        return self._built_in.get(key) or next((it[key] for it in self._custom.values() if key in it), None)

    def of_kind(self, api_version: str, kind: str) -> Resource | None:
        """The resource that serves a manifest's apiVersion and kind."""
        return next((one for one in self if (one.api_version, one.kind) == (api_version, kind)), None)

    def __iter__(self) -> Iterator[Resource]:
        yield from self._built_in.values()
        for served in self._custom.values():
            yield from served.values()

    def served(self) -> set[tuple[str, str]]:
        """Every group and version."""
        return {(one.group, one.version) for one in self}

    def versions(self) -> dict[str, list[str]]:
        """Group -> its versions, the preferred one first."""
        found: dict[str, list[str]] = {}
        for one in self:
            if one.version not in found.setdefault(one.group, []):
                found[one.group].append(one.version)
        return found

    def define(self, crd: dict[str, Any]) -> None:
        """Serves what a CustomResourceDefinition defines."""
        spec, served = crd["spec"], {}
        for version in spec.get("versions", ()):
            if version.get("served"):
                one = self._defined(spec, version)
                served[(one.group, one.version, one.plural)] = one
        self._custom[crd["metadata"]["name"]] = served

    def forget(self, crd_name: str) -> None:
        """Serves them no longer."""
        self._custom.pop(crd_name, None)

    def clear(self) -> None:
        """Forgets every custom kind."""
        self._custom.clear()

    def _defined(self, spec: dict[str, Any], version: dict[str, Any]) -> Resource:
        group, names, name = spec["group"], spec["names"], version["name"]
        verbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"]
        kind = {"group": group, "version": name, "kind": names["kind"]}
        subresources: list[dict[str, Any]] = []
        for subresource in version.get("subresources") or {}:
            answers = (
                {"group": "autoscaling", "version": "v1", "kind": "Scale"} if subresource == "scale" else kind
            )
            subresources.append(
                {"subresource": subresource, "responseKind": answers, "verbs": ["get", "patch", "update"]}
            )
        entry: dict[str, Any] = {
            "resource": names["plural"],
            "responseKind": kind,
            "scope": spec["scope"],
            "singularResource": names.get("singular") or names["kind"].lower(),
            "verbs": verbs,
            "shortNames": names.get("shortNames", []),
            "categories": names.get("categories", []),
            "subresources": subresources,
        }
        schema = custom((version.get("schema") or {}).get("openAPIV3Schema"), self.definitions)
        namespaced = spec["scope"] == "Namespaced"
        return Resource(group, name, names["plural"], names["kind"], namespaced, schema, entry, custom=True)

    def _resources(self, item: dict[str, Any]) -> Iterator[Resource]:
        group = item["metadata"].get("name", "")
        for version in item["versions"]:
            for entry in version["resources"]:
                kind = entry["responseKind"]["kind"]
                name = self._names.get((group, version["version"], kind))
                yield Resource(
                    group,
                    version["version"],
                    entry["resource"],
                    kind,
                    entry["scope"] == "Namespaced",
                    built_in(name, self.definitions) if name else ANY,
                    entry,
                    generates=kind not in _NO_GENERATION,
                )
