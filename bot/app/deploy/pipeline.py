"""Mode `pipeline`: a job of the project applies; we start its pipeline once, and follow it."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TypeAlias

import structlog

from bot.app.deploy.evidence import evidence
from bot.app.deploy.moved import Moved
from bot.app.deploy.telling import Telling, about
from bot.app.ports import Clock, Deployment, Forge, Job, MergeRequest, Pipeline, Store
from bot.app.ports.running import RunRecord, RunRecords
from bot.core.deploy import words
from bot.core.deploy.foreign_report import MOST_BYTES, foreign_report
from bot.core.deploy.pipeline_end import pipeline_end
from bot.core.deploy.release_report import RunReport
from bot.core.errors import ForgeRefused, PipelineElsewhere
from bot.core.gate.decision import FOLLOW_UP
from bot.core.model import Target
from bot.core.notes.deploy import DeployReport
from bot.core.notes.marks import pipeline_inputs
from bot.core.redact.masking import Masker
from bot.core.work import Again, Outcome

log = structlog.get_logger()

POLL = 15.0
"""Seconds between looks at a pipeline that no hook told us about."""

LOG_TAIL = 16_000
REPORT = "purser-artifacts/run.json"
"""Where `purser apply --keep` leaves what became of each release (config/ci)."""
SETTLES = 120.0
"""Seconds in which GitLab moves a job on that it has made anew."""

OURS = "purser-apply"
"""What the name of a job begins with that applies."""


@dataclass(frozen=True, slots=True)
class Landed:
    """It was applied; what follows is the verification. `deployment` is kept as `verifying` already."""

    deployment: Deployment


Followed: TypeAlias = Outcome | Landed


class ByPipeline:
    """Finds or makes the pipeline of a seal, and follows it to its end."""

    def __init__(
        self,
        forge: Forge,
        store: Store,
        records: RunRecords,
        clock: Clock,
        masker: Callable[[], Masker],
        moved: Moved,
        telling: Telling,
    ) -> None:
        self._forge = forge
        self._store = store
        self._records = records
        self._clock = clock
        self._masker = masker
        self._moved = moved
        self._telling = telling

    async def is_begun(self, mr: MergeRequest, target: Target, deployment: Deployment) -> bool:
        """After a crash the pipeline of a deployment that waits may be there already."""
        seal = deployment.seal or ""
        pipeline = await self._forge.find_pipeline(mr.project, deployment.merge_sha, seal, target.name)
        return pipeline is not None and pipeline.id != deployment.pipeline_id

    async def start(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Followed:
        """Finds the pipeline of this seal or creates it: a crash between them must not make a second one."""
        seal, sha = deployment.seal or "", deployment.merge_sha
        try:
            pipeline = await self._forge.find_pipeline(mr.project, sha, seal, target.name)
            # One that ended before somebody said /helm deploy is not this try's.
            if pipeline is None or pipeline.id == deployment.pipeline_id:
                back = await self._telling.back(mr, target.name, seal)
                inputs = pipeline_inputs(target.name, seal, mr.iid, str(back) if back else "")
                pipeline = await self._forge.create_pipeline(mr.project, mr.target_branch, sha, inputs)
        except ForgeRefused as error:
            if isinstance(error, PipelineElsewhere):
                facts = {"pipeline": error.pipeline_id, "seal": seal, "sha": error.sha}
                await self._telling.record("pipeline.elsewhere", mr, target, facts, f":{error.pipeline_id}")
            held = replace(deployment, state="held", reason=words.start_refused(error))
            said = replace(about(held), way_out=words.way_to_start(error))
            return await self._telling.end(mr, held, said)
        now = self._clock().isoformat()
        running = replace(deployment, state="running", pipeline_id=pipeline.id, steps=(now,))
        started = {"pipeline": pipeline.id, "seal": seal, "sha": sha}
        # The trail first: a crash between the two finds the pipeline again, the other way round nobody would.
        await self._telling.record("pipeline", mr, target, started, f":{pipeline.id}")
        await keep_running(self._forge, self._store, running)
        log.info("deploy.started", pipeline=pipeline.id)
        return await self.follow(mr, target, running)

    async def follow(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Followed:
        """One look at the pipeline."""
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        if pipeline is None:
            gone = replace(deployment, state="failed", reason="its pipeline was deleted before it ended.")
            return await self._telling.end(mr, gone, replace(about(gone), way_out=FOLLOW_UP))
        jobs = await self._forge.jobs(mr.project, pipeline.id)
        waited = (self._clock() - begun(deployment, self._clock())).total_seconds()
        states = [job.status for job in jobs if not job.forgiven]
        end = pipeline_end(pipeline.status, states, settled=waited > SETTLES)
        if end is None:
            said = tuple(words.job_line(job.name, job.id, job.status) for job in jobs)
            pairs = [(job.name, job.status) for job in jobs]
            said = (*said, *words.waits(pairs, waited, target.deploy.runner_patience))
            await self._telling.say(mr, replace(about(deployment), lines=said, links=links_of(pipeline)))
            return Again(POLL)
        ran = await evidence(self._forge, mr.project, jobs)
        facts = {"pipeline": pipeline.id, "url": pipeline.web_url, "status": end, "jobs": ran}
        await self._telling.record("pipeline.ended", mr, target, facts, f":{pipeline.id}:{_newest(jobs)}")
        steps = (str(_applied(jobs)), str(_newest(jobs)), self._clock().isoformat())
        deployment = replace(deployment, steps=steps)
        if end != "success":
            return await self._failed(mr, target, deployment, replace(pipeline, status=end), jobs)
        verifying = replace(deployment, state="verifying")
        await self._store.put_deployment(verifying)
        return Landed(verifying)

    async def report(self, mr: MergeRequest, deployment: Deployment) -> DeployReport:
        """What there is to say of a deployment that was applied."""
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        applied = deployment.steps[0] if deployment.steps and deployment.steps[0].isdecimal() else "0"
        left = await self._left(deployment, int(applied), self._masker()) if int(applied) else None
        return replace(about(deployment), links=links_of(pipeline), releases=left.releases if left else ())

    async def _left(self, deployment: Deployment, job_id: int, masker: Masker) -> RunReport | None:
        """What the job left in its artifacts of how it went; None where it left nothing that is so.

        It is fetched once, and kept: a verification looks often, and GitLab throws artifacts away.
        """
        run = f"job-{job_id}"  # as `purser apply` calls itself there
        kept = await self._records.run(run)
        if kept is None:
            raw = await self._forge.artifact(deployment.project, job_id, REPORT, MOST_BYTES)
            report = await asyncio.to_thread(foreign_report, raw, masker.text) if raw is not None else None
            of = (deployment.project, deployment.iid, deployment.target, deployment.seal or "")
            kept = RunRecord(run, *of, self._clock(), report=report)
            await self._records.put_run(kept)
        return kept.report

    async def _failed(
        self,
        mr: MergeRequest,
        target: Target,
        deployment: Deployment,
        pipeline: Pipeline,
        jobs: list[Job],
    ) -> Outcome:
        job = next((job for job in jobs if job.status == "failed" and not job.forgiven), None)
        tail, links = "", links_of(pipeline)
        left: RunReport | None = None
        lines = [words.job_line(one.name, one.id, one.status) for one in jobs]
        if job is not None:
            masker = self._masker()  # what the log gives away may stand in the report without its key
            tail = masker.text(await self._forge.trace_tail(mr.project, job.id, LOG_TAIL))
            if job.has_artifacts:
                left = await self._left(deployment, job.id, masker)
                links = (*links, ("the whole output", f"{job.web_url}/artifacts/browse"))
        if words.was_refused(tail):
            lines += await self._moved(mr, target, deployment) or ()
        name, failure = (job.name, job.failure) if job else (None, "")
        reason = words.pipeline_ended(pipeline.status, name, failure)
        failed = replace(deployment, state="failed", reason=reason)
        said = replace(
            about(failed),
            links=links,
            log=tail,
            releases=left.releases if left else (),
            symptoms=left.symptoms if left else (),
            way_out=words.after_pipeline(pipeline.status, name, tail, failure),
        )
        return await self._telling.end(mr, failed, replace(said, lines=tuple(lines)))


def is_ours(name: str) -> bool:
    """Whether a job of this name is one that `purser apply` runs in."""
    return name.split(" ", maxsplit=1)[0] == OURS


async def keep_running(forge: Forge, store: Store, running: Deployment) -> None:
    """Keeps that its pipeline has begun. Where somebody cancelled it meanwhile, that is stopped.

    As far as GitLab can: it is followed to whatever end it has.
    """
    if not await store.move_deployment(running, "waiting"):
        await forge.cancel_pipeline(running.project, running.pipeline_id or 0)
        await store.put_deployment(running)


def begun(deployment: Deployment, now: datetime) -> datetime:
    """When the stage began that a deployment is at: the last of its steps."""
    return datetime.fromisoformat(deployment.steps[-1]) if deployment.steps else now


def links_of(pipeline: Pipeline | None) -> tuple[tuple[str, str], ...]:
    """GitLab's page of it."""
    return (("pipeline", pipeline.web_url),) if pipeline else ()


def _applied(jobs: Sequence[Job]) -> int:
    """The job that applied; where none is called so, the last."""
    return _newest([job for job in jobs if job.name.startswith(OURS)]) or _newest(jobs)


def _newest(jobs: Sequence[Job]) -> int:
    return max((job.id for job in jobs), default=0)
