"""Helm's SDK as a renderer, in worker processes that have neither network nor credentials."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.helm.door import Door, Errand
from bot.adapters.helm.pool import LookupCalled, WorkerPool
from bot.adapters.helm.presence import Closing
from bot.adapters.helm.worker import Death, RenderLimits
from bot.adapters.sealed.sandbox import Seal
from bot.app.ports.rendering import Lookup
from bot.core.errors import AuthorError, ClusterUnreachable
from bot.core.planned import EngineInfo
from bot.core.release import Rendered, RenderJob

CLOSED = "http://127.0.0.1:9/closed-door"
"""Where a worker that can reach nothing sends `lookup`: the failure tells that it was called."""
MOST_REMEMBERED = 1000


class SdkRenderer(Closing):
    """The port Renderer. `read_paths` are the directories that charts may lie in: workers can read no others.

    Host names are not resolved. Workers start when they are needed; `start` starts one at once and says when
    that cannot be. A rendering whose `lookup` is to be answered begins in such a worker too; when it calls
    `lookup` it is done again in one of a second kind, which can reach our door (helm_door.py) and nothing
    else. Charts that were seen to call it begin there.
    """

    def __init__(
        self, workers: int = 2, limits: RenderLimits | None = None, read_paths: Sequence[str] = ()
    ) -> None:
        self._workers, self._limits, self._read = workers, limits or RenderLimits(), tuple(read_paths)
        self._pool = WorkerPool("helm-sdk", workers, self._limits, self._read)
        self._door = Door()
        self._door_pool: WorkerPool | None = None
        self._asking: set[str] = set()

    async def start(self) -> None:
        """Starts a worker. Raises RuntimeError where Helm's library cannot be loaded."""
        self._info = EngineInfo("helm-sdk", await self._pool.start())

    async def close(self) -> None:
        """Ends all workers and closes the door."""
        await self._pool.close()
        if self._door_pool is not None:
            await self._door_pool.close()
        await self._door.close()

    @property
    def seal_report(self) -> Seal | None:
        """What the workers have taken from themselves; None before the first one."""
        return self._pool.seal_report

    @property
    def door_seal_report(self) -> Seal | None:
        """The same for the workers that can reach the door; None before the first one."""
        return self._door_pool.seal_report if self._door_pool else None

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
        return self._pool.pids | (self._door_pool.pids if self._door_pool else frozenset())

    async def render(self, job: RenderJob, lookup: Lookup | None = None) -> Rendered:
        """See the port. Safe to call concurrently; waits for a free worker."""
        request, what = _request(job), f"{job.namespace}/{job.release}"
        if lookup is None:
            return await self._pool.run(request, what)
        if job.chart.digest not in self._asking:
            try:
                return await self._pool.run({**request, "door": CLOSED, "sealed": True}, what)
            except LookupCalled:
                self._remember(job.chart.digest)
        port = await self._door.start()
        if self._door_pool is None:
            self._door_pool = WorkerPool("helm-sdk", self._workers, self._limits, self._read, port)
        with self._door.opened(lookup) as errand:
            return await _answered(self._door_pool, {**request, "door": errand.url}, what, errand)

    def _remember(self, digest: str) -> None:
        if len(self._asking) >= MOST_REMEMBERED:
            self._asking.clear()
        self._asking.add(digest)


def _request(job: RenderJob) -> Mapping[str, Any]:
    return {
        "op": "render",
        "chart": job.chart.path,
        "digest": job.chart.digest,
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


async def _answered(pool: WorkerPool, request: Mapping[str, Any], what: str, errand: Errand) -> Rendered:
    """The rendering, or what kept its questions from being answered: that is not the author's mistake."""
    try:
        found = await pool.run(request, what)
    except AuthorError as error:
        if errand.failure is not None:
            raise errand.failure from error
        if errand.waiting and error.code == "render-limit":
            raise ClusterUnreachable(f"The cluster did not answer the lookups of {what} in time.") from error
        raise
    if errand.failure is not None:
        raise errand.failure
    return found
