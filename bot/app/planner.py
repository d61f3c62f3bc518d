"""Make a plan: read what Git wants, render it, rehearse it on the cluster, seal it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.app.ports import Charts, Checkout, Cluster, Clusters, Renderer
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.hosts import named_hosts
from bot.core.layouts import Catalogue, read
from bot.core.model import DesiredRelease, Finding, Level, Target
from bot.core.order import by_needs
from bot.core.planned import Plan, ReleasePlan
from bot.core.redact import Masker
from bot.core.rehearsal import Case, Overlay, overlay_after, rehearse
from bot.core.release import Capabilities, LiveRelease, LocalChart, Rendered, RenderJob
from bot.core.seal import seal

RENDERS_AT_ONCE = 4
UNKNOWN_VERSION = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One release of a plan, with what applying it needs. `chart` is None where nothing is rendered."""

    desired: DesiredRelease
    chart: LocalChart | None
    plan: ReleasePlan


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and its steps, in the order in which they are applied; the masker knows the secrets it met."""

    plan: Plan
    masker: Masker
    steps: tuple[Step, ...] = ()


@dataclass(frozen=True, slots=True)
class _Ready:
    """A release whose inputs were gathered: the case to rehearse, or the finding that says why not."""

    desired: DesiredRelease
    chart: LocalChart | None
    live: LiveRelease | None
    renderings: tuple[Rendered, Rendered] | None
    failure: Finding | None = None


class Planner:
    """Makes plans. Holds nothing of a plan between calls; safe to use concurrently.

    `masker` gives a fresh masker per plan (it learns the secrets that it meets).
    """

    def __init__(
        self,
        charts: Charts,
        renderer: Renderer,
        clusters: Clusters,
        catalogue: Catalogue,
        masker: Callable[[], Masker],
    ) -> None:
        self._charts = charts
        self._renderer = renderer
        self._clusters = clusters
        self._catalogue = catalogue
        self._masker = masker
        self._renders = asyncio.Semaphore(RENDERS_AT_ONCE)

    async def prepare(self, target: Target, checkout: Checkout, only: Collection[str] = ()) -> Prepared:
        """The plan of this checkout for this target, limited to releases named in `only` if it names any.

        Never raises for what an author or a cluster did wrong: the plan is then incomplete, has no seal, and
        its findings say why.
        """
        try:
            desired = await asyncio.to_thread(read, checkout, target, self._catalogue)
            ordered = by_needs(_picked(desired.releases, only))
            async with self._clusters.open(target) as cluster:
                return await self._on_cluster(target, checkout, cluster, ordered, desired.findings)
        except (AuthorError, ClusterUnreachable, ClusterForbids) as error:
            return Prepared(self._failed(target, checkout, _finding_of(error)), self._masker())

    async def _on_cluster(
        self,
        target: Target,
        checkout: Checkout,
        cluster: Cluster,
        ordered: Sequence[DesiredRelease],
        findings: tuple[Finding, ...],
    ) -> Prepared:
        capabilities = await cluster.capabilities()
        scopes = await cluster.scopes()
        hosts = named_hosts(ordered) if target.chart_hosts is None else target.chart_hosts
        ready = await asyncio.gather(
            *(self._gather(checkout, cluster, hosts, capabilities, release) for release in ordered)
        )
        masker = self._masker()
        overlay = Overlay()
        steps: list[Step] = []
        for one in ready:
            step, overlay = await self._rehearse(one, cluster, scopes, masker, overlay)
            steps.append(step)
        complete = not any(f.level is Level.ERROR for f in findings) and not any(one.failure for one in ready)
        releases = tuple(step.plan for step in steps)
        plan = Plan(
            target=target.name,
            head=checkout.head,
            complete=complete,
            seal=None,
            engine=self._renderer.info,
            cluster_version=capabilities.kube_version,
            releases=releases,
            findings=findings,
        )
        return Prepared(replace(plan, seal=seal(plan)), masker, tuple(steps))

    async def _gather(
        self,
        checkout: Checkout,
        cluster: Cluster,
        hosts: Collection[str],
        capabilities: Capabilities,
        release: DesiredRelease,
    ) -> _Ready:
        live = await cluster.release(release.namespace, release.name)
        if not release.installed:
            return _Ready(release, None, live, None)
        chart: LocalChart | None = None
        try:
            async with self._renders:
                chart = await self._charts.fetch(release.chart, checkout, hosts)
                job = _job(chart, release, live, capabilities)
                renderings = (await self._renderer.render(job), await self._renderer.render(job))
        except AuthorError as error:
            return _Ready(release, chart, live, None, _finding_of(error))
        return _Ready(release, chart, live, renderings)

    async def _rehearse(
        self,
        ready: _Ready,
        cluster: Cluster,
        scopes: Mapping[tuple[str, str], bool],
        masker: Masker,
        overlay: Overlay,
    ) -> tuple[Step, Overlay]:
        if ready.failure is not None:
            return Step(ready.desired, ready.chart, _unplanned(ready, ready.failure, masker)), overlay
        rendered, again = ready.renderings or (None, None)
        case = Case(
            desired=ready.desired,
            rendered=rendered,
            again=again,
            live=ready.live,
            scopes=scopes,
            masker=masker,
            overlay=overlay,
            chart=ready.chart,
        )
        plan = await drive(case, cluster)
        return Step(ready.desired, ready.chart, plan), overlay_after(case, plan)

    def _failed(self, target: Target, checkout: Checkout, finding: Finding) -> Plan:
        return Plan(
            target=target.name,
            head=checkout.head,
            complete=False,
            seal=None,
            engine=self._renderer.info,
            cluster_version=UNKNOWN_VERSION,
            releases=(),
            findings=(finding,),
        )


async def drive(case: Case, cluster: Cluster) -> ReleasePlan:
    """Runs one rehearsal against a cluster: its questions are asked, its answers sent back."""
    rehearsal = rehearse(case)
    try:
        questions = next(rehearsal)
        while True:
            questions = rehearsal.send(await cluster.ask(questions))
    except StopIteration as end:
        plan: ReleasePlan = end.value
        return plan


def _job(
    chart: LocalChart, release: DesiredRelease, live: LiveRelease | None, capabilities: Capabilities
) -> RenderJob:
    gone = live is None or live.newest.status == "uninstalled"
    return RenderJob(
        chart=chart,
        release=release.name,
        namespace=release.namespace,
        values=release.values,
        capabilities=capabilities,
        revision=1 if live is None else live.newest.revision + 1,
        is_upgrade=not gone,
    )


def _picked(releases: Sequence[DesiredRelease], only: Collection[str]) -> Sequence[DesiredRelease]:
    if not only:
        return releases
    known = {name for release in releases for name in (release.name, release.key)}
    unknown = sorted(set(only) - known)
    if unknown:
        raise AuthorError(
            f"No release is called {', '.join(unknown)} here.",
            fix=f"Known are: {', '.join(sorted(r.key for r in releases)) or 'none'}.",
            code="unknown-release",
        )
    return [release for release in releases if release.name in only or release.key in only]


def _unplanned(ready: _Ready, failure: Finding, masker: Masker) -> ReleasePlan:
    base = ready.live.base if ready.live else None
    masked = replace(failure, message=masker.text(failure.message), fix=masker.text(failure.fix))
    return ReleasePlan(
        name=ready.desired.name,
        namespace=ready.desired.namespace,
        action="upgrade" if base else "install",
        chart_name=ready.chart.name if ready.chart else (base.chart_name if base else ""),
        chart_from=base.chart_version if base else None,
        chart_to=ready.chart.version if ready.chart else None,
        revision_from=base.revision if base else None,
        findings=(masked,),
    )


def _finding_of(error: AuthorError | ClusterUnreachable | ClusterForbids) -> Finding:
    match error:
        case AuthorError():
            place = f"{error.where}: " if error.where else ""
            return Finding(Level.ERROR, error.code, place + error.what, error.fix)
        case ClusterUnreachable():
            return Finding(
                Level.ERROR,
                "cluster-unreachable",
                f"The cluster did not answer: {error.what}",
                "Check the cluster and its address, then plan again.",
            )
        case ClusterForbids():
            return Finding(
                Level.ERROR,
                "cluster-forbids",
                f"The cluster refused to be read: {error.what}",
                "Give the planning identity this right, then plan again.",
            )
