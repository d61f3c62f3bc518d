"""What a deployment says: its note, its commit status, its entries in the trail."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import structlog

from bot.app.deploy.reverting import Reverting
from bot.app.ports import Deployment, Forge, MergeRequest, Store
from bot.app.ports.forge import DeploymentState
from bot.app.ports.keeping import ENDED_WELL
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.document import rollback_of
from bot.core.errors import AuthorError, ForgeRefused
from bot.core.model import Target
from bot.core.notes.deploy import DeployReport, deploy_note
from bot.core.notes.marks import deploy_marker, deploy_status
from bot.core.notes.rollback import OFFER, REVERTED, not_reverted, revert_link
from bot.core.planned import Rollback
from bot.core.redact.masking import Masker
from bot.core.trace import trace_id
from bot.core.work import Done, Outcome

log = structlog.get_logger()


def about(deployment: Deployment) -> DeployReport:
    """What a deployment says by itself, to be completed."""
    return DeployReport(
        target=deployment.target,
        state=deployment.state,
        reason=deployment.reason,
        merge_sha=deployment.merge_sha,
        seal=deployment.seal or "",
        trace=trace_id(deployment.project, deployment.iid),
    )


class Telling:
    """Writes notes, statuses and trail entries of deployments. `masker` gives a fresh one for each note."""

    def __init__(
        self,
        forge: Forge,
        store: Store,
        masker: Callable[[], Masker],
        reverting: Reverting,
        phases: Phases = UNTIMED,
    ) -> None:
        self._forge = forge
        self._store = store
        self._masker = masker
        self._reverting = reverting
        self._phases = phases

    async def say(self, mr: MergeRequest, report: DeployReport) -> None:
        """The note, as it is now. Lines are masked here."""
        with self._phases("note"):
            await self._say(mr, report)

    async def _say(self, mr: MergeRequest, report: DeployReport) -> None:
        back = await self.back(mr, report.target, report.seal)
        mask = self._masker().text
        masked = replace(report, lines=tuple(mask(line) for line in report.lines), back=back)
        await self._forge.upsert_note(mr.project, mr.iid, deploy_marker(report.target), deploy_note(masked))

    async def back(self, mr: MergeRequest, target: str, seal: str | None) -> Rollback | None:
        """What a deployment under this seal goes back to; None where it brings what Git says."""
        plan = await self._store.newest_plan(mr.project, mr.iid, target)
        return rollback_of(plan.document) if plan and seal and plan.seal == seal else None

    async def end(self, mr: MergeRequest, deployment: Deployment, report: DeployReport) -> Outcome:
        """Its last note, its status, and how it ended, kept; a rollback that succeeded is `rolled back`."""
        back = await self.back(mr, deployment.target, deployment.seal)
        if back is not None and deployment.state == "succeeded":
            deployment = replace(deployment, state="rolled back")
            report = replace(await self._differ(mr, deployment, report, back), state=deployment.state)
        # What is kept comes last: a crash before it does all of this again, after it nothing more.
        with self._phases("note"):
            await self._say(mr, replace(report, trail=str(await self._store.head() or "")))
            await self._set_status(mr, deployment)
            if is_direct(deployment):
                good = deployment.state in ENDED_WELL
                await self.record_at_gitlab(mr, deployment, "success" if good else "failed")
        facts = {
            "target": deployment.target,
            "state": deployment.state,
            "reason": deployment.reason,
            "seal": deployment.seal,
        }
        once = f"deploy:{mr.project}:{mr.iid}:{deployment.target}:{deployment.state}"
        once += which(deployment)
        await self._store.record("deploy.ended", mr.project, mr.iid, facts, once=once)
        await self._store.put_deployment(deployment)
        log.info("deploy.ended", state=deployment.state, reason=deployment.reason)
        return Done()

    async def _differ(
        self, mr: MergeRequest, deployment: Deployment, report: DeployReport, back: Rollback
    ) -> DeployReport:
        """Git and the cluster differ now: the merge request that mends it, opened where it was asked for."""
        offered = replace(report, way_out=OFFER.format(name=back.release))
        if not await self._reverting.wanted(mr, deployment.seal or ""):
            return offered
        try:
            url = await self._reverting.revert(mr, deployment.target)
        except (AuthorError, ForgeRefused) as error:
            return replace(offered, lines=(*report.lines, not_reverted(error.what)))
        links = (*report.links, revert_link(url))
        return replace(report, lines=(*report.lines, REVERTED), links=links)

    async def record(
        self, kind: str, mr: MergeRequest, target: Target, facts: Mapping[str, object], try_: str = ""
    ) -> None:
        """A trail entry, once for each `try_`."""
        once = f"{kind}:{mr.project}:{mr.iid}:{target.name}{try_}"
        await self._store.record(kind, mr.project, mr.iid, {"target": target.name, **facts}, once=once)

    async def record_at_gitlab(
        self, mr: MergeRequest, deployment: Deployment, state: DeploymentState
    ) -> None:
        """GitLab's own record, where no job makes one. That it refuses (a protected one) changes nothing."""
        try:
            await self._forge.tell_deployment(
                mr.project, deployment.target, mr.target_branch, deployment.merge_sha, state
            )
        except ForgeRefused as refusal:
            log.warning("deploy.unrecorded", reason=refusal.what)

    async def _set_status(self, mr: MergeRequest, deployment: Deployment) -> None:
        # Without a pipeline of ours to join, a status would make GitLab invent one.
        if deployment.pipeline_id is None:
            return
        await self._forge.set_status(
            mr.project,
            deployment.merge_sha,
            name=deploy_status(deployment.target),
            state="success" if deployment.state in ENDED_WELL else "failed",
            description=deployment.reason or "deployed and verified",
            pipeline_id=deployment.pipeline_id,
        )


JOB = "job:"
"""What the first step begins with of a deployment that one job of a pipeline of others applies."""


def is_by_job(deployment: Deployment) -> bool:
    """Whether one job applies it (or did) in a pipeline that we did not make."""
    return bool(deployment.steps) and deployment.steps[0].startswith(JOB)


def is_direct(deployment: Deployment) -> bool:
    """Whether a run of ours applies it (or did), and no pipeline."""
    return deployment.pipeline_id is None and bool(deployment.steps) and not is_by_job(deployment)


def ended_job(deployment: Deployment) -> int:
    """The job that was the last to end for it; 0 where none has."""
    step = deployment.steps[-2] if len(deployment.steps) > 1 and not is_direct(deployment) else "0"
    return int(step) if step.isdecimal() else 0


def which(deployment: Deployment) -> str:
    """What tells one try from the next."""
    run = deployment.steps[0] if is_direct(deployment) else ""
    parts = [deployment.pipeline_id or run, deployment.seal, ended_job(deployment) or None]
    return "".join(f":{part or ''}" for part in parts) if any(parts) else ""
