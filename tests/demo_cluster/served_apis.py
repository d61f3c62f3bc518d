"""Writes what the simulated cluster serves, as a real API server of the pinned version describes itself.

`python -m tests.demo_cluster.served_apis KUBECONFIG` rewrites bot/demo/cluster/served.json. Only names, types
and merge rules are taken over: no prose.
"""

import base64
import json
import ssl
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

import bot.demo.cluster

SERVED = Path(bot.demo.cluster.__file__).with_name("served.json")
GROUPS = {
    "": ("v1",),
    "admissionregistration.k8s.io": ("v1",),
    "apiextensions.k8s.io": ("v1",),
    "apiregistration.k8s.io": ("v1",),
    "apps": ("v1",),
    "authorization.k8s.io": ("v1",),
    "autoscaling": ("v2", "v1"),
    "batch": ("v1",),
    "coordination.k8s.io": ("v1",),
    "discovery.k8s.io": ("v1",),
    "events.k8s.io": ("v1",),
    "networking.k8s.io": ("v1",),
    "policy": ("v1",),
    "rbac.authorization.k8s.io": ("v1",),
    "scheduling.k8s.io": ("v1",),
    "storage.k8s.io": ("v1",),
}
AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
Get = Callable[[str, str], Any]


def getter(kubeconfig: Path) -> Get:
    """A function that GETs the JSON of a path with an Accept header, as the user of the kubeconfig."""
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    tls = urllib.request.HTTPSHandler(context=ssl.create_default_context(cadata=authority))
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), tls)

    def get(path: str, accept: str) -> Any:
        headers = {"Authorization": f"Bearer {user['token']}", "Accept": accept}
        with opener.open(urllib.request.Request(cluster["server"] + path, headers=headers)) as answer:
            return json.load(answer)

    return get


def described(get: Get) -> dict[str, Any]:
    """The discovery entries and the schemas of GROUPS."""
    groups: list[Any] = []
    for path in ("/api", "/apis"):
        for item in get(path, AGGREGATED)["items"]:
            name = item["metadata"].get("name", "")
            wanted = [_version(one) for one in item["versions"] if one["version"] in GROUPS.get(name, ())]
            if wanted:
                groups.append({"metadata": {"name": name} if name else {}, "versions": wanted})
    schemas: dict[str, Any] = {}
    for group, versions in GROUPS.items():
        for version in versions:
            path = f"/openapi/v3/apis/{group}/{version}" if group else f"/openapi/v3/api/{version}"
            schemas |= get(path, "application/json")["components"]["schemas"]
    return {"groups": groups, "schemas": {name: _bare(schemas[name]) for name in sorted(schemas)}}


def _version(version: dict[str, Any]) -> dict[str, Any]:
    return {"version": version["version"], "resources": version["resources"]}


def _bare(schema: Any) -> Any:
    """The schema without prose and zero defaults; those of structs stay, they tell a value from a pointer."""
    if not isinstance(schema, dict):
        return schema
    if len(schema.get("allOf", ())) == 1:
        schema = schema["allOf"][0] | {key: value for key, value in schema.items() if key != "allOf"}
    bare: dict[str, Any] = {}
    for key, value in schema.items():
        match key:
            case "description":
                continue
            case "default" if not value and not (value == {} and "$ref" in schema):
                continue
            case "x-kubernetes-group-version-kind" if len(value) > 3:  # the options that every group shares
                continue
            case "properties":
                bare[key] = {name: _bare(inner) for name, inner in value.items()}
            case "items" | "additionalProperties":
                bare[key] = _bare(value)
            case _:
                bare[key] = value
    return bare


def text(served: dict[str, Any]) -> str:
    """One group and one schema a line, so that a change of version can be read."""
    groups = ",\n".join(json.dumps(group, separators=(",", ":")) for group in served["groups"])
    schemas = ",\n".join(
        f"{json.dumps(name)}:{json.dumps(schema, separators=(',', ':'))}"
        for name, schema in served["schemas"].items()
    )
    return f'{{"groups":[\n{groups}\n],\n"schemas":{{\n{schemas}\n}}}}\n'


if __name__ == "__main__":
    SERVED.write_text(text(described(getter(Path(sys.argv[1])))), encoding="utf-8")
