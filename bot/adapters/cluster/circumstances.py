"""What else than the object decides an answer to a dry run: policies, quotas, rights, who we are.

All of it is read once per plan. Code that nobody can see (webhooks) makes kinds `opaque`: their answers may
change at any moment. docs/adr/0009 has the whole list, and what is left to time.
"""

import asyncio
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from bot.adapters.cluster.recall import Recall
from bot.adapters.cluster.wire import Call, Reply, Wire
from bot.app.together import together
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import Manifest
from bot.core.objects import canonical

METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
_ADMISSION = "/apis/admissionregistration.k8s.io/v1"
_WEBHOOKS = ("validatingwebhookconfigurations", "mutatingwebhookconfigurations")
_POLICIES = ("validatingadmissionpolicies", "mutatingadmissionpolicies")
_BINDINGS = ("validatingadmissionpolicybindings", "mutatingadmissionpolicybindings")
_OF_NAMESPACES = ("namespaces", "limitranges", "resourcequotas")
# What the node authorizer says to everybody who is no node.
_HARMLESS = ("", "node authorizer does not support user rule resolution")


@dataclass(frozen=True, slots=True)
class _State:
    """A digest, and whether all that it is of has stood long enough to be in force."""

    digest: str
    settled: bool


class Circumstances:
    """For one plan. Nothing is known (None) where something cannot be read."""

    def __init__(self, wire: Wire, recall: Recall, version: str) -> None:
        self._wire = wire
        self._recall = recall
        self._version = version
        self._looking = asyncio.Lock()
        self._looked = False
        self._general: _State | None = None
        self._now = 0.0
        self._opaque: frozenset[str] = frozenset()
        self._objects: dict[str, list[Manifest]] = {}
        self._spaces: dict[str, _State | None] = {}

    async def of(self, namespace: str, plural: str) -> tuple[str, bool] | None:
        """The digest for this resource in this namespace, and whether an answer may be kept under it."""
        async with self._looking:
            if not self._looked:
                self._looked = True
                await self._look()
            general = self._general
            if general is None or {"*", plural} & self._opaque:
                return None
            if namespace not in self._spaces:
                self._spaces[namespace] = await self._space(namespace)
        space = self._spaces[namespace]
        if space is None:
            return None
        return f"{general.digest}{space.digest}", general.settled and space.settled

    async def _look(self) -> None:
        paths = [f"{_ADMISSION}/{plural}" for plural in (*_WEBHOOKS, *_POLICIES, *_BINDINGS)]
        lists = await together(self._list(path, "application/json") for path in paths)
        scoped = await together(self._list(f"/api/v1/{plural}", METADATA) for plural in _OF_NAMESPACES)
        self_review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
        who = await self._review("/apis/authentication.k8s.io/v1/selfsubjectreviews", self_review)
        if who is None or any(found is None for found in (*lists, *scoped)):
            return
        self._now = _seconds((who.get("metadata") or {}).get("creationTimestamp"))
        rules = [item for found in lists for item in found or ()]
        self._opaque = frozenset(_opaque(rules))
        for found in scoped:
            for item in found or ():
                metadata = item.get("metadata") or {}
                self._objects.setdefault(str(metadata.get("namespace") or metadata.get("name")), []).append(
                    item
                )
        user = (who.get("status") or {}).get("userInfo") or {}
        known = [self._version, user.get("username"), sorted(user.get("groups") or ()), _versions(rules)]
        self._general = self._state("", known, rules)

    async def _space(self, namespace: str) -> _State | None:
        body = {
            "apiVersion": "authorization.k8s.io/v1",
            "kind": "SelfSubjectRulesReview",
            "spec": {"namespace": namespace},
        }
        said = await self._review("/apis/authorization.k8s.io/v1/selfsubjectrulesreviews", body)
        status = (said or {}).get("status") or {}
        if status.get("incomplete", True) or status.get("evaluationError", "") not in _HARMLESS:
            return None
        rights = sorted(
            canonical(rule)
            for kind in ("resourceRules", "nonResourceRules")
            for rule in status.get(kind) or ()
        )
        objects = self._objects.get(namespace, [])
        return self._state(namespace, [rights, _versions(objects)], objects)

    def _state(self, what: str, known: Any, objects: Iterable[Manifest]) -> _State:
        digest = hashlib.sha256(canonical(known).encode(errors="surrogatepass")).hexdigest()
        aged = all(self._now - _changed(one) >= self._recall.settling for one in objects)
        return _State(digest, self._recall.steady(what, digest) and aged)

    async def _list(self, path: str, accept: str) -> list[Manifest] | None:
        return await items_of(self._wire, Call("list", f"list {path}", "GET", path, accept=accept))

    async def _review(self, path: str, body: Manifest) -> Mapping[str, Any] | None:
        call = Call("review", f"create {path}", "POST", path, (("dryRun", "All"),), body=body)
        reply = await _sent(self._wire, call)
        return reply.content if reply is not None and reply.status in (200, 201) else None


async def items_of(wire: Wire, call: Call) -> list[Manifest] | None:
    """All items; none where the API server does not serve the path; None where it does not tell us."""
    reply = await _sent(wire, call)
    if reply is None or reply.status not in (200, 404):
        return None
    return list(reply.content.get("items") or ()) if reply.status == 200 else []


async def _sent(wire: Wire, call: Call) -> Reply | None:
    """What saves requests keeps no plan from being made."""
    try:
        return await wire.send(call)
    except (ClusterUnreachable, ClusterForbids):
        return None


def _versions(objects: Iterable[Manifest]) -> list[tuple[str, str]]:
    found = (one.get("metadata") or {} for one in objects)
    return sorted((str(metadata.get("uid")), str(metadata.get("resourceVersion"))) for metadata in found)


def _opaque(items: Iterable[Manifest]) -> Iterable[str]:
    """Resources (plurals, or *) about which something else decides than what these objects say."""
    for item in items:
        for webhook in item.get("webhooks") or ():
            yield from _plurals(webhook.get("rules"))
        spec = item.get("spec") or {}
        # Parameters are other objects; `authorizer` asks for anybody's rights.
        if spec.get("paramKind") or "authorizer" in canonical(spec):
            constraints = spec.get("matchConstraints")
            yield from _plurals(constraints.get("resourceRules")) if constraints else ("*",)


def _plurals(rules: Any) -> Iterable[str]:
    """Groups and versions aside: a rule for one may be asked about another (matchPolicy: Equivalent)."""
    for rule in rules or ():
        for resource in rule.get("resources") or ():
            yield str(resource).partition("/")[0]


def _changed(item: Manifest) -> float:
    """When somebody changed it last, in seconds since 1970; never long ago where it does not say."""
    metadata = item.get("metadata") or {}
    times = [entry["time"] for entry in metadata.get("managedFields") or () if entry.get("time")]
    return max(_seconds(text) for text in (metadata.get("creationTimestamp"), *times))


def _seconds(text: Any) -> float:
    try:
        return datetime.fromisoformat(str(text)).timestamp()
    except ValueError:
        return float("inf")
