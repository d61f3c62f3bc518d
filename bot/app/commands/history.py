"""`/helm history RELEASE [--target T]`: the revisions of a release, and the deployments of its target."""

from collections.abc import Sequence

from bot.app.commands.request import Answer, Request, each_target
from bot.app.ports import Cluster, Clusters, Store
from bot.app.ports.cluster import ReleaseHead
from bot.app.ports.keeping import MOST_ENTRIES
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import Target
from bot.core.nearest import nearest_release
from bot.core.notes import markdown as md
from bot.core.standing import deployed_lines

MOST_REVISIONS, MOST_DEPLOYMENTS = 20, 10


class History:
    """Reads the cluster and the trail; changes nothing."""

    def __init__(self, clusters: Clusters, store: Store) -> None:
        self._clusters = clusters
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """One section a target; a cluster that does not answer is said."""
        return await each_target(request, self._one, enough=any)

    async def _one(self, request: Request, target: Target) -> Answer:
        title, wanted = f"#### {md.code(target.name)}", request.command.args[0]
        try:
            async with self._clusters.open(target) as cluster:
                heads = await cluster.releases()
                table = await self._table(cluster, heads, wanted)
        except (ClusterUnreachable, ClusterForbids) as error:
            return Answer(f"{title}\n\nThe cluster could not be read: {md.text(error.what)}.", good=False)
        if not table:
            near = nearest_release(wanted, {f"{it.namespace}/{it.name}" for it in heads})
            hint = f" Did you mean {md.code(near)}?" if near else ""
            return Answer(f"{title}\n\nNo release {md.code(wanted)} is in the cluster.{hint}", good=False)
        ended = await self._store.recent("deploy.ended", request.mr.project, MOST_ENTRIES)
        lines = [f"- {md.text(it)}" for it in deployed_lines(ended, target.name, MOST_DEPLOYMENTS)]
        told = "\n".join(["Deployments of the whole target:", "", *lines]) if lines else ""
        return Answer("\n\n".join(part for part in (title, table, told) if part))

    async def _table(self, cluster: Cluster, every: Sequence[ReleaseHead], wanted: str) -> str:
        heads = [it for it in every if wanted in (it.name, f"{it.namespace}/{it.name}")]
        rows: list[tuple[str, ...]] = []
        for namespace, name in sorted({(it.namespace, it.name) for it in heads}):
            live = await cluster.release(namespace, name)
            known = {it.revision: it for it in (live.base, live.newest)} if live else {}
            mine = [it for it in heads if (it.namespace, it.name) == (namespace, name)]
            for it in sorted(mine, key=lambda it: -it.revision)[:MOST_REVISIONS]:
                record = known.get(it.revision)
                chart = md.code(f"{record.chart_name} {record.chart_version}") if record else ""
                since = md.text(record.updated[:16].replace("T", " ")) if record else ""
                rows.append(
                    (md.code(f"{namespace}/{name}"), str(it.revision), md.text(it.status), chart, since)
                )
        return md.table(("release", "revision", "status", "chart", "since"), rows) if rows else ""
