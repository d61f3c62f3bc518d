"""Mode `direct`: a process of ours applies; we start it once, follow it, and keep what it said."""

import secrets
from dataclasses import replace

import structlog

from bot.app.deploy.pipeline import Followed, Landed
from bot.app.deploy.telling import Telling, about
from bot.app.ports import Clock, Deployment, MergeRequest, Repositories, Store
from bot.app.ports.running import RunOrder, RunRecord, RunRecords, Runs, RunSeen
from bot.core.deploy import words
from bot.core.deploy.release_report import RunReport, to_json
from bot.core.model import Target
from bot.core.notes.deploy import DeployReport
from bot.core.trail.facts import log_digest
from bot.core.work import Again, Done, Outcome

log = structlog.get_logger()

POLL = 5.0
"""Seconds between two edits of the note of a run that goes on."""

MOST_STARTS = 3
"""A run whose process died is begun anew so often in all; what it did is not done twice."""


class ByOurselves:
    """Starts one process a deploy and follows it to its end.

    A deployment's `steps` hold the run's name and how often it was started; they are written before it is
    started, so that a crash in between starts it and does not name another one.
    """

    def __init__(
        self,
        repositories: Repositories,
        store: Store,
        runs: Runs,
        records: RunRecords,
        clock: Clock,
        telling: Telling,
    ) -> None:
        self._repositories = repositories
        self._store = store
        self._runs = runs
        self._records = records
        self._clock = clock
        self._telling = telling

    async def start(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Followed:
        """Names the run; `follow` begins it."""
        run = f"run-{mr.iid}-{secrets.token_hex(8)}"
        running = replace(deployment, state="running", pipeline_id=None, steps=(run, "0"))
        await self._records.put_run(
            RunRecord(run, mr.project, mr.iid, target.name, deployment.seal or "", self._clock())
        )
        if not await self._store.move_deployment(running, "waiting"):
            return Done()  # somebody cancelled it meanwhile
        log.info("deploy.started", run=run)
        return await self.follow(mr, target, running)

    async def follow(self, mr: MergeRequest, target: Target, deployment: Deployment) -> Followed:
        """Waits for its end for a moment."""
        run, starts = deployment.steps[0], int(deployment.steps[1])
        seen = await self._runs.look(run)
        if seen.state in ("absent", "died"):
            if starts >= MOST_STARTS:
                return await self._given_up(mr, target, deployment, seen)
            await self._told(mr, target, deployment)
            deployment = replace(deployment, steps=(run, str(starts + 1)))
            await self._store.put_deployment(deployment)
            await self._begin(mr, target, deployment, again=starts > 0)
        seen = await self._runs.look(run, POLL)
        await self._keep(run, seen)
        if seen.report is not None:
            return await self._ended(mr, target, deployment, seen, seen.report)
        if seen.state == "running":
            said = words.run_line(run, starts)
            await self._telling.say(mr, replace(about(deployment), lines=(said,), log=seen.log))
        return Again(0.5)

    async def report(self, mr: MergeRequest, deployment: Deployment) -> DeployReport:
        """What there is to say of a deployment that was applied."""
        kept = await self._records.run(deployment.steps[0])
        base = replace(about(deployment), run=deployment.steps[0], links=_links(mr))
        return replace(base, releases=kept.report.releases) if kept and kept.report else base

    async def _told(self, mr: MergeRequest, target: Target, deployment: Deployment) -> None:
        """Before each start, as the process that named the run may have died before it told of it."""
        run = deployment.steps[0]
        facts = {"run": run, "seal": deployment.seal, "sha": deployment.merge_sha}
        await self._telling.record("run", mr, target, facts, f":{run}")
        await self._telling.record_at_gitlab(mr, deployment, "running")

    async def _begin(self, mr: MergeRequest, target: Target, deployment: Deployment, *, again: bool) -> None:
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is None:
            raise LookupError("a deployment that is under way has a plan")
        order = RunOrder(deployment.steps[0], target, deployment.seal or "", stored.document, again)
        async with self._repositories.at(mr.project, mr.target_branch, deployment.merge_sha) as tree:
            await self._runs.start(order, tree)

    async def _keep(self, run: str, seen: RunSeen) -> None:
        kept = await self._records.run(run)
        if kept is not None and (kept.log, kept.report) != (seen.log, seen.report):
            await self._records.put_run(replace(kept, log=seen.log or kept.log, report=seen.report))

    async def _ended(
        self, mr: MergeRequest, target: Target, deployment: Deployment, seen: RunSeen, report: RunReport
    ) -> Followed:
        run = deployment.steps[0]
        facts = {"run": run, "log": log_digest(seen.log), "report": to_json(report)}
        await self._telling.record("run.ended", mr, target, facts, f":{run}")
        if report.result in ("applied", "nothing"):
            steps = (*deployment.steps, self._clock().isoformat())
            verifying = replace(deployment, state="verifying", steps=steps)
            await self._store.put_deployment(verifying)
            return Landed(verifying)
        failed = replace(deployment, state="failed", reason=words.run_ended(report, int(deployment.steps[1])))
        said = replace(
            about(failed),
            run=run,
            releases=report.releases,
            symptoms=report.symptoms,
            lines=report.lines,
            log=seen.log,
            links=_links(mr),
        )
        return await self._telling.end(mr, failed, replace(said, way_out=words.after_run(report)))

    async def _given_up(
        self, mr: MergeRequest, target: Target, deployment: Deployment, seen: RunSeen
    ) -> Outcome:
        run = deployment.steps[0]
        await self._keep(run, seen)
        facts = {"run": run, "log": log_digest(seen.log), "report": None}
        await self._telling.record("run.ended", mr, target, facts, f":{run}")
        failed = replace(deployment, state="failed", reason=words.run_died(MOST_STARTS))
        said = replace(about(failed), run=run, log=seen.log, way_out=words.AFTER_DEATH)
        return await self._telling.end(mr, failed, said)


def _links(mr: MergeRequest) -> tuple[tuple[str, str], ...]:
    """GitLab's page of what was deployed where."""
    project, found, _ = mr.web_url.partition("/-/")
    return (("deployments", f"{project}/-/environments"),) if found else ()
