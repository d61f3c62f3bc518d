"""Deploy a merged merge request: gate, apply, follow, verify. Each call is a step and may be repeated."""

from collections.abc import Callable
from dataclasses import replace
from typing import assert_never

import structlog

from bot.app.deploy.along import unless_along
from bot.app.deploy.direct import ByOurselves
from bot.app.deploy.job import ByOneJob, another_try
from bot.app.deploy.moved import Moved
from bot.app.deploy.pipeline import ByPipeline, Followed, Landed, begun
from bot.app.deploy.retried import AGAIN, newer_try
from bot.app.deploy.reverting import Reverting
from bot.app.deploy.telling import JOB, Telling, about, is_by_job, which
from bot.app.deploy.verifying import VerifyDeployment
from bot.app.gate import Gatekeeper, Looked
from bot.app.ports import Clock, Deployment, Forge, MergeRequest, Repositories, Store
from bot.app.ports.running import RunRecords, Runs
from bot.app.ports.timing import UNTIMED, Phases
from bot.app.verify import Verifier
from bot.core.document import from_document
from bot.core.gate.decision import Deploy, Hold, Nothing, decide
from bot.core.model import Target
from bot.core.redact.masking import Masker
from bot.core.trail.facts import decision_facts, distinct
from bot.core.verify import words as verify_words
from bot.core.verify.outcome import facts_of
from bot.core.work import Again, DeployWork, Done, Outcome

log = structlog.get_logger()


