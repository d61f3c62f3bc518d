"""Going back: the plan of a release's way from now to one of its revisions, and how it is asked for.

The revision as Helm stored it takes the place of what a checkout wants; the rest is as in any plan: the API
server's dry run says what would change, and a seal holds what was seen.
"""

import hashlib
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bot.app.plan.findings import finding_of
from bot.app.plan.gathering import Ready
from bot.app.plan.planner import Planner, Prepared, Step
from bot.app.plan.rehearsing import rehearsed
from bot.app.ports import Charts, Checkout, Cluster, Clusters, ReleaseHead, Renderer
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.errors import AuthorError, ClusterForbids, ClusterUnreachable
from bot.core.helm_record import default_revision
from bot.core.layouts import Catalogue, read
from bot.core.manifest import documents
from bot.core.model import DesiredRelease, Level, Target
from bot.core.nearest import named, nearest_release
from bot.core.planned import Plan, Rollback
from bot.core.redact.masking import Masker
from bot.core.release import LiveRelease, Rendered, Renderings, StoredRelease
from bot.core.seal import seal

RUNNABLE = ("deployed", "superseded", "failed")
"""Helm's words for revisions that may be gone back to."""


class RollbackPlanner(Planner):
    """Plans the way back in the place of what a checkout wants; made for one rollback.

    The checkout still says whether the release is the target's at all, and how Helm waits for it.
    """

    def __init__(
        self,
        charts: Charts,
        renderer: Renderer,
        clusters: Clusters,
        catalogue: Catalogue,
        masker: Callable[[], Masker],
        back: Rollback,
        phases: Phases = UNTIMED,
    ) -> None:
        super().__init__(charts, renderer, clusters, catalogue, masker, phases=phases)
        self._back = back

    async def prepare(self, target: Target, checkout: Checkout, only: Collection[str] = ()) -> Prepared:
        """A plan of one release; `none` where it is as the revision says already. `only` changes nothing."""
        try:
            with self._phases("files"):
                desired = listed(read(checkout, target, self._catalogue).releases, self._back.release)
            async with self._clusters.open(target) as cluster:
                return await self._way_back(target, checkout, cluster, desired)
        except (AuthorError, ClusterUnreachable, ClusterForbids) as error:
            not_made = self._not_made(target, checkout, finding_of(error))
            return replace(not_made, plan=replace(not_made.plan, rollback=self._back))

    async def _way_back(
        self, target: Target, checkout: Checkout, cluster: Cluster, desired: DesiredRelease
    ) -> Prepared:
        with self._phases("releases"):
            newest, back = await _records(cluster, desired, self._back.revision)
        # Helm starts from the newest revision, whatever became of it.
        live = LiveRelease(newest, newest)
        wanted = replace(desired, values=back.values, force_conflicts=False, take_ownership=False)
        ready = Ready(wanted, None, live, Renderings(_as_rendered(back), None), rollback=back)
        masker = self._masker()
        with self._phases("compare"):
            [made] = await rehearsed([ready], cluster, await cluster.scopes(), masker)
        capabilities = await cluster.capabilities()
        plan = Plan(
            target=target.name,
            head=checkout.head,
            complete=made.complete,
            seal=None,
            engine=self._renderer.info,
            cluster_version=capabilities.kube_version,
            releases=(made.plan,),
            rollback=self._back,
        )
        step = Step(wanted, None, made.plan, revision=back.revision)
        return Prepared(replace(plan, seal=seal(plan)), masker, (step,))


def listed(releases: Sequence[DesiredRelease], wanted: str) -> DesiredRelease:
    """The installed release that is named or keyed so. Raises AuthorError (`unknown-release`)."""
    found = [one for one in releases if one.installed and wanted in (one.name, one.key)]
    if len(found) == 1:
        return found[0]
    keys = [one.key for one in releases if one.installed]
    if found:
        raise AuthorError(
            f"More than one release is called {wanted}.",
            fix=f"Name it with its namespace: {', '.join(one.key for one in found)}.",
            code="unknown-release",
        )
    near = nearest_release(wanted, keys)
    hint = f"Did you mean {near}? " if near else ""
    raise AuthorError(
        f"No release that Git wants installed is called {wanted}.",
        fix=f"{hint}Known are: {', '.join(named(keys))}. What Git does not list, Purser does not roll back.",
        code="unknown-release",
    )


async def previous(cluster: Cluster, desired: DesiredRelease) -> int:
    """The newest revision before the present one that was deployed. Raises AuthorError."""
    heads = await _heads(cluster, desired)
    found = default_revision({head.revision: head.status for head in heads})
    if found is None:
        raise AuthorError(
            f"{desired.key} has no earlier revision that was deployed.",
            fix="Say /helm history to see its revisions, or revert the merge request in Git.",
            code="rollback-revision",
        )
    return found


async def _heads(cluster: Cluster, desired: DesiredRelease) -> list[ReleaseHead]:
    of = (desired.namespace, desired.name)
    heads = await cluster.releases({desired.namespace})
    return [head for head in heads if (head.namespace, head.name) == of]


async def _records(
    cluster: Cluster, desired: DesiredRelease, revision: int
) -> tuple[StoredRelease, StoredRelease]:
    """The newest revision and the one to go back to."""
    heads = {head.revision: head for head in await _heads(cluster, desired)}
    if not heads or heads[max(heads)].status == "uninstalled":
        raise AuthorError(
            f"{desired.key} is not in the cluster.",
            fix="A rollback needs a release that runs: deploy it by a merge request.",
            code="rollback-uninstalled",
        )
    head = heads.get(revision)
    if head is None or head.status not in RUNNABLE:
        has = ", ".join(str(number) for number in sorted(heads) if heads[number].status in RUNNABLE)
        state = "does not exist (any more)" if head is None else f"is {head.status}"
        raise AuthorError(
            f"Revision {revision} of {desired.key} {state}.",
            fix=f"These can be gone back to: {has or 'none'}.",
            code="rollback-revision",
        )
    bodies = {found.revision: body async for found, body in cluster.bodies({head, heads[max(heads)]})}
    return _read(desired, bodies.get(max(heads))), _read(desired, bodies.get(revision))


def _read(desired: DesiredRelease, body: StoredRelease | AuthorError | None) -> StoredRelease:
    if isinstance(body, AuthorError):
        raise body
    if body is None:
        raise AuthorError(
            f"A revision of {desired.key} went away while it was read.",
            fix="Something else deploys it now: look at /helm history, then say it again.",
            code="rollback-revision",
        )
    return body


def _as_rendered(stored: StoredRelease) -> Rendered:
    return Rendered(
        chart_name=stored.chart_name,
        chart_version=stored.chart_version,
        app_version=stored.app_version,
        objects=tuple(documents(stored.manifest)),
        hooks=stored.hooks,
        crds=(),
    )


def code_of(project: str, iid: int, plan: Plan) -> str:
    """Eight digits that stand for this way back, as it was seen in this thread. ValueError without a seal."""
    if plan.seal is None or plan.rollback is None:
        raise ValueError("only a sealed way back has a code")
    facts = "\n".join([project, str(iid), plan.target, str(plan.rollback), plan.seal])
    return hashlib.sha256(facts.encode()).hexdigest()[:8]


def nothing_to_do(plan: Plan) -> bool:
    """Whether the release is as the revision says already."""
    return (
        plan.complete
        and not plan.changes_something
        and not any(finding.level is Level.ERROR for finding in plan.all_findings)
    )
