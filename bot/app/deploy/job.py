"""Mode `pipeline` with a job of the project itself, in the pipeline of the merge: found and followed."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import structlog

from bot.app.deploy.evidence import evidence
from bot.app.deploy.moved import Moved
from bot.app.deploy.pipeline import (
    LOG_TAIL,
    OURS,
    POLL,
    Followed,
    Landed,
    begun,
    is_ours,
    keep_running,
    links_of,
)
from bot.app.deploy.telling import JOB, Telling, about, ended_job, is_by_job
from bot.app.ports import Clock, Deployment, Forge, Job, MergeRequest, Pipeline, Store
from bot.core.deploy import job_words
from bot.core.deploy import words as deploy_words
from bot.core.deploy.pipeline_end import OVER
from bot.core.errors import ForgeRefused
from bot.core.gate.decision import FOLLOW_UP
from bot.core.model import Target
from bot.core.notes.deploy import DeployReport
from bot.core.notes.marks import pipeline_inputs
from bot.core.redact.masking import Masker
from bot.core.work import Again, Done

log = structlog.get_logger()

APPEARS_WITHIN = timedelta(minutes=5)
"""GitLab makes the pipeline of a merge some seconds after it."""

_CHECKED, _UNCHECKED = "checked", "unchecked"


class ByOneJob:
    """Finds the job in the pipeline that the merge made; never makes a pipeline.

    A deployment's `steps` are the job's name, whether the seal held right before we started it, the job that
    was the last to end, and when the stage began.
    """

    def __init__(
        self,
        forge: Forge,
        store: Store,
        clock: Clock,
        masker: Callable[[], Masker],
        moved: Moved,
        telling: Telling,
    ) -> None:
        self._forge = forge
        self._store = store
        self._clock = clock
        self._masker = masker
        self._moved = moved
        self._telling = telling

    async def ours(self, mr: MergeRequest, target: Target, sha: str) -> str:
        """The name of a manual job `purser-apply` in the pipeline of the merge; empty where there is none."""
        names = (OURS, f"{OURS} {target.name}")
        found = await self._forge.job_of_push(mr.project, sha, mr.target_branch, names)
        return found[1].name if found and found[1].status == "manual" else ""

    async def is_begun(self, mr: MergeRequest, deployment: Deployment) -> bool:
        """After a crash the job that we were about to start may have begun: the seal was checked."""
        if deployment.steps[1] != _CHECKED:
            return False
        names = (_name(deployment),)
        found = await self._forge.job_of_push(mr.project, deployment.merge_sha, mr.target_branch, names)
        return found is not None and found[1].status != "manual" and found[1].id != ended_job(deployment)

    async def start(self, mr: MergeRequest, target: Target, deployment: Deployment, name: str) -> Followed:
        """Starts the job when its turn has come and the seal holds; until then the gate is asked anew."""
        if not is_by_job(deployment):
            now = self._clock().isoformat()
            deployment = replace(deployment, steps=(JOB + name, _UNCHECKED, "0", now))
            if not await self._store.move_deployment(deployment, "waiting"):
                return Done()  # somebody cancelled it meanwhile
        found = await self._forge.job_of_push(mr.project, deployment.merge_sha, mr.target_branch, (name,))
        if found is None:
            return await self._wait_for_it(mr, deployment, name)
        pipeline, job = found
        again = job.id == ended_job(deployment)
        if job.status != "manual" and not again:
            if job.status == "created":
                said = deploy_words.job_line(job.name, job.id, "waits for the stages before it")
                await self._telling.say(
                    mr, replace(about(deployment), lines=(said,), links=links_of(pipeline))
                )
                return Again(POLL)
            return await self._begin(mr, target, deployment, pipeline)
        if not is_ours(name) and (lines := await self._differs(mr, target, deployment)):
            held = replace(deployment, state="held", reason=job_words.MOVED.format(name=name))
            said_so = replace(
                about(held), lines=lines, way_out=job_words.AFTER_MOVED, links=links_of(pipeline)
            )
            return await self._telling.end(mr, held, said_so)
        # Kept before it is started: after a crash in between it is started (or was), and the seal held.
        checked = replace(deployment, steps=(deployment.steps[0], _CHECKED, *deployment.steps[2:]))
        if not await self._store.move_deployment(checked, "waiting"):
            return Done()
        return await self._play(mr, target, checked, pipeline, job, again=again)

    async def _play(
        self,
        mr: MergeRequest,
        target: Target,
        deployment: Deployment,
        pipeline: Pipeline,
        job: Job,
        *,
        again: bool,
    ) -> Followed:
        inputs = pipeline_inputs(target.name, deployment.seal or "", mr.iid) if is_ours(job.name) else {}
        try:
            if again:
                await self._forge.retry_job(mr.project, pipeline.id, job.id)
            else:
                await self._forge.play_job(mr.project, job.id, inputs)
        except ForgeRefused as error:
            held = replace(deployment, state="held", reason=job_words.refused(job.name, error.what))
            said = replace(about(held), way_out=job_words.AFTER_REFUSAL, links=links_of(pipeline))
            return await self._telling.end(mr, held, said)
        return await self._begin(mr, target, deployment, pipeline)

    async def _wait_for_it(self, mr: MergeRequest, deployment: Deployment, name: str) -> Followed:
        broken = await self._forge.unreadable(mr.project, deployment.merge_sha, mr.target_branch)
        if broken is not None:
            why = job_words.unreadable(self._masker().text(broken.errors))
            held = replace(deployment, state="held", reason=why)
            said = replace(about(held), way_out=job_words.AFTER_UNREADABLE, links=links_of(broken))
            return await self._telling.end(mr, held, said)
        if self._clock() < begun(deployment, self._clock()) + APPEARS_WITHIN:
            await self._telling.say(mr, replace(about(deployment), lines=(job_words.looks_for(name),)))
            return Again(POLL / 3)
        held = replace(deployment, state="held", reason=job_words.NOT_THERE.format(name=name))
        return await self._telling.end(mr, held, replace(about(held), way_out=job_words.AFTER_NOT_THERE))

    async def _begin(
        self, mr: MergeRequest, target: Target, deployment: Deployment, pipeline: Pipeline
    ) -> Followed:
        steps = (*deployment.steps[:-1], self._clock().isoformat())
        running = replace(deployment, state="running", pipeline_id=pipeline.id, steps=steps)
        facts = {"pipeline": pipeline.id, "seal": deployment.seal, "sha": deployment.merge_sha}
        once = f":{pipeline.id}:{ended_job(deployment)}"
        # The trail first, as in the other modes: what is kept is not told of again.
        await self._telling.record(
            "pipeline", mr, target, {**facts, "job": steps[0], "seal_check": steps[1]}, once
        )
        await keep_running(self._forge, self._store, running)
        log.info("deploy.started", pipeline=pipeline.id, job=steps[0])
        return await self.follow(mr, target, running)

    async def follow(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Followed:
        """One look at the latest try of the job."""
        name = _name(deployment)
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        job = await self._latest(mr, deployment) if pipeline else None
        if pipeline is None or job is None:
            gone = replace(deployment, state="failed", reason=job_words.GONE.format(name=name))
            return await self._telling.end(mr, gone, replace(about(gone), way_out=FOLLOW_UP))
        if job.status not in OVER or job.id == ended_job(deployment):
            waited = (self._clock() - begun(deployment, self._clock())).total_seconds()
            line = deploy_words.job_line(job.name, job.id, job.status)
            said = (
                line,
                *deploy_words.waits([(job.name, job.status)], waited, target.deploy.runner_patience),
            )
            await self._telling.say(mr, replace(about(deployment), lines=said, links=links_of(pipeline)))
            return Again(POLL)
        ran = await evidence(self._forge, mr.project, [job])
        facts = {"pipeline": pipeline.id, "url": pipeline.web_url, "status": job.status, "jobs": ran}
        await self._telling.record("pipeline.ended", mr, target, facts, f":{pipeline.id}:{job.id}")
        steps = (*deployment.steps[:2], str(job.id), self._clock().isoformat())
        if job.status != "success":
            return await self._failed(mr, replace(deployment, steps=steps), pipeline, job)
        verifying = replace(deployment, state="verifying", steps=steps)
        await self._store.put_deployment(verifying)
        return Landed(verifying)

    async def report(self, mr: MergeRequest, deployment: Deployment) -> DeployReport:
        """What there is to say of a deployment that was applied."""
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        name = _name(deployment)
        checked = deployment.steps[1] == _CHECKED
        aside = job_words.not_ours(name, ended_job(deployment), checked=checked)
        lines = () if is_ours(name) else (aside,)
        return replace(about(deployment), links=links_of(pipeline), lines=lines)

    async def _failed(
        self, mr: MergeRequest, deployment: Deployment, pipeline: Pipeline, job: Job
    ) -> Followed:
        tail = self._masker().text(await self._forge.trace_tail(mr.project, job.id, LOG_TAIL))
        failed = replace(deployment, state="failed", reason=job_words.ended(job.name, job.status))
        said = replace(about(failed), links=links_of(pipeline), log=tail, way_out=job_words.AFTER_END)
        return await self._telling.end(mr, failed, said)

    async def _latest(self, mr: MergeRequest, deployment: Deployment) -> Job | None:
        jobs = await self._forge.jobs(mr.project, deployment.pipeline_id or 0)
        return next((job for job in reversed(jobs) if job.name == _name(deployment)), None)

    async def _differs(self, mr: MergeRequest, target: Target, deployment: Deployment) -> tuple[str, ...]:
        lines = await self._moved(mr, target, deployment)
        if lines is None:
            raise LookupError("a deployment that is under way has a plan")
        return lines


def another_try(deployment: Deployment, now: str) -> tuple[str, ...]:
    """The steps of one that is tried again: which job not to take for the new one."""
    if not is_by_job(deployment):
        return ()
    return (deployment.steps[0], _UNCHECKED, str(ended_job(deployment)), now)


def _name(deployment: Deployment) -> str:
    return deployment.steps[0].removeprefix(JOB)
