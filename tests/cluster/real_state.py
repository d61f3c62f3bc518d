"""Everything that a cluster holds, and nodes that are not there played for jobs."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from bot.core.model import Manifest
from tests.cluster.api import Api, ApiError
from tests.cluster.truth_compare import State, name_of

_OFFSPRING = (
    "Event",
    "Lease",
    "IPAddress",
    "EndpointSlice",
    "ControllerRevision",
    "Pod",
    "ReplicaSet",
    "Node",
)
_OWN = (("ConfigMap", "kube-root-ca.crt"), ("ServiceAccount", "default"), ("Namespace", "default"))
_RELEASE = "meta.helm.sh/release-name"
_PAUSE = 0.2


def everything(api: Api) -> State:
    """Every object of every kind that is nobody's offspring and not a server's own bookkeeping."""
    return {
        name_of(manifest): manifest
        for base in _versions(api)
        for manifest in _objects(api, base)
        if _of_interest(manifest)
    }


def _versions(api: Api) -> Iterator[str]:
    yield "/api/v1"
    for group in api.call("GET", "/apis")["groups"]:
        if group["name"] not in ("events.k8s.io", "metrics.k8s.io"):
            yield f"/apis/{group['preferredVersion']['groupVersion']}"


def _objects(api: Api, base: str) -> Iterator[Manifest]:
    found = _patiently(api, base)
    for kind in found["resources"] if found else ():
        if "list" not in kind["verbs"] or "/" in kind["name"] or kind["kind"] in _OFFSPRING:
            continue
        if answer := _patiently(api, f"{base}/{kind['name']}"):
            for item in answer["items"]:
                yield {"apiVersion": answer["apiVersion"], "kind": kind["kind"], **item}


def _patiently(api: Api, path: str) -> Any:
    """The answer, None for a kind that goes; a kind that has just come answers 429 or 503 at first."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return api.call("GET", path)
        except ApiError as error:
            if error.status in (404, 405):
                return None
            if error.status not in (429, 503) or time.monotonic() > deadline:
                raise
        time.sleep(_PAUSE)


def _of_interest(manifest: Manifest) -> bool:
    metadata = manifest["metadata"]
    labels, annotations = metadata.get("labels") or {}, metadata.get("annotations") or {}
    helms = manifest["kind"] == "Secret" and manifest.get("type") == "helm.sh/release.v1"
    own = (manifest["kind"], metadata["name"]) in _OWN
    servers = (
        "kube-aggregator.kubernetes.io/automanaged" in labels
        or "endpoints.kubernetes.io/last-change-trigger-time" in annotations
        or manifest["kind"] in ("Endpoints", "FlowSchema", "PriorityLevelConfiguration")
        or "aggregationRule" in manifest
    )
    # A StatefulSet's claims have no owner, so that they outlive it.
    claimed = manifest["kind"] == "PersistentVolumeClaim" and _RELEASE not in annotations
    going = bool(metadata.get("ownerReferences")) or "deletionTimestamp" in metadata or claimed
    return not (helms or own or servers or going)


@contextmanager
def finishing_jobs(api: Api) -> Iterator[None]:
    """Pods of jobs succeed at once, as nodes would have them do: hooks are waited for."""
    stop = threading.Event()
    thread = threading.Thread(target=_finish, args=(api, stop), daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def _finish(api: Api, stop: threading.Event) -> None:
    body = {"status": {"phase": "Succeeded"}}
    while not stop.wait(_PAUSE):
        for pod in api.call("GET", "/api/v1/pods?fieldSelector=status.phase%3DPending")["items"]:
            owners = pod["metadata"].get("ownerReferences") or [{"kind": "Job"}]
            if owners[0]["kind"] == "Job":
                path = (
                    f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}/status"
                )
                try:
                    api.call("PATCH", path, body, content_type="application/merge-patch+json")
                except ApiError:
                    continue
