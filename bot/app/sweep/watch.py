"""What moves without a merge request being updated: deployments, pipelines, freezes."""

from collections.abc import Sequence
from datetime import datetime, timedelta

import structlog

from bot.app.deploy.retried import AGAIN, newer_try
from bot.app.ports import Clock, Deployment, Forge, Job, MergeRequest, Queue, Store
from bot.app.ports.sweeping import SweepStore
from bot.app.sweep.missed import Found
from bot.core.errors import ForgeRefused
from bot.core.gate.freeze import frozen
from bot.core.gate.rules import GateRules
from bot.core.model import Target
from bot.core.work import DeployWork, GateWork

log = structlog.get_logger()

STUCK = timedelta(minutes=15)
"""How long a deployment whose pipeline has ended may take before somebody else takes it up."""

MOST = 50
"""Merge requests of a target whose gate is judged again at once."""

MOST_FAILED = 20
"""Failed deployments of a project that are asked about at once."""

_MOST_ENTRIES = 100
_ENDED = ("success", "failed", "canceled", "skipped")


class Watch:
    """Remembers between sweeps, not between starts: the first look of a process judges every gate again."""

    def __init__(
        self,
        forge: Forge,
        store: Store,
        sweeps: SweepStore,
        queue: Queue,
        clock: Clock,
        reach: timedelta,
    ) -> None:
        self._forge = forge
        self._store = store
        self._sweeps = sweeps
        self._queue = queue
        self._clock = clock
        self._reach = reach
        self._turns: dict[str, int] = {}
        self._pipelines: dict[tuple[str, int], list[Target]] = {}
        self._frozen: dict[tuple[str, str], bool] = {}
        self._lingering: dict[tuple[str, int, str], datetime] = {}

    def opened(self, mr: MergeRequest, targets: Sequence[Target]) -> None:
        """Follow its pipeline, where a gate asks for it."""
        if asking := [it for it in targets if it.gate.pipeline]:
            self._pipelines[mr.project, mr.iid] = asking

    async def look(self, project: str, targets: Sequence[Target]) -> list[Found]:
        """Costs a request for each deployment that runs, and two for each pipeline that a gate waits for.

        And one where a deployment failed lately; the first look of a process asks about all of these.
        """
        found = await self._runs(project)
        found += await self._tried_again(project)
        for target in targets:
            await self._judge_again(target)
        watched = [(iid, asking) for (of, iid), asking in self._pipelines.items() if of == project]
        for iid, asking in watched:
            found += await self._pipeline(project, iid, asking)
        return found

    async def _runs(self, project: str) -> list[Found]:
        """Wakes who waits for a pipeline that has ended, and takes up what nobody follows any more."""
        found: list[Found] = []
        lingering: dict[tuple[str, int, str], datetime] = {}
        for it in await self._sweeps.unended(project):
            if not await self._ended(it):
                continue
            name, now = (it.project, it.iid, it.target), self._clock()
            lingering[name] = self._lingering.get(name, now)
            found.append(Found("run", DeployWork(it.project, it.iid, it.target)))
            if now - lingering[name] >= STUCK:
                once = f"swept-{it.pipeline_id or 'direct'}"
                found.append(Found("run", DeployWork(it.project, it.iid, it.target, once)))
        kept = {name: at for name, at in self._lingering.items() if name[0] != project}
        self._lingering = kept | lingering
        return found

    async def _ended(self, it: Deployment) -> bool:
        if it.pipeline_id is None:
            return True
        pipeline = await self._forge.pipeline(it.project, it.pipeline_id)
        return pipeline is None or pipeline.status in _ENDED

    async def _tried_again(self, project: str) -> list[Found]:
        """Jobs that somebody tried again: of all failed deployments at first, then of one a look, in turn."""
        failed, turn = await self._failed(project), self._turns.get(project)
        asked = failed if turn is None else [failed[turn % len(failed)]] if failed else []
        found = []
        for it in asked:
            if number := newer_try(it, await self._jobs(it)):
                once = f"{AGAIN}{it.pipeline_id}-{number}"
                found.append(Found("retried", DeployWork(it.project, it.iid, it.target, once)))
        self._turns[project] = 0 if turn is None else turn + 1
        return found

    async def _failed(self, project: str) -> list[Deployment]:
        """Those that failed within reach and have a pipeline, the newest first."""
        since = self._clock() - self._reach
        names: dict[tuple[int, str], None] = {}
        for entry in await self._store.recent("deploy.ended", project, _MOST_ENTRIES):
            if datetime.fromisoformat(entry["at"]) >= since and entry["facts"].get("state") == "failed":
                names[entry["iid"], entry["facts"]["target"]] = None
        found = [await self._store.deployment(project, iid, target) for iid, target in names]
        return [it for it in found if it and it.state == "failed" and it.pipeline_id][:MOST_FAILED]

    async def _jobs(self, it: Deployment) -> list[Job]:
        try:
            return await self._forge.jobs(it.project, it.pipeline_id or 0)
        except ForgeRefused:  # its pipeline was deleted
            return []

    async def _judge_again(self, target: Target) -> None:
        """At the first look of this process, and when a freeze begins or ends."""
        if not _moves(target.gate):
            return
        name, now = (target.project, target.name), self._clock()
        shut = frozen(target.gate.freeze, now) is not None
        if self._frozen.get(name) is shut:
            return
        planned = await self._store.planned(target.project, target.name, MOST)
        waiting = [
            iid for iid in planned if await self._store.deployment(target.project, iid, target.name) is None
        ]
        for iid in waiting:
            once = f"swept-{now:%Y%m%dT%H%M%S}"
            await self._queue.submit(GateWork(target.project, iid, target.name, once))
            if target.gate.pipeline:
                self._pipelines.setdefault((target.project, iid), [target])
        self._frozen[name] = shut
        log.info("sweep.judged_again", project=target.project, target=target.name, gates=len(waiting))

    async def _pipeline(self, project: str, iid: int, targets: Sequence[Target]) -> list[Found]:
        """The gate is judged again once for each way in which a pipeline of the head ended."""
        mr = await self._forge.merge_request(project, iid)
        if mr is None or mr.state != "opened":
            del self._pipelines[project, iid]
            return []
        number = mr.head_pipeline_id
        status = None if number is None else await self._forge.checks(project, number)
        if status is not None and status not in _ENDED:
            return []
        del self._pipelines[project, iid]
        once = f"swept-{number}-{status}"
        return [Found("pipeline", GateWork(project, iid, it.name, once)) for it in targets]


def _moves(rules: GateRules) -> bool:
    """Whether how the gate stands may change while the plan stays."""
    return rules.asks_people or rules.pipeline or rules.threads or rules.undiverged or bool(rules.freeze)
