"""A world of plain objects for the planner: it counts what a plan costs."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.catalogue import load_catalogue
from bot.adapters.checkout import DirectoryCheckout
from bot.app.plan.planner import Planner, Prepared
from bot.app.ports.cluster import Cluster, ReleaseHead, RolloutState
from bot.app.ports.memory import Memory
from bot.core.errors import AuthorError, ClusterForbids
from bot.core.layouts import Catalogue
from bot.core.manifest import documents
from bot.core.model import ChartInCheckout, ObjectRef, Target
from bot.core.planned import EngineInfo
from bot.core.question import Absent, Answer, Apply, Create, Found, FoundAll, ListOf, Question, Read
from bot.core.redact.masking import Masker
from bot.core.release import Capabilities, LiveRelease, LocalChart, Rendered, RenderJob, StoredRelease
from bot.core.texts import texts_digest

CHART = LocalChart("/charts/web", "sha256:1", "web", "1.0.0")
TARGET = Target("production", "ops/cluster")
CRDS = ("apiextensions.k8s.io/v1", "CustomResourceDefinition")
SCOPES = {("v1", "ConfigMap"): True, ("v1", "Secret"): True, ("v1", "Namespace"): False, CRDS: False}


def text_of(name: str, color: str, noise: int | None = None) -> str:
    """What the chart renders; with `noise` a value that is another one each time."""
    random = "" if noise is None else f"  random: r{noise}\n"
    return f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n  color: {color}\n{random}"


def stored(name: str, color: str, revision: int = 1, status: str = "deployed", noise: Any = None) -> Any:
    text = text_of(name, color, noise)
    return StoredRelease(
        name=name,
        namespace="apps",
        revision=revision,
        status=status,
        chart_name="web",
        chart_version="1.0.0",
        app_version="",
        values={"color": color},
        manifest=f"---\n# Source: web/templates/all.yaml\n{text}\n",
        apply_method="ssa",
        texts=texts_digest([("web/templates/all.yaml", text)]),
    )


@dataclass
class Charts:
    fetched: int = 0

    async def fetch(self, source: Any, checkout: Any, allowed_hosts: Collection[str]) -> LocalChart:
        self.fetched += 1
        assert isinstance(source, ChartInCheckout)
        return CHART


@dataclass
class Renderer:
    """Renders one ConfigMap; `random` charts hold a value that is new each time, `asking` ones use lookup."""

    info: EngineInfo = field(default_factory=lambda: EngineInfo("helm-sdk", "4.2.3"))
    rendered: list[str] = field(default_factory=list)
    parsed: int = 0
    random: set[str] = field(default_factory=set)
    asking: set[str] = field(default_factory=set)

    async def render(self, job: RenderJob, lookup: Any = None) -> Rendered:
        self.rendered.append(job.release)
        if job.release in self.asking:
            await lookup.kinds("v1")
            await lookup.get("v1", "Namespace", "", "default")
        noise = len(self.rendered) if job.release in self.random else None
        text = text_of(job.release, str(job.values["color"]), noise)
        texts = texts_digest([("web/templates/all.yaml", text)])
        if texts == job.stands:
            return Rendered("web", "1.0.0", "", (), (), (), texts=texts)
        self.parsed += 1
        return Rendered("web", "1.0.0", "", tuple(documents(text)), (), (), texts=texts)


@dataclass
class FakeCluster:
    """Holds records of releases. `asked` counts what was asked of it; with `slow` later questions come first.

    Every namespace is there that is not `missing`.
    """

    records: dict[tuple[str, int], StoredRelease | AuthorError] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    cluster_wide: bool = True
    heads: list[ReleaseHead] = field(default_factory=list)
    missing: set[tuple[str, str]] = field(default_factory=set)
    slow: bool = False
    _turns: int = 8

    def add(self, record: StoredRelease, version: str = "1", namespace: str = "apps") -> None:
        record = replace(record, namespace=namespace)
        self.records[record.name, record.revision] = record
        head = ReleaseHead(record.name, namespace, record.revision, record.status, version)
        self.heads = [head, *(h for h in self.heads if (h.name, h.revision) != (head.name, head.revision))]

    async def capabilities(self) -> Capabilities:
        return Capabilities("v1.36.3", ("v1",))

    async def scopes(self) -> Mapping[tuple[str, str], bool]:
        return SCOPES

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        self.asked["lists"] += 1 if namespaces is None else len(namespaces)
        if namespaces is None and not self.cluster_wide:
            raise ClusterForbids("list secrets in all namespaces")
        return tuple(head for head in self.heads if namespaces is None or head.namespace in namespaces)

    async def bodies(
        self, heads: Collection[ReleaseHead]
    ) -> AsyncIterator[tuple[ReleaseHead, StoredRelease | AuthorError | None]]:
        for head in heads:
            self.asked["bodies"] += 1
            yield head, self.records.get((head.name, head.revision))

    async def release(self, namespace: str, name: str) -> LiveRelease | None:
        self.asked["release"] += 1
        return None

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        self.asked["questions"] += len(questions)
        if self.slow:
            self._turns = max(0, self._turns - 1)
            for _ in range(self._turns):
                await asyncio.sleep(0)
        return [self._answer(question) for question in questions]

    def _answer(self, question: Question) -> Answer:
        match question:
            case Apply(manifest) | Create(manifest):
                return Found(manifest)
            case ListOf():
                return FoundAll(())
            case Read(ref) if ref.kind == "Namespace" and (ref.kind, ref.name) not in self.missing:
                return Found({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": ref.name}})
            case _:
                return Absent()

    async def namespace_exists(self, name: str) -> bool:
        return True

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        return []


@dataclass
class World:
    """A checkout of releases by color, a cluster, and a planner over both."""

    folder: Path
    memory: Memory | None = None
    charts: Charts = field(default_factory=Charts)
    renderer: Renderer = field(default_factory=Renderer)
    cluster: FakeCluster = field(default_factory=FakeCluster)
    namespaces: Mapping[str, str] = field(default_factory=dict)

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        @asynccontextmanager
        async def opened() -> AsyncIterator[Cluster]:
            yield self.cluster

        return opened()

    async def plan(self, **colors: str) -> Prepared:
        """The plan of releases with these colors. Counts start anew."""
        self.cluster.asked.clear()
        self.renderer.rendered.clear()
        self.renderer.parsed = self.charts.fetched = 0
        self.lay(**colors)
        return await self.planner().prepare(TARGET, self.checkout())

    def checkout(self) -> DirectoryCheckout:
        return DirectoryCheckout(str(self.folder), None)

    def lay(self, **colors: str) -> None:
        """Writes releases with these colors."""
        entries = [
            {
                "name": name,
                "namespace": self.namespaces.get(name, "apps"),
                "chart": "./web",
                "inline": {"color": color},
            }
            for name, color in colors.items()
        ]
        file = self.folder / "releases.yaml"
        file.write_text(yaml.safe_dump({"version": 1, "releases": entries}, sort_keys=False))

    def planner(self) -> Planner:
        return Planner(self.charts, self.renderer, self, catalogue(), lambda: Masker(b"key"), self.memory)


def catalogue() -> Catalogue:
    return load_catalogue([])


def actions(prepared: Prepared) -> dict[str, str]:
    """Name -> action."""
    return {release.name: release.action for release in prepared.plan.releases}
