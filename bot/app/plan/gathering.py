"""Gather what a plan is made from: charts, what stands in the cluster, renderings; each only where needed."""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.app.plan import guarded
from bot.app.plan.findings import finding_of
from bot.app.plan.lookup import ReleaseLookup, World
from bot.app.ports import Charts, Checkout, Cluster, Renderer
from bot.app.ports.cluster import ReleaseHead
from bot.app.ports.memory import Memory
from bot.app.ports.timing import Phases
from bot.app.together import together
from bot.core.diff import same
from bot.core.errors import AuthorError
from bot.core.helm_record import base_revision
from bot.core.inputs import capabilities_digest, rendering_key, standing_key
from bot.core.model import ChartSource, DesiredRelease, Finding, LookupPolicy
from bot.core.planned import ReleasePlan
from bot.core.release import (
    Capabilities,
    LiveRelease,
    LocalChart,
    Rendered,
    Renderings,
    RenderJob,
    StoredRelease,
)

RENDERS_AT_ONCE = 4
_WAITING = 32
"""Releases whose records were read and that wait for a renderer: what bounds the memory of a large plan."""


@dataclass(frozen=True, slots=True)
class Ready:
    """A release whose inputs were gathered: what to rehearse, or its plan if nothing is to do or can be."""

    desired: DesiredRelease
    chart: LocalChart | None = None
    live: LiveRelease | None = None
    renderings: Renderings | None = None
    standing: ReleasePlan | None = None
    failure: Finding | None = None
    key: str = ""
    lookup: ReleaseLookup | None = None
    rollback: StoredRelease | None = None


@dataclass(frozen=True, slots=True)
class _Order:
    """A release, the records that its plan starts from (base and newest, or None), and its keys."""

    desired: DesiredRelease
    chart: LocalChart | None
    records: tuple[ReleaseHead, ReleaseHead] | None
    rendering: str = ""
    standing: str = ""

    @property
    def newest(self) -> ReleaseHead | None:
        return self.records[1] if self.records else None

    @property
    def installs(self) -> bool:
        return self.newest is None or self.newest.status == "uninstalled"


_Fetched = LocalChart | AuthorError | None
_Body = StoredRelease | AuthorError | None


