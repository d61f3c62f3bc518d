"""Answers that an API server need not give again, since nothing that they come from has changed.

Only for objects that stand, of kinds that the API server keeps by itself, and never for a refusal: a new
object, a refusal, a kind of a CRD is asked about in each plan anew. docs/adr/0009 says why this is true.
"""

import asyncio
import hashlib
import time
from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from bot.adapters.cluster.circumstances import METADATA, Circumstances, items_of
from bot.adapters.cluster.discovery import Served
from bot.adapters.cluster.questions import kind_of, place_of
from bot.adapters.cluster.recall import Recall
from bot.adapters.cluster.wire import Call, Wire
from bot.core.model import Manifest
from bot.core.objects import MANAGED_BY, canonical, labels_of, metadata_of
from bot.core.question import Answer, Apply, Found, Question, Read

MANY_APPLIES, MANY_READS = 12, 6
"""As many in one plan cost more than finding out whether they are needed."""
_FRESH = 20.0
_MOST_LISTED = 20_000
_KINDS = frozenset(
    {
        *(("v1", kind) for kind in ("ConfigMap", "Secret", "Service", "ServiceAccount")),
        *(("apps/v1", kind) for kind in ("Deployment", "StatefulSet", "DaemonSet")),
        *(("batch/v1", kind) for kind in ("CronJob", "Job")),
        *(("networking.k8s.io/v1", kind) for kind in ("Ingress", "NetworkPolicy")),
        ("rbac.authorization.k8s.io/v1", "Role"),
        ("policy/v1", "PodDisruptionBudget"),
        ("autoscaling/v2", "HorizontalPodAutoscaler"),
    }
)
"""Kinds whose dry run depends on nothing but the object, what is sent, and the circumstances."""
# What a Service is given from pools that other Services share.
_ALLOCATED = (
    *("type", "clusterIP", "clusterIPs", "ipFamilies", "ipFamilyPolicy"),
    *("healthCheckNodePort", "loadBalancerClass", "externalIPs"),
)

_Place = tuple[str, str, str, str]
_Version = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Recalled:
    """Answers by the question's index; `keys` under which others may be kept once they are there."""

    answers: dict[int, Answer] = field(default_factory=dict)
    keys: dict[int, Hashable] = field(default_factory=dict)


class Remembering:
    """For one plan over one cluster; `recall` is what earlier plans of this process were told."""

    def __init__(self, wire: Wire, recall: Recall, version: str) -> None:
        self._wire = wire
        self._recall = recall
        self._circumstances = Circumstances(wire, recall, version)
        self._live: dict[_Place, tuple[_Version, Manifest]] = {}
        self._asked: Counter[tuple[str, str]] = Counter()
        self._applies = 0
        self._listing = asyncio.Lock()
        self._lists: dict[tuple[str, str], tuple[float, dict[tuple[str, str], _Version]]] = {}

    async def known(self, questions: Sequence[Question], kinds: Mapping[tuple[str, str], Served]) -> Recalled:
        """What need not be asked."""
        found = Recalled()
        places = {index: place for index, question in enumerate(questions) if (place := _place(question))}
        for index, place in places.items():
            if isinstance(questions[index], Read):
                self._asked[place[:2]] += 1
            elif place in self._live:
                self._applies += 1
        for index, place in places.items():
            question, served = questions[index], kinds.get(place[:2])
            if served is None:
                continue
            if isinstance(question, Read):
                if (stood := await self._stood(place, served)) is not None:
                    found.answers[index] = stood
            elif isinstance(question, Apply) and place in self._live and self._applies >= MANY_APPLIES:
                await self._applied(found, index, question, place, served)
        return found

    def keep(self, questions: Sequence[Question], answers: Sequence[Answer], recalled: Recalled) -> None:
        """Keeps what was answered now."""
        for index, (question, answer) in enumerate(zip(questions, answers, strict=True)):
            place = _place(question)
            if place is None or not isinstance(answer, Found):
                continue
            manifest = answer.manifest
            if isinstance(question, Read):
                # Of other kinds nothing is looked at: all that stands would fill the memory.
                kept = manifest if place[1] == "Service" else {}
                self._live[place] = (_version(manifest), kept)
                if index not in recalled.answers and labels_of(manifest).get(MANAGED_BY) == "Helm":
                    self._recall.put(("read", place), (manifest, answer.warnings))
            elif index in recalled.keys and not _allocates(self._live[place][1], manifest):
                self._recall.put(recalled.keys[index], (manifest, answer.warnings))

    async def _stood(self, place: _Place, served: Served) -> Found | None:
        """What stands there, if it is still what was read before."""
        if self._asked[place[:2]] < MANY_READS or (kept := self._recall.get(("read", place))) is None:
            return None
        manifest, warnings = kept
        versions = await self._versions(place[:2], served)
        if versions.get(place[2:]) != _version(manifest):
            return None
        return Found(manifest, tuple(warnings))

    async def _applied(
        self, found: Recalled, index: int, question: Apply, place: _Place, served: Served
    ) -> None:
        around = await self._circumstances.of(place[2], served.plural)
        if around is None:
            return
        digest, settled = around
        body = hashlib.sha256(canonical(question.manifest).encode(errors="surrogatepass")).hexdigest()
        key = ("apply", place, self._live[place][0], body, question.force, digest)
        if (kept := self._recall.get(key)) is not None:
            found.answers[index] = Found(kept[0], tuple(kept[1]))
        elif settled:
            found.keys[index] = key

    async def _versions(self, kind: tuple[str, str], served: Served) -> Mapping[tuple[str, str], _Version]:
        """Of all that Helm manages of this kind, by namespace and name; at most _FRESH seconds old."""
        async with self._listing:
            at, versions = self._lists.get(kind, (float("-inf"), {}))
            if time.monotonic() - at > _FRESH:
                at = time.monotonic()
                query = (("labelSelector", f"{MANAGED_BY}=Helm"), ("limit", str(_MOST_LISTED)))
                what = f"list {served.plural} in all namespaces"
                call = Call("list", what, "GET", served.path(""), query, accept=METADATA)
                metadata = [metadata_of(item) for item in await items_of(self._wire, call) or ()]
                versions = {
                    (str(one.get("namespace", "")), str(one.get("name", ""))): _version({"metadata": one})
                    for one in metadata
                }
                self._lists[kind] = (at, versions)
        return versions


def _place(question: Question) -> _Place | None:
    if not isinstance(question, Read | Apply) or kind_of(question) not in _KINDS:
        return None
    namespace, name = place_of(question)
    return (*kind_of(question), namespace, name) if namespace and name else None


def _version(manifest: Manifest) -> _Version:
    metadata = metadata_of(manifest)
    return str(metadata.get("uid", "")), str(metadata.get("resourceVersion", ""))


def _allocates(live: Manifest, result: Manifest) -> bool:
    """Whether the answer depends on what other Services have: their addresses and ports."""
    if result.get("kind") != "Service":
        return False
    before, after = live.get("spec") or {}, result.get("spec") or {}
    return any(before.get(key) != after.get(key) for key in _ALLOCATED) or _node_ports(before) != _node_ports(
        after
    )


def _node_ports(spec: Mapping[str, Any]) -> list[Any]:
    return [port.get("nodePort") for port in spec.get("ports") or ()]
