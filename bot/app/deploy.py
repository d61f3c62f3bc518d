"""Deploy a merged merge request: gate, pipeline, follow, verify. Each call is a step and may be repeated."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

import structlog

from bot.app.evidence import evidence
from bot.app.gate import Gatekeeper, Looked
from bot.app.ports import Clock, Deployment, Forge, Job, MergeRequest, Pipeline, Repositories, Store
from bot.app.verify import Verdict, Verifier
from bot.core import deploy_words as words
from bot.core.deploy_note import DeployReport, deploy_note
from bot.core.document import from_document
from bot.core.errors import ForgeRefused
from bot.core.gate import FOLLOW_UP, Deploy, Hold, Nothing, decide
from bot.core.marks import deploy_marker, deploy_status, pipeline_inputs
from bot.core.model import Target
from bot.core.redact import Masker
from bot.core.trail_facts import decision_facts, distinct
from bot.core.work import Again, DeployWork, Done, Outcome

log = structlog.get_logger()

POLL = 15.0
"""Seconds between looks at a pipeline that no hook told us about."""

VERIFY_POLL = 3.0
VERIFY_FOR = timedelta(minutes=10)
LOG_TAIL = 8_000
FINISHED = ("success", "failed", "canceled", "skipped")


class DeployMergeRequest:
    """Bring a target to where the sealed plan says, once, and say each step in the thread."""

    def __init__(
        self,
        forge: Forge,
        repositories: Repositories,
        verifier: Verifier,
        store: Store,
        clock: Clock,
        masker: Masker,
        gatekeeper: Gatekeeper,
    ) -> None:
        self._forge = forge
        self._repositories = repositories
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._masker = masker
        self._gatekeeper = gatekeeper

    async def __call__(self, work: DeployWork, target: Target) -> Outcome:
        """One step from where the deployment stands. Raises TransientError to be retried."""
        mr = await self._forge.merge_request(work.project, work.iid)
        if mr is None or mr.state != "merged" or mr.merge_sha is None:
            log.info("deploy.skipped", reason="not merged")
            return Done()
        deployment = await self._store.deployment(work.project, work.iid, target.name)
        if deployment is None:
            await self._record("merge", mr, target, {"merge_sha": mr.merge_sha, "by": mr.merged_by})
            return await self._decide(mr, target)
        match deployment.state:
            case "waiting":
                return await self._resume(mr, target, deployment)
            case "running":
                return await self._follow(mr, target, deployment)
            case "verifying":
                return await self._verify(mr, target, deployment)
            case "held" | "succeeded" | "failed":
                return Done()
            case _ as unknown:
                assert_never(unknown)

    async def _resume(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        """After a crash its pipeline is there; after /helm deploy it waited, and the gate may have closed."""
        seal = deployment.seal or ""
        pipeline = await self._forge.find_pipeline(mr.project, deployment.merge_sha, seal, target.name)
        if pipeline is not None and pipeline.id != deployment.pipeline_id:
            return await self._start(mr, target, deployment)
        return await self._decide(mr, target, deployment.pipeline_id)

    async def _decide(self, mr: MergeRequest, target: Target, before: int | None = None) -> Outcome:
        """`before` is the pipeline of an earlier try."""
        plan = await self._store.newest_plan(mr.project, mr.iid, target.name)
        looked = await self._gatekeeper.look(mr, target, plan)
        deployment = Deployment(mr.project, mr.iid, target.name, mr.merge_sha or "", "waiting", None, before)
        decision = decide(looked.facts)
        decided = decision_facts(decision, looked.facts)
        await self._record("gate", mr, target, decided, f":{before or ''}:{distinct(decided)}")
        match decision:
            case Hold(reason, way_out):
                held = replace(deployment, state="held", reason=reason)
                return await self._end(mr, held, way_out=way_out, lines=_differences(looked))
            case Nothing(untouched=True):
                return Done()
            case Nothing():
                done = replace(deployment, state="succeeded", seal=plan.seal if plan else None)
                return await self._end(mr, done, said="nothing")
            case Deploy(seal):
                waiting = replace(deployment, seal=seal)
                await self._store.put_deployment(waiting)
                return await self._start(mr, target, waiting)
            case _ as unknown:
                assert_never(unknown)

    async def _start(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        """Finds the pipeline of this seal or creates it: a crash between them must not make a second one."""
        seal, sha = deployment.seal or "", deployment.merge_sha
        try:
            pipeline = await self._forge.find_pipeline(mr.project, sha, seal, target.name)
            # One that ended before somebody said /helm deploy is not this try's.
            if pipeline is None or pipeline.id == deployment.pipeline_id:
                inputs = pipeline_inputs(target.name, seal, mr.iid)
                pipeline = await self._forge.create_pipeline(mr.project, mr.target_branch, sha, inputs)
        except ForgeRefused as error:
            held = replace(deployment, state="held", reason=words.start_refused(error))
            return await self._end(mr, held, way_out=words.way_to_start(error))
        running = replace(deployment, state="running", pipeline_id=pipeline.id)
        await self._store.put_deployment(running)
        started = {"pipeline": pipeline.id, "seal": seal, "sha": sha}
        await self._record("pipeline", mr, target, started, f":{pipeline.id}")
        log.info("deploy.started", pipeline=pipeline.id)
        return await self._follow(mr, target, running)

    async def _follow(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        if pipeline is None:
            gone = replace(deployment, state="failed", reason="its pipeline was deleted before it ended.")
            return await self._end(mr, gone, way_out=FOLLOW_UP)
        jobs = await self._forge.jobs(mr.project, pipeline.id)
        if pipeline.status not in FINISHED:
            said = tuple(words.job_line(job.name, job.id, job.status) for job in jobs)
            await self._say(mr, deployment, pipeline=pipeline, lines=said)
            return Again(POLL)
        ran = await evidence(self._forge, mr.project, jobs)
        facts = {"pipeline": pipeline.id, "url": pipeline.web_url, "status": pipeline.status, "jobs": ran}
        await self._record("pipeline.ended", mr, target, facts, f":{pipeline.id}")
        if pipeline.status != "success":
            return await self._failed(mr, target, deployment, pipeline, jobs)
        verifying = replace(deployment, state="verifying", steps=(self._clock().isoformat(),))
        await self._store.put_deployment(verifying)
        return await self._verify(mr, target, verifying)

    async def _failed(
        self,
        mr: MergeRequest,
        target: Target,
        deployment: Deployment,
        pipeline: Pipeline,
        jobs: list[Job],
    ) -> Outcome:
        job = next((job for job in jobs if job.status == "failed"), None)
        tail = artifacts = ""
        lines = [words.job_line(one.name, one.id, one.status) for one in jobs]
        if job is not None:
            tail = self._masker.text(await self._forge.trace_tail(mr.project, job.id, LOG_TAIL))
            if job.has_artifacts:
                artifacts = f"{job.web_url}/artifacts/browse"
        if words.REFUSED in tail:
            lines += await self._moved(mr, target, deployment)
        reason = words.pipeline_ended(pipeline.status, job.name if job else None)
        failed = replace(deployment, state="failed", reason=reason)
        told = {"job_log": tail, "artifacts": artifacts, "way_out": words.after_failure(tail)}
        return await self._end(mr, failed, pipeline=pipeline, lines=tuple(lines), **told)

    async def _moved(self, mr: MergeRequest, target: Target, deployment: Deployment) -> tuple[str, ...]:
        """The job knows only the seal; we have the plan as well, so we can say what moved."""
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is None:
            return ()
        async with self._repositories.at(mr.project, mr.target_branch, deployment.merge_sha) as tree:
            return await self._verifier.moved(target, from_document(stored.document), tree)

    async def _verify(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        pipeline = await self._forge.pipeline(mr.project, deployment.pipeline_id or 0)
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is None:
            raise LookupError("a deployment that is verified has a plan")
        async with self._repositories.at(mr.project, mr.target_branch, deployment.merge_sha) as tree:
            verdict = await self._verifier.look(target, from_document(stored.document), tree)
        late = self._clock() > _since(deployment, self._clock) + VERIFY_FOR
        if not verdict.settled and not late:
            await self._say(mr, deployment, pipeline=pipeline, lines=verdict.lines)
            return Again(VERIFY_POLL)
        lines = [self._masker.text(line) for line in verdict.lines]
        await self._record("verified", mr, target, {"good": verdict.good, "lines": lines})
        return await self._conclude(mr, deployment, pipeline, verdict)

    async def _conclude(
        self, mr: MergeRequest, deployment: Deployment, pipeline: Pipeline | None, verdict: Verdict
    ) -> Outcome:
        if verdict.good:
            good = replace(deployment, state="succeeded")
            return await self._end(mr, good, pipeline=pipeline, lines=verdict.lines)
        reason = "the pipeline succeeded, but the cluster is not as planned."
        bad = replace(deployment, state="failed", reason=reason)
        return await self._end(mr, bad, pipeline=pipeline, lines=verdict.lines, way_out=words.LOOK)

    async def _end(
        self,
        mr: MergeRequest,
        deployment: Deployment,
        *,
        said: str = "",
        pipeline: Pipeline | None = None,
        lines: tuple[str, ...] = (),
        job_log: str = "",
        artifacts: str = "",
        way_out: str = "",
    ) -> Outcome:
        # The note first: a crash between the two writes it again, the other way round it would be missing.
        told = {"said": said, "job_log": job_log, "artifacts": artifacts, "way_out": way_out}
        told["trail"] = str(await self._store.head() or "")
        await self._say(mr, deployment, pipeline=pipeline, lines=lines, **told)
        await self._set_status(mr, deployment)
        await self._store.put_deployment(deployment)
        facts = {
            "target": deployment.target,
            "state": deployment.state,
            "reason": deployment.reason,
            "seal": deployment.seal,
        }
        once = f"deploy:{mr.project}:{mr.iid}:{deployment.target}:{deployment.state}"
        once += _which(deployment)
        await self._store.record("deploy.ended", mr.project, mr.iid, facts, once=once)
        log.info("deploy.ended", state=deployment.state, reason=deployment.reason)
        return Done()

    async def _set_status(self, mr: MergeRequest, deployment: Deployment) -> None:
        # Without a pipeline of ours to join, a status would make GitLab invent one.
        if deployment.pipeline_id is None:
            return
        await self._forge.set_status(
            mr.project,
            deployment.merge_sha,
            name=deploy_status(deployment.target),
            state="success" if deployment.state == "succeeded" else "failed",
            description=deployment.reason or "deployed and verified",
            pipeline_id=deployment.pipeline_id,
        )

    async def _say(
        self,
        mr: MergeRequest,
        deployment: Deployment,
        *,
        said: str = "",
        pipeline: Pipeline | None = None,
        lines: tuple[str, ...] = (),
        job_log: str = "",
        artifacts: str = "",
        way_out: str = "",
        trail: str = "",
    ) -> None:
        report = DeployReport(
            target=deployment.target,
            state=said or deployment.state,
            reason=deployment.reason,
            way_out=way_out,
            merge_sha=deployment.merge_sha,
            seal=deployment.seal or "",
            links=(
                *((("pipeline", pipeline.web_url),) if pipeline else ()),
                *((("the whole output", artifacts),) if artifacts else ()),
            ),
            lines=tuple(self._masker.text(line) for line in lines),
            log=job_log,
            trail=trail,
        )
        marker = deploy_marker(deployment.target)
        await self._forge.upsert_note(mr.project, mr.iid, marker, deploy_note(report))

    async def _record(
        self, kind: str, mr: MergeRequest, target: Target, facts: Mapping[str, object], which: str = ""
    ) -> None:
        once = f"{kind}:{mr.project}:{mr.iid}:{target.name}{which}"
        await self._store.record(kind, mr.project, mr.iid, {"target": target.name, **facts}, once=once)


def _since(deployment: Deployment, clock: Clock) -> datetime:
    return datetime.fromisoformat(deployment.steps[0]) if deployment.steps else clock()


def _which(deployment: Deployment) -> str:
    """What tells one try from the next."""
    parts = (deployment.pipeline_id, deployment.seal) if deployment.pipeline_id or deployment.seal else ()
    return "".join(f":{part or ''}" for part in parts)


def _differences(looked: Looked) -> tuple[str, ...]:
    """What is different from what was approved."""
    return tuple(
        f"Not as {who} approved: {line}" for who, lines in looked.differences.items() for line in lines[:20]
    )
