"""What an API server serves, read in two calls (aggregated discovery, Kubernetes 1.27 and later)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from bot.adapters.cluster.wire import Call, Wire
from bot.core.errors import AuthorError, ClusterForbids
from bot.core.release import Capabilities

_ACCEPT = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList"
    for version in ("v2", "v2beta1")
)


@dataclass(frozen=True, slots=True)
class Served:
    """A kind that can be asked for: its API's path (`/apis/apps/v1`), its plural, scope and verbs."""

    base: str
    plural: str
    namespaced: bool
    verbs: frozenset[str]

    def path(self, namespace: str, name: str = "") -> str:
        """The path of one object, or of the collection where `name` is empty."""
        within = f"/namespaces/{quote(namespace, safe='')}" if self.namespaced and namespace else ""
        return f"{self.base}{within}/{self.plural}" + (f"/{quote(name, safe='')}" if name else "")


@dataclass(frozen=True, slots=True)
class Discovered:
    """Version, kinds by (apiVersion, kind), and the API versions as Helm's `.Capabilities` has them."""

    capabilities: Capabilities
    kinds: Mapping[tuple[str, str], Served]


async def discover(wire: Wire) -> Discovered:
    """Asks for version and APIs.

    Raises AuthorError (`cluster-version`) for an API server that is too old, ClusterForbids where we may not.
    """
    version = await _get(wire, "/version")
    kinds: dict[tuple[str, str], Served] = {}
    names: set[str] = set()
    for root in ("/api", "/apis"):
        for api_version, resources in _apis(await _get(wire, root)):
            names.add(api_version)
            for kind, resource in _kinds(resources):
                # As client-go does it: a subresource's kind counts under the version that it is found in.
                names.add(f"{api_version}/{kind}")
                if resource is not None:
                    kinds.setdefault((api_version, kind), _served(f"{root}/{api_version}", resource))
    return Discovered(Capabilities(str(version.get("gitVersion", "")), tuple(sorted(names))), kinds)


async def _get(wire: Wire, path: str) -> Mapping[str, Any]:
    reply = await wire.send(Call("discover", f"get {path}", "GET", path, accept=_accept(path)))
    if reply.status == 403:
        raise ClusterForbids(f"The API server forbids us to get {path}.")
    if reply.status != 200 or (path != "/version" and reply.content.get("kind") != "APIGroupDiscoveryList"):
        raise AuthorError(
            f"The API server does not tell what it serves (get {path}, HTTP {reply.status}).",
            fix="Kubernetes 1.27 or later is needed, and an address without a path of something else.",
            code="cluster-version",
        )
    return reply.content


def _accept(path: str) -> str:
    return "application/json" if path == "/version" else _ACCEPT


def _apis(groups: Mapping[str, Any]) -> Iterator[tuple[str, list[Mapping[str, Any]]]]:
    for group in groups.get("items") or ():
        name = (group.get("metadata") or {}).get("name", "")
        for version in group.get("versions") or ():
            # Stale: the API behind it does not answer, what it served before is not to be trusted.
            if version.get("freshness") != "Stale":
                api_version = f"{name}/{version['version']}" if name else version["version"]
                yield api_version, version.get("resources") or []


def _kinds(resources: list[Mapping[str, Any]]) -> Iterator[tuple[str, Mapping[str, Any] | None]]:
    """Kind and resource of each resource; kind and None of each subresource."""
    for resource in resources:
        if kind := (resource.get("responseKind") or {}).get("kind"):
            yield kind, resource
        for subresource in resource.get("subresources") or ():
            if kind := (subresource.get("responseKind") or {}).get("kind"):
                yield kind, None


def _served(base: str, resource: Mapping[str, Any]) -> Served:
    return Served(
        base=base,
        plural=str(resource["resource"]),
        namespaced=resource.get("scope") == "Namespaced",
        verbs=frozenset(str(verb) for verb in resource.get("verbs") or ()),
    )
