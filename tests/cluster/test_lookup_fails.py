"""A cluster that does not answer a lookup: the plan is incomplete, and never one of an empty cluster."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from bot.adapters.catalogue import load_catalogue
from bot.adapters.charts.cache import ChartCache
from bot.adapters.cluster.api_server import KubernetesClusters
from bot.adapters.helm.sdk import SdkRenderer
from bot.app.plan.planner import Planner
from bot.app.ports import Cluster
from bot.core.errors import ClusterForbids, ClusterUnreachable
from bot.core.model import Target
from bot.core.question import Answer, Question, Read
from bot.core.redact.masking import Masker
from tests.cluster.control_plane import ControlPlane
from tests.cluster.lookup_bench import bench
from tests.cluster.test_lookup import PASSWORD, colored


class FailingCluster:
    """A real cluster, but that reading a Secret fails."""

    def __init__(self, cluster: Cluster, failure: Exception) -> None:
        self._cluster = cluster
        self._failure = failure

    def __getattr__(self, name: str) -> Any:
        return getattr(self._cluster, name)

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        if any(isinstance(one, Read) and one.ref.kind == "Secret" for one in questions):
            raise self._failure
        return await self._cluster.ask(questions)


class FailingClusters:
    def __init__(self, failure: Exception) -> None:
        self._failure = failure

    @asynccontextmanager
    async def open(self, target: Target) -> AsyncIterator[Cluster]:
        async with KubernetesClusters({}).open(target) as cluster:
            yield cast(Cluster, FailingCluster(cluster, self._failure))


async def test_a_plan_is_incomplete_where_a_lookup_was_not_answered(
    control_plane: ControlPlane, kubeconfig: Path, helm: Path, namespace: str, tmp_path: Path
) -> None:
    async with (
        bench(control_plane.api, kubeconfig, helm, namespace, tmp_path) as lookups,
        SdkRenderer(1, read_paths=[str(tmp_path)]) as renderer,
    ):
        lookups.deploy({"a.yaml": PASSWORD})
        for failure, code in (
            (ClusterUnreachable("no answer"), "cluster-unreachable"),
            (ClusterForbids("get secrets"), "lookup-forbidden"),
        ):
            lookups.planner = Planner(
                ChartCache(tmp_path / "cache"),
                renderer,
                FailingClusters(failure),
                load_catalogue([]),
                lambda: Masker(b"key"),
            )
            shown = await lookups.plan({"a.yaml": PASSWORD, "b.yaml": colored("red")})
            assert (shown.plan.complete, shown.plan.seal) == (False, None)
            assert code in shown.codes
            assert not [one for release in shown.plan.releases for one in release.objects]
