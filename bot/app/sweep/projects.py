"""Find what GitLab never delivered, project by project, and hand it to the queue.

A project in which nothing moved costs one request. What hooks told as well is known to the queue by its key.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import structlog

from bot.app.ports import Clock, Forge, MergeRequest, Queue, Store
from bot.app.ports.sweeping import Merges, SweepStore, Swept
from bot.app.sweep.missed import Found, Missed
from bot.app.sweep.watch import Watch
from bot.app.taking_back import take_back
from bot.core.errors import ForgeRefused, TransientError
from bot.core.model import Target
from bot.core.work import DeployWork, key

log = structlog.get_logger()

OVERLAP = timedelta(minutes=5)
"""GitLab's lists may lack what was written just now: each sweep looks again at the end of the last one."""


@dataclass(slots=True)
class _Round:
    """What one look at a project comes to.

    `looked` holds the time of each merge request's last update. `held` means that one could not be looked at,
    so that the next sweep begins there again.
    """

    swept: Swept
    now: datetime
    seen: datetime
    held: bool = False
    looked: dict[int, str] = field(default_factory=dict)
    merges: list[tuple[datetime, DeployWork]] = field(default_factory=list)


class Sweep:
    """One call is one sweep of all projects; what fails in one of them is logged and tried in the next sweep.

    `reach` bounds how old a merge or a command may be; `found` is told the kind of each find that was news.
    """

    def __init__(
        self,
        forge: Forge,
        merges: Merges,
        store: Store,
        sweeps: SweepStore,
        queue: Queue,
        clock: Clock,
        targets: Sequence[Target],
        *,
        reach: timedelta,
        found: Callable[[str], None],
    ) -> None:
        self._forge = forge
        self._merges = merges
        self._store = store
        self._sweeps = sweeps
        self._queue = queue
        self._clock = clock
        self._reach = reach
        self._found = found
        self._missed = Missed(forge, store)
        self._watch = Watch(forge, store, sweeps, queue, clock, reach)
        self._projects = _by_project(targets)
        self._looked: dict[str, dict[int, str]] = {}

    async def __call__(self) -> None:
        """Never raises but when it is cancelled."""
        for project, targets in self._projects.items():
            try:
                await self._project(project, targets)
            except (TransientError, ForgeRefused) as error:
                log.warning("sweep.put_off", project=project, reason=error.what)
            except Exception:
                log.exception("sweep.failed", project=project)

    async def _project(self, project: str, targets: Sequence[Target]) -> None:
        now = self._clock()
        swept = await self._sweeps.swept(project, [it.name for it in targets], now)
        this = _Round(swept, now, swept.seen)
        try:
            async for mr in await self._forge.merge_requests(project, swept.seen - OVERLAP):
                await self._merge_request(mr, targets, this)
        finally:
            await self._end(project, this)
        for it in await self._watch.look(project, targets):
            await self._hand_over(it, project)

    async def _merge_request(self, mr: MergeRequest, targets: Sequence[Target], this: _Round) -> None:
        if self._looked.get(mr.project, {}).get(mr.iid) != mr.updated_at:
            try:
                await self._look(mr, targets, this)
            except TransientError:
                raise
            except Exception:
                log.exception("sweep.merge_request_failed", project=mr.project, iid=mr.iid)
                # For as long as it counts; it must not stand in the way of all that come after it for ever.
                this.held |= _updated(mr, this.now) > this.now - self._reach
                return
        this.looked[mr.iid] = mr.updated_at
        if not this.held:
            this.seen = max(this.seen, _updated(mr, this.seen))

    async def _look(self, mr: MergeRequest, targets: Sequence[Target], this: _Round) -> None:
        branch = await self._forge.default_branch(mr.project)
        aimed = [it for it in targets if (it.branch or branch) == mr.target_branch]
        begun = min(this.swept.since.values())
        for it in await self._missed.of(mr, targets, aimed, max(begun, this.now - self._reach)):
            await self._hand_over(it, mr.project)
        match mr.state:
            case "opened":
                self._watch.opened(mr, aimed)
            case "merged":
                this.merges += await self._undeployed(mr, aimed, this)
            case "closed":
                await self._withdraw(mr, aimed)
            case "locked":
                pass  # GitLab merges it at this moment

    async def _undeployed(
        self, mr: MergeRequest, targets: Sequence[Target], this: _Round
    ) -> list[tuple[datetime, DeployWork]]:
        """Merges of our time that have no deployment; a note may have brought up one of years ago."""
        left = [it for it in targets if await self._store.deployment(mr.project, mr.iid, it.name) is None]
        merged_at = await self._merges.merged_at(mr.project, mr.iid) if left else None
        if merged_at is None:
            return []
        ours = [it for it in left if merged_at >= max(this.swept.since[it.name], this.now - self._reach)]
        if len(ours) < len(left):
            log.info("sweep.let_be", project=mr.project, iid=mr.iid, merged_at=merged_at.isoformat())
        return [(merged_at, DeployWork(mr.project, mr.iid, it.name)) for it in ours]

    async def _withdraw(self, mr: MergeRequest, targets: Sequence[Target]) -> None:
        for target in targets:
            if plans := await take_back(self._queue, self._forge, mr.project, mr.iid, target.name):
                log.info("sweep.withdrawn", project=mr.project, iid=mr.iid, plans=plans)
                self._found("closed")

    async def _end(self, project: str, this: _Round) -> None:
        """Merges go to the queue in the order in which they happened, whatever was written there since."""
        for _, work in sorted(this.merges, key=lambda it: it[0]):
            await self._hand_over(Found("merged", work), project)
        if this.seen > this.swept.seen:
            await self._sweeps.put_seen(project, this.seen)
        self._looked[project] = this.looked

    async def _hand_over(self, it: Found, project: str) -> None:
        if await self._queue.submit(it.work):
            log.info("sweep.found", kind=it.kind, project=project, work=key(it.work))
            self._found(it.kind)


def _updated(mr: MergeRequest, otherwise: datetime) -> datetime:
    return datetime.fromisoformat(mr.updated_at) if mr.updated_at else otherwise


def _by_project(targets: Sequence[Target]) -> Mapping[str, Sequence[Target]]:
    found: dict[str, list[Target]] = {}
    for target in targets:
        found.setdefault(target.project, []).append(target)
    return found
