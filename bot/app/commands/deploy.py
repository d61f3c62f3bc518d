"""`/helm deploy [--recover]`: deploys a merge that was held or failed, or that nobody told us of.

What is deployed is what somebody saw: the merge commit is planned anew, and where the seal is that of the
newest plan that was shown, it goes. Else the new plan is shown, and goes when it is said again.
"""

from collections.abc import Sequence
from functools import partial

from bot.app.apply.recovering import Left, Recovery, pending
from bot.app.commands.request import Answer, Request, each_target
from bot.app.commands.taken_up import begin, taken_up
from bot.app.deploy.job import another_try
from bot.app.gate import Gatekeeper
from bot.app.plan.keeping import to_keep
from bot.app.plan.planner import Planner
from bot.app.ports import Clock, Consent, Deployment, Forge, Queue, Repositories, Store, StoredPlan
from bot.app.ports.keeping import UNDER_WAY
from bot.core.document import from_document
from bot.core.gate.decision import NEXT, Deploy, Hold, Nothing, decide
from bot.core.model import Target
from bot.core.moved import moved
from bot.core.notes import markdown as md
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.planned import Plan

MOST_LINES = 20


class DeployAgain:
    """Plans the merge commit, asks the gate, queues the deployment. `clock` is that of deployments."""

    def __init__(
        self,
        queue: Queue,
        forge: Forge,
        repositories: Repositories,
        planner: Planner,
        recovery: Recovery,
        store: Store,
        gatekeeper: Gatekeeper,
        clock: Clock,
    ) -> None:
        self._queue = queue
        self._forge = forge
        self._repositories = repositories
        self._planner = planner
        self._recovery = recovery
        self._store = store
        self._gatekeeper = gatekeeper
        self._clock = clock

    async def __call__(self, request: Request) -> Answer:
        """One paragraph a target. Raises TransientError where GitLab or the cluster do not answer."""
        mr = request.mr
        if mr.state != "merged" or mr.merge_sha is None:
            said = (
                "This merge request is not merged. Its merge deploys what was planned, if the gate is open."
            )
            return Answer(said, good=False)
        if mr.from_fork:
            return Answer(f"Not deployed: the change came from a fork. {NEXT}", good=False)
        return await each_target(request, partial(self._one, merge_sha=mr.merge_sha))

    async def _one(self, request: Request, target: Target, merge_sha: str) -> Answer:
        mr, name = request.mr, md.code(target.name)
        deployment = await self._store.deployment(mr.project, mr.iid, target.name)
        if deployment is not None and deployment.state in UNDER_WAY:
            if await taken_up(self._store, self._queue, request, target, deployment):
                return _going(target, deployment.seal or "")
            return Answer(f"{name}: it is under way; the deploy note follows it.", good=False)
        if deployment is not None and deployment.state == "succeeded":
            return Answer(f"{name}: it is deployed already.", good=False)
        tip = await self._forge.branch_tip(mr.project, mr.target_branch)
        if tip != merge_sha:
            branch = md.code(mr.target_branch)
            said = f"{name}: not deployed, {branch} has moved past the merge commit. {NEXT}"
            return Answer(said, good=False)
        async with self._repositories.at(mr.project, mr.target_branch, merge_sha) as tree:
            left: tuple[Left, ...] = ()
            if "recover" in request.command.options:
                prepared, left = await self._recovery.prepare(target, tree)
            else:
                prepared = await self._planner.prepare(target, tree)
        plan = prepared.plan
        newest = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if plan.seal is None or not plan.complete:
            said = f"{name}: not deployed, as the plan of the merge commit has no seal."
            return Answer(f"{said}\n\n{_shown(plan)}", good=False)
        if newest is None or (newest.seal, newest.head) != (plan.seal, mr.head):
            return await self._offer(request, target, merge_sha, plan, newest, left)
        if newest.note_id is not None and newest.note_id >= request.note.id:
            if newest.note_id == request.note.id:  # said again, as it died half-way
                await self._record(request, target, merge_sha, plan)
            return _offered(target, plan, (), left)
        return await self._go(request, target, newest, deployment)

    async def _offer(
        self,
        request: Request,
        target: Target,
        merge_sha: str,
        plan: Plan,
        before: StoredPlan | None,
        left: Sequence[Left],
    ) -> Answer:
        mr = request.mr
        stored = to_keep(plan, mr, target, merge_sha, self._clock(), request.note.id)
        await self._store.add_plan(stored)
        await self._record(request, target, merge_sha, plan)
        lines = moved(from_document(before.document), plan) if before else []
        return _offered(target, plan, lines, left)

    async def _record(self, request: Request, target: Target, merge_sha: str, plan: Plan) -> None:
        mr, by = request.mr, request.note.author
        facts = {"target": target.name, "seal": plan.seal, "sha": merge_sha, "by": by}
        once = f"offer:{request.note.id}:{target.name}"
        await self._store.record("deploy.offered", mr.project, mr.iid, facts, once=once)

    async def _go(
        self, request: Request, target: Target, newest: StoredPlan, deployment: Deployment | None
    ) -> Answer:
        mr, note, seal = request.mr, request.note, newest.seal or ""
        consent = Consent(mr.project, mr.iid, target.name, note.author_id, note.author, seal, note.id)
        await self._store.add_consent(consent)
        looked = await self._gatekeeper.look(mr, target, newest)
        match decide(looked.facts):
            case Hold(reason, way_out):
                said = f"Still held: {md.text(reason)} **What to do:** {md.text(way_out)}"
                return Answer(f"{md.code(target.name)}: {said}", good=False)
            case Deploy() | Nothing():
                before = deployment.pipeline_id if deployment else None
                sha = mr.merge_sha or ""
                steps = another_try(deployment, self._clock().isoformat()) if deployment else ()
                about = (mr.project, mr.iid, target.name, sha)
                waiting = Deployment(*about, "waiting", seal, before, steps=steps)
                await begin(self._store, self._queue, request, target, deployment, waiting)
                return _going(target, seal)


def _going(target: Target, seal: str) -> Answer:
    return Answer(f"{md.code(target.name)}: deploying {md.code(seal)}; the deploy note follows it.")


def _offered(target: Target, plan: Plan, lines: Sequence[str], left: Sequence[Left]) -> Answer:
    shown = [f"- {md.text(line)}" for line in lines[:MOST_LINES]]
    shown += [f"- and {len(lines) - MOST_LINES} more"] if len(lines) > MOST_LINES else []
    differs = "\n".join(["What is different from the plan before:", "", *shown]) if shown else ""
    again = "/helm deploy --recover" if left else "/helm deploy"
    said = (
        f"{md.code(target.name)}: not deployed yet. The merge commit's plan is not the one that was shown "
        f"before; it is below, with its seal. Say {md.code(again)} again to deploy exactly this."
    )
    return Answer("\n\n".join(part for part in (said, pending(left), differs, _shown(plan)) if part))


def _shown(plan: Plan) -> str:
    notes = plan_notes(plan, PlanContext(in_thread=False))
    text = notes.parts[0].partition("\n\n")[2].rstrip()
    if len(notes.parts) > 1:
        text += f"\n\nToo long for one reply: {md.code('/helm diff RELEASE')} shows each of the releases."
    return text
