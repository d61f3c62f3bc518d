"""Make a plan: read what Git wants, render it, rehearse it on the cluster, seal it."""

import asyncio
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.app.plan.findings import finding_of
from bot.app.plan.gathering import RENDERS_AT_ONCE, Gathering, Ready
from bot.app.plan.rehearsing import rehearsed
from bot.app.plan.unlisted import unlisted
from bot.app.ports import Charts, Checkout, Cluster, Clusters, ReleaseHead, Renderer
from bot.app.ports.memory import Memory, NoMemory
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.hosts import named_hosts
from bot.core.layouts import Catalogue, read
from bot.core.model import DesiredRelease, Finding, Level, Manifest, Target
from bot.core.nearest import named, nearest_release
from bot.core.order import by_needs
from bot.core.planned import Plan, ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.rehearsal.crd_upgrade import to_upgrade
from bot.core.release import LocalChart
from bot.core.seal import seal

UNKNOWN_VERSION = "unknown"


@dataclass(frozen=True, slots=True)
class Step:
    """One release of a plan, with what applying it needs. `chart` is None where nothing is rendered.

    `revision` is the one that it is rolled back to. `crds` are upgraded first.
    """

    desired: DesiredRelease
    chart: LocalChart | None
    plan: ReleasePlan
    revision: int | None = None
    crds: tuple[Manifest, ...] = ()

    @property
    def verb(self) -> str:
        """What is done to it."""
        return self.plan.action if self.revision is None or self.plan.action == "none" else "rollback"


@dataclass(frozen=True, slots=True)
class Prepared:
    """A plan and its steps, in the order in which they are applied; the masker knows the secrets it met."""

    plan: Plan
    masker: Masker
    steps: tuple[Step, ...] = ()


class Planner:
    """Makes plans. Holds nothing of a plan between calls; safe to use concurrently.

    `masker` gives a fresh masker per plan (it learns the secrets that it meets). `memory` is what earlier
    plans found out: with it a release whose inputs did not change is not rendered again. `phases` measures.
    """

    def __init__(
        self,
        charts: Charts,
        renderer: Renderer,
        clusters: Clusters,
        catalogue: Catalogue,
        masker: Callable[[], Masker],
        memory: Memory | None = None,
        phases: Phases = UNTIMED,
    ) -> None:
        self._charts = charts
        self._renderer = renderer
        self._clusters = clusters
        self._catalogue = catalogue
        self._masker = masker
        self._memory = memory or NoMemory()
        self._phases = phases
        self._renders = asyncio.Semaphore(RENDERS_AT_ONCE)

    async def prepare(self, target: Target, checkout: Checkout, only: Collection[str] = ()) -> Prepared:
        """The plan of this checkout for this target, limited to releases named in `only` if it names any.

        Never raises for what an author or a cluster did wrong: the plan is then incomplete, has no seal, and
        its findings say why.
        """
        try:
            with self._phases("files"):
                desired = await asyncio.to_thread(read, checkout, target, self._catalogue)
                ordered = by_needs([_under(target, one) for one in _picked(desired.releases, only)])
            async with self._clusters.open(target) as cluster:
                whole = () if only else desired.releases
                return await self._on_cluster(target, checkout, cluster, ordered, whole, desired.findings)
        except (AuthorError, ClusterUnreachable, ClusterForbids) as error:
            return self._not_made(target, checkout, finding_of(error))

    async def _on_cluster(
        self,
        target: Target,
        checkout: Checkout,
        cluster: Cluster,
        ordered: Sequence[DesiredRelease],
        whole: Sequence[DesiredRelease],
        findings: tuple[Finding, ...],
    ) -> Prepared:
        hosts = named_hosts(ordered) if target.chart_hosts is None else target.chart_hosts
        with self._phases("releases"):
            capabilities = await cluster.capabilities()
            heads = await _heads(cluster, ordered)
        gathering = Gathering(
            *(self._charts, self._renderer, self._memory, cluster, capabilities),
            *(self._renders, target.lookup, self._phases),
        )
        ready = await gathering.gather(checkout, hosts, ordered, heads)
        masker = self._masker()
        with self._phases("compare"):
            made = await rehearsed(ready, cluster, await cluster.scopes(), masker)
        plans = [one.plan for one in made]
        await self._remember(ready, plans)
        steps = tuple(_step(one, plan) for one, plan in zip(ready, plans, strict=True))
        complete = not any(f.level is Level.ERROR for f in findings) and all(one.complete for one in made)
        plan = Plan(
            target=target.name,
            head=checkout.head,
            complete=complete,
            seal=None,
            engine=self._renderer.info,
            cluster_version=capabilities.kube_version,
            releases=tuple(plans),
            findings=(*(_masked(one, masker) for one in findings), *unlisted(heads, whole)),
        )
        return Prepared(replace(plan, seal=seal(plan)), masker, steps)

    async def _remember(self, ready: Sequence[Ready], plans: Sequence[ReleasePlan]) -> None:
        """What came out as deployed although a rendering differed: by its random values."""
        for one, plan in zip(ready, plans, strict=True):
            if one.key and plan.action == "none":
                await self._memory.keep_standing(one.key)

    def _not_made(self, target: Target, checkout: Checkout, why: Finding) -> Prepared:
        masker = self._masker()
        plan = Plan(
            target=target.name,
            head=checkout.head,
            complete=False,
            seal=None,
            engine=self._renderer.info,
            cluster_version=UNKNOWN_VERSION,
            releases=(),
            findings=(_masked(why, masker),),
        )
        return Prepared(plan, masker)


def _masked(finding: Finding, masker: Masker) -> Finding:
    return replace(finding, message=masker.text(finding.message), fix=masker.text(finding.fix))


def _under(target: Target, release: DesiredRelease) -> DesiredRelease:
    """With what the target's own rules add to it."""
    # A job of the project's own does what it does.
    upgrades = target.deploy.crds == "upgrade" and not target.deploy.job
    return replace(release, upgrade_crds=True) if upgrades else release


def _step(one: Ready, plan: ReleasePlan) -> Step:
    upgrades = one.desired.upgrade_crds and one.renderings is not None and plan.action == "upgrade"
    crds = to_upgrade(one.renderings.first.crds, plan.objects) if upgrades and one.renderings else ()
    return Step(one.desired, one.chart, plan, crds=crds)


async def _heads(
    cluster: Cluster, releases: Sequence[DesiredRelease]
) -> Mapping[tuple[str, str], Sequence[ReleaseHead]]:
    """All revisions by (namespace, name): in one list where that is allowed, else in one per namespace."""
    namespaces = {release.namespace for release in releases}
    try:
        heads = await cluster.releases(namespaces if len(namespaces) < 2 else None)
    except ClusterForbids:
        heads = await cluster.releases(namespaces)
    found: dict[tuple[str, str], list[ReleaseHead]] = {}
    for head in heads:
        found.setdefault((head.namespace, head.name), []).append(head)
    return found


def _picked(releases: Sequence[DesiredRelease], only: Collection[str]) -> Sequence[DesiredRelease]:
    if not only:
        return releases
    known = {name for release in releases for name in (release.name, release.key)}
    unknown = sorted(set(only) - known)
    if unknown:
        near = nearest_release(unknown[0], [release.key for release in releases])
        hint = f"Did you mean {near}? " if near else ""
        raise AuthorError(
            f"No release is called {', '.join(unknown)} here.",
            fix=f"{hint}Known are: {', '.join(named(r.key for r in releases))}.",
            code="unknown-release",
        )
    return [release for release in releases if release.name in only or release.key in only]
