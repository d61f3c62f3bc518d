"""Talks to an API server in steps, and takes from its answers what differs from one server to the next."""

import base64
import json
import re
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import yaml

from tests.demo_cluster.conversations import Step

Answer = tuple[int, Any]


class Talk:
    """One API server, called as the user of a kubeconfig; `namespace` is what {ns} stands for."""

    def __init__(self, session: aiohttp.ClientSession, server: str, namespace: str) -> None:
        self.session = session
        self.server = server
        self.namespace = namespace

    async def say(self, step: Step) -> Answer:
        """Status and body: parsed, or the text where it is no JSON."""
        path = step.path.replace("{ns}", self.namespace)
        body = None if step.body is None else json.dumps(step.body).replace("{ns}", self.namespace)
        headers = {"Content-Type": step.content_type, "Accept": step.accept}
        url = f"{self.server}{path}?{step.query}"
        async with self.session.request(step.method, url, data=body, headers=headers) as answer:
            text = await answer.text()
            try:
                return answer.status, json.loads(text)
            except ValueError:
                return answer.status, text


def _read(kubeconfig: Path) -> tuple[dict[str, str], dict[str, str]]:
    config = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    return config["clusters"][0]["cluster"], config["users"][0]["user"]


@asynccontextmanager
async def talk(kubeconfig: Path, namespace: str) -> AsyncIterator[Talk]:
    """A conversation in a namespace that is there from now on."""
    cluster, user = _read(kubeconfig)
    authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
    connector = aiohttp.TCPConnector(ssl=ssl.create_default_context(cadata=authority))
    headers = {"Authorization": f"Bearer {user['token']}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:
        one = Talk(session, cluster["server"], namespace)
        await one.say(Step("POST", "/api/v1/namespaces", {"metadata": {"name": namespace}}))
        yield one


_DIFFERS = frozenset(
    {
        "uid",
        "creationTimestamp",
        "time",
        "resourceVersion",
        "lastTransitionTime",
        "lastUpdateTime",
        "nodePort",
    }
)
_UID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}")
_CONTROLLED = frozenset({"Deployment", "StatefulSet", "DaemonSet", "Job", "PersistentVolumeClaim"})


def comparable(value: Any, namespace: str) -> Any:
    """The answer without what no two servers have alike, and what controllers do in their own time."""
    match value:
        case dict():
            kept = {key: value[key] for key in value}
            if "managedFields" in kept:
                _without_controllers(kept)
            if kept.get("kind") in _CONTROLLED and "spec" in kept:
                kept.pop("status", None)
            if kept.get("kind") == "Scale":  # how many pods there are by then
                kept["status"] = {key: it for key, it in kept["status"].items() if key != "replicas"}
            if kept.get("clusterIP") not in (None, "None"):
                kept |= {"clusterIP": "*", "clusterIPs": ["*"]}
            return {
                key: "*" if key in _DIFFERS else comparable(inner, namespace) for key, inner in kept.items()
            }
        case list():
            return [comparable(inner, namespace) for inner in value]
        case str():
            return _UID.sub("UID", value.replace(namespace, "NS"))
        case _:
            return value


def _without_controllers(metadata: dict[str, Any]) -> None:
    entries = [one for one in metadata["managedFields"] if one["manager"] != "kube-controller-manager"]
    metadata["managedFields"] = sorted(entries, key=lambda one: (one["manager"], one["operation"]))
    annotations = dict(metadata.get("annotations", {}))
    annotations.pop("deployment.kubernetes.io/revision", None)
    metadata.pop("annotations", None)
    if annotations:
        metadata["annotations"] = annotations
