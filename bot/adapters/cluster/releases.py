"""Helm's releases, found by the labels of its Secrets; whole Secrets are large and read only where needed."""

import re
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from bot.adapters.cluster.wire import Call, Reply, Wire
from bot.app.ports.cluster import ReleaseHead
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.helm_record import revision_in, secret_name
from bot.core.model import Manifest

_METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_WHOLE = "application/json"
_PAGE = "500"
# A Secret may have 1 MiB; few of Helm's come near.
_WHOLE_PAGE = "50"
# Helm's own rule for names, so that a name cannot add to the selector.
_RELEASE_NAME = re.compile(r"[a-z0-9]([-a-z0-9.]*[a-z0-9])?")


async def heads(wire: Wire, namespace: str = "", release: str = "") -> list[ReleaseHead]:
    """Every revision in the namespace (empty: all), of one release or of all; newest first per release."""
    if release and not _RELEASE_NAME.fullmatch(release):
        return []
    selector = "owner=helm" + (f",name={release}" if release else "")
    items = await _listed(wire, namespace, selector)
    found = [head for item in items if (head := head_of(item)) is not None]
    return sorted(found, key=lambda head: (head.namespace, head.name, -head.revision))


async def record(wire: Wire, namespace: str, release: str, revision: int) -> Manifest | None:
    """The Secret of one revision, or None where it is gone."""
    call = Call(
        verb="get",
        what=f"get secrets in namespace {namespace}",
        method="GET",
        path=f"{_path(namespace)}/{quote(secret_name(release, revision), safe='')}",
    )
    reply = await wire.send(call)
    if reply.status == 404:
        return None
    _check(reply.status, call)
    return dict(reply.content)


async def deployed(wire: Wire, namespace: str = "") -> AsyncIterator[Manifest]:
    """The whole Secrets of every deployed revision in the namespace (empty: all), page by page.

    It ends early where the list becomes too old to go on.
    """
    token = ""
    while True:
        call = _list_call(namespace, "owner=helm,status=deployed", token, limit=_WHOLE_PAGE, accept=_WHOLE)
        reply = await wire.send(call)
        if reply.status == 410 and token:
            return
        _check(reply.status, call)
        token = _continue(reply)
        for item in reply.content.get("items") or []:
            yield item
        if not token:
            return


async def _listed(wire: Wire, namespace: str, selector: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    token = ""
    while True:
        call = _list_call(namespace, selector, token)
        reply = await wire.send(call)
        if reply.status == 410:
            # The list took so long that its snapshot is gone: once more, in one piece.
            call = _list_call(namespace, selector, None)
            reply, items = await wire.send(call), []
        _check(reply.status, call)
        items += reply.content.get("items") or []
        token = _continue(reply)
        if not token:
            return items


def _continue(reply: Reply) -> str:
    return str((reply.content.get("metadata") or {}).get("continue") or "")


def _list_call(
    namespace: str, selector: str, token: str | None, *, limit: str = _PAGE, accept: str = _METADATA_ONLY
) -> Call:
    query = [("labelSelector", selector)]
    if token is not None:
        query.append(("limit", limit))
    if token:
        query.append(("continue", token))
    where = f"in namespace {namespace}" if namespace else "in all namespaces"
    return Call("list", f"list secrets {where}", "GET", _path(namespace), tuple(query), accept=accept)


def _path(namespace: str) -> str:
    return f"/api/v1/namespaces/{quote(namespace, safe='')}/secrets" if namespace else "/api/v1/secrets"


def _check(status: int, call: Call) -> None:
    if status == 403:
        raise ClusterForbids(f"The API server forbids us to {call.what}.")
    if status != 200:
        raise ClusterUnreachable(f"The API server could not {call.what} (HTTP {status}).")


def head_of(item: Manifest) -> ReleaseHead | None:
    """Which revision a Secret keeps, by its metadata; None for one that Helm did not write."""
    metadata = item.get("metadata") or {}
    kept = revision_in(str(metadata.get("name", "")))
    labels = metadata.get("labels") or {}
    if kept is None or "status" not in labels:
        return None
    return ReleaseHead(
        name=kept[0],
        namespace=str(metadata.get("namespace", "")),
        revision=kept[1],
        status=str(labels["status"]),
        resource_version=str(metadata.get("resourceVersion", "")),
        ours="purser.io/run" in labels,
    )
