"""Helm's SDK as a renderer, in worker processes that have neither network nor credentials."""

from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from bot.adapters.helm_pool import WorkerPool
from bot.adapters.helm_worker import Death, RenderLimits
from bot.adapters.sandbox import Seal
from bot.core.planned import EngineInfo
from bot.core.release import Rendered, RenderJob


class SdkRenderer:
    """The port Renderer. `read_paths` are the directories that charts may lie in: workers can read no others.

    `lookup` finds nothing and host names are not resolved. Workers start when they are needed; `start` starts
    one at once and says when that cannot be.
    """

    def __init__(
        self, workers: int = 2, limits: RenderLimits | None = None, read_paths: Sequence[str] = ()
    ) -> None:
        self._pool = WorkerPool("helm-sdk", workers, limits or RenderLimits(), read_paths)
        self._info: EngineInfo | None = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def start(self) -> None:
        """Starts a worker. Raises RuntimeError where Helm's library cannot be loaded."""
        self._info = EngineInfo("helm-sdk", await self._pool.start())

    async def close(self) -> None:
        """Ends all workers."""
        await self._pool.close()

    async def available(self) -> EngineInfo | None:
        """Which Helm answers here; None where the library cannot be loaded on this machine."""
        try:
            await self.start()
        except RuntimeError:
            return None
        return self.info

    @property
    def info(self) -> EngineInfo:
        """Which Helm this is. Raises RuntimeError before `start`."""
        if self._info is None:
            raise RuntimeError("the renderer was not started")
        return self._info

    @property
    def seal_report(self) -> Seal | None:
        """What the workers have taken from themselves; None before the first one."""
        return self._pool.seal_report

    @property
    def renders(self) -> int:
        """Renderings so far, failed ones included."""
        return self._pool.renders

    @property
    def kills(self) -> Mapping[Death, int]:
        """Workers lost so far, by reason."""
        return dict(self._pool.kills)

    @property
    def pids(self) -> frozenset[int]:
        """The worker processes that are there now."""
        return self._pool.pids

    async def render(self, job: RenderJob) -> Rendered:
        """See the port. Safe to call concurrently; waits for a free worker."""
        request = {
            "op": "render",
            "chart": job.chart.path,
            "name": job.chart.name,
            "release": job.release,
            "namespace": job.namespace,
            "values": job.values,
            "kube_version": job.capabilities.kube_version,
            "api_versions": list(job.capabilities.api_versions),
            "revision": job.revision,
            "is_upgrade": job.is_upgrade,
            "stands": job.stands,
        }
        return await self._pool.run(request, f"{job.namespace}/{job.release}")
