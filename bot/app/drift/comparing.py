"""Hold a cluster against a checkout, object by object: what it has that Git does not say.

Costs what a plan costs, each record of a release read once, and lists of the objects' kinds by namespace.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable, Collection, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, replace

from bot.app.drift.reading_once import Opened, ReadingOnce
from bot.app.plan.planner import Planner
from bot.app.ports import Checkout, Cluster, Clusters, ReleaseHead
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.drift.check import (
    DriftKind,
    DriftReport,
    ReleaseDrift,
    Unread,
    by_hand,
    pieces_deployed,
    worst_first,
)
from bot.core.errors import AuthorError, ClusterForbids
from bot.core.model import DesiredRelease, Level, Manifest, Target
from bot.core.planned import Drift, ReleasePlan
from bot.core.question import Found, Read
from bot.core.redact.masking import Masker
from bot.core.rehearsal.case import Identity, Piece, Scopes
from bot.core.release import StoredRelease

_MOST, _ENOUGH = 8_000_000, 1_000_000
"""Characters of manifests whose objects are held in memory together with the live ones: never more than the
one, and no other namespace on top of the other. A namespace that is cut is listed more than once."""

_Key = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _Standing:
    """A release that is deployed as Git wants it: what its revision holds."""

    desired: DesiredRelease
    stored: StoredRelease


class Drifting:
    """Looks. `planner` makes a planner that works over these clusters, `masker` a fresh masker."""

    def __init__(
        self,
        planner: Callable[[Clusters], Planner],
        clusters: Clusters,
        masker: Callable[[], Masker],
        phases: Phases = UNTIMED,
    ) -> None:
        self._planner = planner
        self._clusters = clusters
        self._masker = masker
        self._phases = phases

    async def look(self, target: Target, tree: Checkout) -> DriftReport:
        """Raises what the cluster raises, and AuthorError where configuration or files cannot be read."""
        async with self._clusters.open(target) as cluster:
            once = ReadingOnce(cluster)
            await once.capabilities()  # what keeps the plan from being made is raised here
            prepared = await self._planner(Opened(once)).prepare(target, tree)
            plan = prepared.plan
            if not prepared.steps and any(it.level is Level.ERROR for it in plan.findings):
                raise AuthorError(plan.findings[0].message, fix=plan.findings[0].fix)
            heads = _newest(once.heads)
            files = [Unread("files", it.message) for it in plan.findings if it.level is Level.ERROR]
            found, unread, standing = _sorted([(step.desired, step.plan) for step in prepared.steps], heads)
            with self._phases("compare"):
                changed, more = await self._changed(once, heads, standing)
        wanted = {(step.desired.namespace, step.desired.name) for step in prepared.steps}
        left = _unlisted(heads, wanted)
        everything = worst_first([*found, *changed, *left])
        mask = prepared.masker.text
        return DriftReport(
            target.name,
            tree.head or "",
            everything,
            tuple(replace(it, why=mask(it.why)) for it in (*files, *unread, *more)),
            len(prepared.steps) + len(left),
        )

    async def _changed(
        self,
        cluster: Cluster,
        heads: Mapping[_Key, ReleaseHead],
        releases: Sequence[DesiredRelease],
    ) -> tuple[list[ReleaseDrift], list[Unread]]:
        """Those of the releases whose objects are not as their revision says."""
        scopes = await cluster.scopes()
        found: list[ReleaseDrift] = []
        unread: list[Unread] = []
        async with aclosing(_batches(cluster, heads, releases, unread)) as batches:
            async for batch in batches:
                drifts = await self._batch(cluster, scopes, batch)
                for one, drift in zip(batch, drifts, strict=True):
                    if isinstance(drift, Unread):
                        unread.append(drift)
                    elif drift:
                        found.append(_by_hand(one.stored, drift))
        return found, unread

    async def _batch(
        self, cluster: Cluster, scopes: Scopes, batch: Sequence[_Standing]
    ) -> list[tuple[Drift, ...] | Unread]:
        try:
            pieces = [await asyncio.to_thread(pieces_deployed, one.stored, scopes) for one in batch]
            live = await _live(cluster, pieces)
        except (AuthorError, ClusterForbids) as error:
            if len(batch) > 1:
                return [said for one in batch for said in await self._batch(cluster, scopes, [one])]
            return [Unread(batch[0].desired.key, error.what)]
        return [
            await asyncio.to_thread(by_hand, one.desired, one.stored, its, _of(live, its), self._masker())
            for one, its in zip(batch, pieces, strict=True)
        ]


async def _live(cluster: Cluster, pieces: Sequence[Sequence[Piece]]) -> dict[Identity, Manifest]:
    """Every object that stands, all asked for at once: many of a kind become one list."""
    refs = list(dict.fromkeys(piece.ref for its in pieces for piece in its if piece.ref.name))
    answers = await cluster.ask([Read(ref) for ref in refs])
    return {
        ref.identity: answer.manifest
        for ref, answer in zip(refs, answers, strict=True)
        if isinstance(answer, Found)
    }


def _of(live: Mapping[Identity, Manifest], pieces: Sequence[Piece]) -> dict[Identity, Manifest]:
    return {it.ref.identity: live[it.ref.identity] for it in pieces if it.ref.identity in live}


def _newest(heads: Sequence[ReleaseHead]) -> dict[_Key, ReleaseHead]:
    newest: dict[_Key, ReleaseHead] = {}
    for head in heads:
        of = (head.namespace, head.name)
        if of not in newest or newest[of].revision < head.revision:
            newest[of] = head
    return newest


def _sorted(
    steps: Sequence[tuple[DesiredRelease, ReleasePlan]], heads: Mapping[_Key, ReleaseHead]
) -> tuple[list[ReleaseDrift], list[Unread], list[DesiredRelease]]:
    """What a deploy would change, what could not be planned, and what is deployed as Git wants it."""
    found: list[ReleaseDrift] = []
    unread: list[Unread] = []
    standing: list[DesiredRelease] = []
    for desired, plan in steps:
        head = heads.get((desired.namespace, desired.name))
        errors = [it for it in plan.findings if it.level is Level.ERROR]
        if plan.action == "none":
            if desired.installed and head is not None and head.status == "deployed":
                standing.append(desired)
        elif head is not None and head.status.startswith("pending-"):
            found.append(_drift("pending", plan, head))
        elif errors and not plan.objects:
            unread.append(Unread(plan.key, f"{errors[0].message} {errors[0].fix}".strip()))
        else:
            found.append(_planned(plan, head))
    return found, unread, standing


def _planned(plan: ReleasePlan, head: ReleaseHead | None) -> ReleaseDrift:
    if head is None or plan.action == "install":
        return _drift("missing", plan, head)
    if plan.action == "uninstall":
        return _drift("stays", plan, head)
    return _drift("failed" if head.status == "failed" else "differs", plan, head)


def _by_hand(stored: StoredRelease, drifts: tuple[Drift, ...]) -> ReleaseDrift:
    return ReleaseDrift(stored.name, stored.namespace, "changed", stored.revision, stored.status, drifts)


def _drift(kind: DriftKind, plan: ReleasePlan, head: ReleaseHead | None) -> ReleaseDrift:
    return ReleaseDrift(
        plan.name,
        plan.namespace,
        kind,
        head.revision if head else None,
        head.status if head else "",
        plan.drift,
        plan,
    )


def _unlisted(heads: Mapping[_Key, ReleaseHead], wanted: Collection[_Key]) -> list[ReleaseDrift]:
    """As bot/app/plan/unlisted.py: what we deployed into namespaces of this target, and no file names."""
    namespaces = {namespace for namespace, _ in wanted}
    return [
        ReleaseDrift(head.name, head.namespace, "unlisted", head.revision, head.status)
        for key, head in sorted(heads.items())
        if head.namespace in namespaces and key not in wanted and head.ours and head.status != "uninstalled"
    ]


async def _batches(
    cluster: Cluster,
    heads: Mapping[_Key, ReleaseHead],
    releases: Sequence[DesiredRelease],
    unread: list[Unread],
) -> AsyncGenerator[list[_Standing], None]:
    """A namespace's releases together, as far as they fit: what they share is listed once.

    Each is read when it is needed, and let go with its batch. What cannot be read is put into `unread`.
    """
    wanted = {heads[one.namespace, one.name]: one for one in sorted(releases, key=lambda it: it.key)}
    batch: list[_Standing] = []
    size = 0
    async for head, body in cluster.bodies(wanted):
        if not isinstance(body, StoredRelease):
            why = str(body) if body else "Its record went away while it was looked at."
            unread.append(Unread(f"{head.namespace}/{head.name}", why))
            continue
        goes_on = bool(batch) and batch[-1].stored.namespace == body.namespace
        if batch and size + len(body.manifest) > (_MOST if goes_on else _ENOUGH):
            yield batch
            batch, size = [], 0
        batch.append(_Standing(wanted[head], body))
        size += len(body.manifest)
    if batch:
        yield batch