class DeployMergeRequest:
    """Bring a target to where the sealed plan says, once, and say each step in the thread."""

    def __init__(
        self,
        forge: Forge,
        repositories: Repositories,
        verifier: Verifier,
        store: Store,
        clock: Clock,
        masker: Callable[[], Masker],
        gatekeeper: Gatekeeper,
        runs: Runs,
        records: RunRecords,
        reverting: Reverting,
        phases: Phases = UNTIMED,
    ) -> None:
        self._forge = forge
        self._store = store
        self._clock = clock
        self._gatekeeper = gatekeeper
        self._telling = Telling(forge, store, masker, reverting, phases)
        moved = Moved(repositories, store, verifier)
        self._pipeline = ByPipeline(forge, store, records, clock, masker, moved, self._telling)
        self._job = ByOneJob(forge, store, clock, masker, moved, self._telling)
        self._direct = ByOurselves(repositories, store, runs, records, clock, self._telling)
        self._verifying = VerifyDeployment(repositories, verifier, store, clock, masker, self._telling)

    async def __call__(self, work: DeployWork, target: Target) -> Outcome:
        """One step from where the deployment stands. Raises TransientError to be retried."""
        mr = await self._forge.merge_request(work.project, work.iid)
        if mr is None or mr.state != "merged" or mr.merge_sha is None:
            log.info("deploy.skipped", reason="not merged")
            return Done()
        deployment = await self._store.deployment(work.project, work.iid, target.name)
        if deployment is None:
            merged = {"merge_sha": mr.merge_sha, "by": mr.merged_by}
            await self._telling.record("merge", mr, target, merged)
            return await self._decide(mr, target)
        match deployment.state:
            case "waiting":
                return await self._resume(mr, target, deployment)
            case "running":
                way = self._way(deployment)
                return await self._then_verify(mr, target, await way.follow(mr, target, deployment))
            case "verifying":
                return await self._verify(mr, target, deployment)
            case "failed" if work.once.startswith(AGAIN):
                return await self._tried_again(mr, target, deployment)
            case "held" if await self._began_unseen(mr, target, deployment):
                return await self._start(mr, target, deployment)
            case "held" | "succeeded" | "failed" | "rolled back":
                return Done()
            case _ as unknown:
                assert_never(unknown)

    async def _tried_again(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        """Somebody tried a job again in GitLab: it is followed as ours are. A run of ours nobody can."""
        way, pipeline = self._way(deployment), deployment.pipeline_id
        if isinstance(way, ByOurselves) or pipeline is None:
            return Done()
        number = newer_try(deployment, await self._forge.jobs(mr.project, pipeline))
        if not number:
            return Done()
        now = self._clock().isoformat()
        steps = another_try(deployment, now) or (now,)
        running = replace(deployment, state="running", reason="", steps=steps)
        facts = {"pipeline": pipeline, "seal": deployment.seal, "sha": deployment.merge_sha}
        await self._telling.record("pipeline", mr, target, facts, f":{pipeline}:{number}")
        await self._store.put_deployment(running)
        return await self._then_verify(mr, target, await way.follow(mr, target, running))

    def _way(self, deployment: Deployment) -> ByPipeline | ByOurselves | ByOneJob:
        """How one that is under way was begun, whatever the configuration says by now."""
        if is_by_job(deployment):
            return self._job
        return self._direct if deployment.pipeline_id is None else self._pipeline

    async def _resume(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        """After a crash its pipeline is there; after /helm deploy it waited, and the gate may have closed."""
        by_pipeline = target.deploy_mode == "pipeline" and not is_by_job(deployment)
        if by_pipeline and await self._pipeline.is_begun(mr, target, deployment):
            return await self._start(mr, target, deployment)
        return await self._decide(mr, target, deployment)

    async def _began_unseen(self, mr: MergeRequest, target: Target, deployment: Deployment) -> bool:
        """It was cancelled after its pipeline or job began and before we wrote that down: we died between.

        What starts it finds it, stops it, since nothing waits for it any more, and follows it to its end.
        """
        if not deployment.seal or target.deploy_mode != "pipeline":
            return False
        if is_by_job(deployment):
            return await self._job.is_begun(mr, deployment)
        return await self._pipeline.is_begun(mr, target, deployment)

    async def _decide(self, mr: MergeRequest, target: Target, waited: Deployment | None = None) -> Outcome:
        """`waited` is an earlier try, or a rollback: its commit may be newer than the merge's."""
        steps = waited.steps if waited else ()
        before, sha = (waited.pipeline_id, waited.merge_sha) if waited else (None, mr.merge_sha or "")
        back = await self._telling.back(mr, target.name, waited.seal) if waited else None
        plan = await self._store.newest_plan(mr.project, mr.iid, target.name)
        looked = await self._gatekeeper.look(mr, target, plan)
        deployment = Deployment(mr.project, mr.iid, target.name, sha, "waiting", None, before)
        decision = decide(looked.facts)
        if waited is None:
            decision = await unless_along(self._forge, mr, decision)
        decided = decision_facts(decision, looked.facts)
        await self._telling.record("gate", mr, target, decided, f":{before or ''}:{distinct(decided)}")
        match decision:
            case Hold(reason, way_out):
                seen = plan.seal if plan and back else None
                held = replace(deployment, state="held", reason=reason, seal=seen)
                said = replace(about(held), way_out=way_out, lines=_differences(looked))
                return await self._telling.end(mr, held, said)
            case Nothing(untouched=True):
                return Done()
            case Nothing():
                done = replace(deployment, state="succeeded", seal=plan.seal if plan else None)
                return await self._telling.end(mr, done, replace(about(done), state="nothing"))
            case Deploy(seal):
                waiting = replace(deployment, seal=seal, steps=steps)
                await self._verifying.before(mr, target)
                if waited is None:
                    await self._store.put_deployment(waiting)
                elif not await self._store.move_deployment(waiting, "waiting"):
                    return Done()  # somebody cancelled it meanwhile
                return await self._start(mr, target, waiting)
            case _ as unknown:
                assert_never(unknown)

    async def _start(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        if target.deploy_mode == "direct":
            return await self._then_verify(mr, target, await self._direct.start(mr, target, deployment))
        if name := await self._job_for(mr, target, deployment):
            return await self._then_verify(mr, target, await self._job.start(mr, target, deployment, name))
        return await self._then_verify(mr, target, await self._pipeline.start(mr, target, deployment))

    async def _job_for(self, mr: MergeRequest, target: Target, deployment: Deployment) -> str:
        """The job of the merge's own pipeline that deploys; empty where we make a pipeline."""
        if await self._telling.back(mr, target.name, deployment.seal):
            return ""  # such a job knows what Git says, and no revision
        if is_by_job(deployment):
            return deployment.steps[0].removeprefix(JOB)
        if target.deploy.job:
            return target.deploy.job
        return "" if deployment.pipeline_id else await self._job.ours(mr, target, deployment.merge_sha)

    async def _then_verify(self, mr: MergeRequest, target: Target, followed: Followed) -> Outcome:
        match followed:
            case Landed(deployment):
                return await self._verify(mr, target, deployment)
            case _:
                return followed

    async def _verify(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Outcome:
        base = await self._way(deployment).report(mr, deployment)
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is None:
            raise LookupError("a deployment that is verified has a plan")
        since = begun(deployment, self._clock())
        plan = from_document(stored.document)
        looked = await self._verifying.look(mr, target, deployment, plan, since)
        verdict, said = looked.verdict, replace(base, verification=looked.verdict)
        if looked.wait is not None:
            await self._telling.say(mr, said)
            return Again(looked.wait)
        await self._telling.record("verified", mr, target, facts_of(verdict), which(deployment))
        if verdict.good:
            good = replace(deployment, state="succeeded")
            return await self._telling.end(mr, good, replace(said, state=good.state))
        why = verify_words.reason(verdict, target.verify.deadline)
        bad = replace(deployment, state="failed", reason=why)
        symptoms = await self._verifying.symptoms(target, plan, verdict)
        told = replace(said, state=bad.state, reason=why, way_out=verify_words.way_out(verdict))
        told = replace(told, symptoms=symptoms)
        return await self._telling.end(mr, bad, told)


def _differences(looked: Looked) -> tuple[str, ...]:
    """What is different from what was approved."""
    return tuple(
        f"Not as {who} approved: {line}" for who, lines in looked.differences.items() for line in lines[:20]
    )
