"""What the API server says of itself: version, discovery in both forms, and OpenAPI."""

import hashlib
from typing import Any

from bot.demo.cluster.resources import Resource, Resources

VERSION = {
    "major": "1",
    "minor": "36",
    "gitVersion": "v1.36.3",
    "gitCommit": "",
    "gitTreeState": "",
    "buildDate": "1970-01-01T00:00:00Z",
    "goVersion": "",
    "compiler": "",
    "platform": "linux/amd64",
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"


def aggregated(resources: Resources, *, core: bool) -> dict[str, Any]:
    """The APIGroupDiscoveryList of /api or /apis."""
    items = []
    for group, versions in resources.versions().items():
        if (group == "") != core:
            continue
        listed = [
            {
                "version": version,
                "resources": [one.entry for one in resources if (one.group, one.version) == (group, version)],
                "freshness": "Current",
            }
            for version in versions
        ]
        items.append({"metadata": {"name": group} if group else {}, "versions": listed})
    return {
        "kind": "APIGroupDiscoveryList",
        "apiVersion": "apidiscovery.k8s.io/v2",
        "metadata": {},
        "items": items,
    }


def core_versions(address: str) -> dict[str, Any]:
    """The APIVersions of /api."""
    where = [{"clientCIDR": "0.0.0.0/0", "serverAddress": address}]
    return {"kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": where}


def group_list(resources: Resources) -> dict[str, Any]:
    """The APIGroupList of /apis."""
    groups = [_group(name, versions) for name, versions in resources.versions().items() if name]
    return {"kind": "APIGroupList", "apiVersion": "v1", "groups": groups}


def group(resources: Resources, name: str) -> dict[str, Any] | None:
    """The APIGroup of /apis/<name>, or None."""
    versions = resources.versions().get(name)
    return {"kind": "APIGroup", "apiVersion": "v1"} | _group(name, versions) if versions and name else None


def _group(name: str, versions: list[str]) -> dict[str, Any]:
    listed = [{"groupVersion": f"{name}/{version}", "version": version} for version in versions]
    return {"name": name, "versions": listed, "preferredVersion": listed[0]}


def resource_list(resources: Resources, group_name: str, version: str) -> dict[str, Any] | None:
    """The APIResourceList of one group and version, or None where it is not served."""
    served = [one for one in resources if (one.group, one.version) == (group_name, version)]
    if not served:
        return None
    listed = [entry for one in served for entry in _api_resources(one)]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": served[0].api_version,
        "resources": listed,
    }


def _api_resources(one: Resource) -> list[dict[str, Any]]:
    main = {
        "name": one.plural,
        "singularName": one.entry.get("singularResource", ""),
        "namespaced": one.namespaced,
        "kind": one.kind,
        "verbs": list(one.verbs),
    }
    for theirs, ours in (("shortNames", "shortNames"), ("categories", "categories")):
        if one.entry.get(theirs):
            main[ours] = one.entry[theirs]
    listed = [main]
    for sub in one.entry.get("subresources", ()):
        answers = sub["responseKind"]
        listed.append(
            {
                "name": f"{one.plural}/{sub['subresource']}",
                "singularName": "",
                "namespaced": one.namespaced,
                "kind": answers["kind"],
                "verbs": sub["verbs"],
            }
        )
    return listed


def open_api_index(resources: Resources) -> dict[str, Any]:
    """The index of /openapi/v3. The hash in an address changes with what is served there."""
    paths = {}
    for group_name, versions in resources.versions().items():
        for version in versions:
            path = f"apis/{group_name}/{version}" if group_name else f"api/{version}"
            names = [one.plural for one in resources if (one.group, one.version) == (group_name, version)]
            digest = hashlib.sha256(f"{path} {names}".encode()).hexdigest()[:32].upper()
            paths[path] = {"serverRelativeURL": f"/openapi/v3/{path}?hash={digest}"}
    return {"paths": paths}


def open_api(resources: Resources, group_name: str, version: str) -> dict[str, Any] | None:
    """The OpenAPI document of one group and version: the schemas, and that each path validates fields."""
    served = [one for one in resources if (one.group, one.version) == (group_name, version)]
    if not served:
        return None
    base = f"/apis/{group_name}/{version}" if group_name else f"/api/{version}"
    paths: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    for one in served:
        where = f"{base}/namespaces/{{namespace}}/{one.plural}" if one.namespaced else f"{base}/{one.plural}"
        gvk = {"group": one.group, "version": one.version, "kind": one.kind}
        paths[f"{where}/{{name}}"] = {"patch": _operation(gvk)}
        paths[where] = {"post": _operation(gvk)}
        if one.custom:
            wanted[f"{group_name}.{version}.{one.kind}"] = one.schema.described | {
                "x-kubernetes-group-version-kind": [gvk]
            }
        elif one.schema.name:
            wanted[one.schema.name] = resources.definitions[one.schema.name]
    return {
        "openapi": "3.0.0",
        "info": {"title": "Kubernetes", "version": VERSION["gitVersion"]},
        "paths": paths,
        "components": {"schemas": _with_references(wanted, resources.definitions)},
    }


def _operation(gvk: dict[str, str]) -> dict[str, Any]:
    names = ("dryRun", "fieldManager", "fieldValidation", "force")
    parameters = [{"name": name, "in": "query", "schema": {"type": "string"}} for name in names]
    return {"parameters": parameters, "responses": {}, "x-kubernetes-group-version-kind": gvk}


def _with_references(wanted: dict[str, Any], definitions: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    pending: list[tuple[str, Any]] = list(wanted.items())
    while pending:
        name, schema = pending.pop()
        if name in found:
            continue
        found[name] = schema
        pending += [(one, definitions[one]) for one in _references(schema) if one not in found]
    return found


def _references(schema: Any) -> list[str]:
    match schema:
        case {"$ref": str(reference)}:
            return [reference.rpartition("/")[2]]
        case dict():
            return [one for inner in schema.values() for one in _references(inner)]
        case list():
            return [one for inner in schema for one in _references(inner)]
        case _:
            return []