class Gathering:
    """For one plan. `renders` bounds the renderings of all plans at once, `policy` what `lookup` is told."""

    def __init__(
        self,
        charts: Charts,
        renderer: Renderer,
        memory: Memory,
        cluster: Cluster,
        capabilities: Capabilities,
        renders: asyncio.Semaphore,
        policy: LookupPolicy,
        phases: Phases,
    ) -> None:
        self._charts = charts
        self._renderer = renderer
        self._memory = memory
        self._cluster = cluster
        self._capabilities = capabilities
        self._renders = renders
        self._policy = policy
        self._phases = phases

    async def gather(
        self,
        checkout: Checkout,
        hosts: Collection[str],
        releases: Sequence[DesiredRelease],
        heads: Mapping[tuple[str, str], Sequence[ReleaseHead]],
    ) -> list[Ready]:
        """One for each release, in their order. `heads` are all revisions by (namespace, name)."""
        with self._phases("charts"):
            fetched = await self._fetch(checkout, hosts, releases)
        ready: dict[str, Ready] = {}
        orders: list[_Order] = []
        for release, chart in zip(releases, fetched, strict=True):
            if isinstance(chart, AuthorError):
                ready[release.key] = Ready(release, failure=finding_of(chart))
            else:
                orders.append(self._order(release, chart, heads.get((release.namespace, release.name), ())))
        with self._phases("render"):
            known = await self._memory.standing([order.standing for order in orders if order.standing])
            for order in orders:
                if order.standing in known:
                    ready[order.desired.key] = self._standing(order)
            waiting = [order for order in orders if order.desired.key not in ready]
            ready.update(await self._assessed(waiting))
        return [ready[release.key] for release in releases]

    async def _fetch(
        self, checkout: Checkout, hosts: Collection[str], releases: Sequence[DesiredRelease]
    ) -> list[_Fetched]:
        """Each chart once, however many releases are made from it."""
        sources = dict.fromkeys(release.chart for release in releases if release.installed)

        async def fetch(source: ChartSource) -> _Fetched:
            try:
                async with self._renders:
                    return await self._charts.fetch(source, checkout, hosts)
            except AuthorError as error:
                return error

        found = dict(zip(sources, await together(fetch(source) for source in sources), strict=True))
        return [found[release.chart] if release.installed else None for release in releases]

    def _order(
        self, release: DesiredRelease, chart: LocalChart | None, heads: Sequence[ReleaseHead]
    ) -> _Order:
        revisions = {head.revision: head for head in heads}
        records = None
        if revisions:
            base = base_revision({number: head.status for number, head in revisions.items()})
            records = (revisions[base], revisions[max(revisions)])
        order = _Order(release, chart, records)
        if chart is None:
            return order
        rendering = rendering_key(
            release,
            chart,
            self._renderer.info,
            capabilities_digest(self._capabilities),
            revision=order.newest.revision + 1 if order.newest else 1,
            is_upgrade=not order.installs,
        )
        newest = order.newest
        if newest is None or newest.status != "deployed":
            return replace(order, rendering=rendering)
        state = (newest.revision, newest.status, newest.resource_version)
        standing = standing_key(rendering, state, upgrades_crds=release.upgrade_crds)
        return replace(order, rendering=rendering, standing=standing)

    async def _assessed(self, orders: Sequence[_Order]) -> dict[str, Ready]:
        """Renders what has to be, while the records of others still come."""
        ready: dict[str, Ready] = {}
        tasks: set[asyncio.Task[Ready]] = set()

        async def collect(most: int) -> None:
            nonlocal tasks
            while len(tasks) > most:
                done, tasks = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                ready.update((one.desired.key, one) for one in (task.result() for task in done))

        by_record = {head: order for order in orders for head in order.records or ()}
        bodies: dict[ReleaseHead, _Body] = {}
        try:
            for order in orders:
                if order.records is None:
                    tasks.add(asyncio.create_task(self._assess(order, {})))
                    await collect(_WAITING)
            async for head, body in self._cluster.bodies(by_record):
                bodies[head] = body
                order = by_record[head]
                if all(record in bodies for record in order.records or ()):
                    own = {record: bodies.pop(record) for record in set(order.records or ())}
                    tasks.add(asyncio.create_task(self._assess(order, own)))
                    await collect(_WAITING)
            await collect(0)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        return ready

    async def _assess(self, order: _Order, bodies: Mapping[ReleaseHead, _Body]) -> Ready:
        live = lookup = None
        try:
            live = await self._live(order, bodies)
            if order.chart is None:
                return Ready(order.desired, None, live)
            lookup = ReleaseLookup(World(self._policy, self._cluster, order.desired, live))
            renderings = await self._renderings(order, order.chart, live, lookup)
        except AuthorError as error:
            return Ready(order.desired, order.chart, live, failure=finding_of(error), lookup=lookup)
        # What the cluster was asked is no part of the keys, so the verdict holds for this plan only.
        asks = lookup.asked or (renderings is not None and _brings_crds(order.desired, renderings.first))
        key = "" if asks else order.standing
        if renderings is None:
            if key:
                await self._memory.keep_standing(key)
            return self._standing(order)
        return Ready(order.desired, order.chart, live, renderings, key=key, lookup=lookup)

    async def _live(self, order: _Order, bodies: Mapping[ReleaseHead, _Body]) -> LiveRelease | None:
        if order.records is None:
            return None
        base, newest = (bodies[record] for record in order.records)
        for body in (base, newest):
            if isinstance(body, AuthorError):
                raise body
        if isinstance(base, StoredRelease) and isinstance(newest, StoredRelease):
            return LiveRelease(base, newest)
        # It was removed since it was listed: superseded, most likely.
        return await self._cluster.release(order.desired.namespace, order.desired.name)

    async def _renderings(
        self, order: _Order, chart: LocalChart, live: LiveRelease | None, lookup: ReleaseLookup
    ) -> Renderings | None:
        """Two renderings of what may change; None where the first is what is deployed, to the letter."""
        if (kept := await self._memory.renderings(order.rendering)) is not None:
            return kept
        stands = _texts(order.desired, chart, live)
        gone = live is None or live.newest.status == "uninstalled"
        job = RenderJob(
            chart=chart,
            release=order.desired.name,
            namespace=order.desired.namespace,
            values=order.desired.values,
            capabilities=self._capabilities,
            revision=1 if live is None else live.newest.revision + 1,
            is_upgrade=not gone,
            stands="" if order.desired.upgrade_crds else stands,  # what is known to stand is not taken apart
        )
        async with self._renders:
            first = await guarded.render(self._renderer, job, lookup)
            if stands and first.texts == stands and not _brings_crds(order.desired, first):
                return None
            again = await guarded.render(self._renderer, replace(job, stands=first.texts), lookup)
            first = await guarded.guard(self._renderer, job, lookup, first)
        calm = bool(first.texts) and first.texts == again.texts
        renderings = Renderings(first, None if calm else again)
        if not lookup.asked:
            await self._memory.keep_renderings(order.rendering, renderings)
        return renderings

    def _standing(self, order: _Order) -> Ready:
        """What core/rehearsal/operation.py says of a release that is deployed as desired."""
        chart, newest = order.chart, order.newest
        if chart is None or newest is None:
            raise ValueError("what stands has a chart and a record")
        plan = ReleasePlan(
            name=order.desired.name,
            namespace=order.desired.namespace,
            action="none",
            chart_name=chart.name,
            chart_from=chart.version,
            chart_to=chart.version,
            revision_from=newest.revision,
        )
        return Ready(order.desired, chart, standing=plan)


def _brings_crds(desired: DesiredRelease, rendered: Rendered) -> bool:
    """Whether its CRDs have to be looked at even where all else stands."""
    return desired.upgrade_crds and bool(rendered.crds)


def _texts(desired: DesiredRelease, chart: LocalChart, live: LiveRelease | None) -> str:
    """The texts that make a rendering what is deployed; empty where texts alone do not."""
    if live is None or live.newest.status != "deployed":
        return ""
    newest = live.newest
    same_chart = (newest.chart_name, newest.chart_version) == (chart.name, chart.version)
    return newest.texts if same_chart and same(dict(newest.values), dict(desired.values)) else ""
