"""What our identity may do in a cluster: asked of the API server (SelfSubjectAccessReview), and tried."""

import asyncio
import os
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from uuid import uuid4

from bot.adapters.cluster.access import client_for
from bot.adapters.cluster.wire import Call, Wire
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import Target
from bot.core.rights import Right

SECONDS = 10.0
_REFUSED = 400
_REVIEWS = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_WHO = "/apis/authentication.k8s.io/v1/selfsubjectreviews"


@dataclass(frozen=True, slots=True)
class Reviewed:
    """`user` is our name there, "" where the API server does not say (before 1.28). `version` is its own."""

    user: str
    version: str
    denied: tuple[Right, ...]


@dataclass(frozen=True, slots=True)
class WriteTried:
    """What came of a real write of the ConfigMap `name`. `left`: it was made, and could not be taken back."""

    name: str
    status: int
    words: str
    left: bool


async def try_write(
    target: Target, namespace: str, environment: Mapping[str, str] = os.environ
) -> WriteTried:
    """Sends what a plan sends for a new ConfigMap, but for real; where it is made, deletes it at once.

    Raises AuthorError (`cluster-config`), ClusterUnreachable, ClusterForbids.
    """
    wire = Wire(await client_for(target, environment), seconds=SECONDS, requests=Counter())
    name = f"purser-doctor-{uuid4().hex[:12]}"
    path = f"/api/v1/namespaces/{namespace}/configmaps/{name}"
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": namespace}}
    query = (("fieldManager", "purser-doctor"),)
    write = Call("patch", "a write", "PATCH", path, query, body, "application/apply-patch+yaml")
    undo = Call("delete", "what was written", "DELETE", path)
    try:
        try:
            reply = await wire.send(write)
        except ClusterUnreachable:
            with suppress(ClusterUnreachable):
                await wire.send(undo)  # nobody knows whether it was made
            raise
        left = reply.status < _REFUSED and (await wire.send(undo)).status not in (200, 202, 404)
    finally:
        await wire.close()
    return WriteTried(name, reply.status, reply.message, left)


async def review(
    target: Target, rights: Sequence[Right], environment: Mapping[str, str] = os.environ
) -> Reviewed:
    """Asks for each of the rights; changes nothing.

    Raises AuthorError (`cluster-config`), ClusterUnreachable, ClusterForbids.
    """
    wire = Wire(await client_for(target, environment), seconds=SECONDS, requests=Counter())
    try:
        version = await wire.send(Call("get", "the version", "GET", "/version"))
        user = await _user(wire)
        allowed = await asyncio.gather(*(_allowed(wire, right) for right in rights))
    finally:
        await wire.close()
    denied = tuple(right for right, may in zip(rights, allowed, strict=True) if not may)
    return Reviewed(user, str(version.content.get("gitVersion", "")), denied)


async def _user(wire: Wire) -> str:
    body = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    reply = await wire.send(Call("create", "our own name", "POST", _WHO, body=body))
    match reply.content:
        case {"status": {"userInfo": {"username": str(name)}}}:
            return name
    return ""


async def _allowed(wire: Wire, right: Right) -> bool:
    resource, _, part = right.resource.partition("/")
    attributes = {"verb": right.verb, "group": right.group, "resource": resource}
    if part:
        attributes["subresource"] = part
    if right.namespace:
        attributes["namespace"] = right.namespace
    body = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    reply = await wire.send(Call("create", "an access review", "POST", _REVIEWS, body=body))
    match reply.content:
        case {"status": {"allowed": bool(allowed)}}:
            return allowed
    raise ClusterForbids(f"access reviews are refused (HTTP {reply.status})")
