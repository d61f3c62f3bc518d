"""`/helm status [--target T]`: what runs now, and how this merge request stands."""

from bot.app.commands.request import Answer, Request, each_target
from bot.app.ports import Clusters, Store
from bot.app.ports.cluster import ReleaseHead
from bot.core.document import from_document
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.standing import deployed_lines, newest_of

MOST = 100


class Status:
    """Reads the cluster and what is kept; changes nothing."""

    def __init__(self, clusters: Clusters, store: Store) -> None:
        self._clusters = clusters
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """One section a target; a cluster that does not answer is said."""
        return await each_target(request, self._one)

    async def _one(self, request: Request, target: Target) -> Answer:
        mr, parts, good = request.mr, [f"#### {md.code(target.name)}"], True
        lock = await self._store.lock(mr.project, target.name)
        if lock is not None:
            why = f": {md.text(lock.reason)}" if lock.reason else ""
            parts.append(f"🔒 Locked by {md.text(lock.by)} since {lock.at:%Y-%m-%d %H:%M} UTC{why}.")
        deployment = await self._store.deployment(mr.project, mr.iid, target.name)
        if deployment is not None:
            why = f" {md.text(deployment.reason)}" if deployment.reason else ""
            parts.append(f"The deployment of this merge request: {deployment.state}.{why}")
        ended = await self._store.recent("deploy.ended", mr.project, MOST)
        parts += [md.text(line) for line in deployed_lines(ended, target.name, 1)]
        try:
            async with self._clusters.open(target) as cluster:
                heads = await cluster.releases()
            parts.append(await self._table(request, target, newest_of(heads)))
        except (ClusterUnreachable, ClusterForbids) as error:
            parts.append(f"The cluster could not be read: {md.text(error.what)}.")
            good = False
        return Answer("\n\n".join(parts), good=good)

    async def _table(self, request: Request, target: Target, heads: list[ReleaseHead]) -> str:
        """The releases that the newest plan speaks of; all of the cluster's where there is no plan."""
        mr = request.mr
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is not None:
            keys = {release.key for release in from_document(stored.document).releases}
            heads = [it for it in heads if f"{it.namespace}/{it.name}" in keys]
        if not heads:
            return "None of its releases is in the cluster."
        rows = [
            (md.code(it.name), md.code(it.namespace), str(it.revision), md.text(it.status))
            for it in heads[:MOST]
        ]
        more = f"\n\nand {len(heads) - MOST} more" if len(heads) > MOST else ""
        return md.table(("release", "namespace", "revision", "status"), rows) + more
