"""`/helm cancel [--target T]`: stops what is queued, waiting or running."""

from dataclasses import replace

from bot.app.commands.request import Answer, Request
from bot.app.commands.taken_up import entries
from bot.app.deploy.telling import Telling, about
from bot.app.ports import Deployment, Forge, Queue, Store
from bot.app.ports.running import Runs
from bot.app.taking_back import take_back
from bot.core.gate.decision import FOLLOW_UP
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.trail.facts import QUEUED


class Cancel:
    """Takes queued plans back; stops a deployment's pipeline or run, or one that has none yet."""

    def __init__(self, queue: Queue, forge: Forge, store: Store, runs: Runs, telling: Telling) -> None:
        self._queue = queue
        self._forge = forge
        self._store = store
        self._runs = runs
        self._telling = telling

    async def __call__(self, request: Request) -> Answer:
        """Where nothing is to be stopped, says so."""
        said = [await self._one(request, target) for target in request.targets]
        lines = [line for found in said for line in found]
        return Answer("\n\n".join(lines)) if lines else Answer("There is nothing to cancel.", good=False)

    async def _one(self, request: Request, target: Target) -> list[str]:
        mr, name = request.mr, md.code(target.name)
        lines = await self._plans(request, target)
        found = await self._store.deployment(mr.project, mr.iid, target.name)
        if found is None:
            return lines
        by = request.note.author
        held = replace(found, state="held", reason=f"{by} cancelled it before it began.")
        deployment = await self._hold(held)
        # The same once more: what was killed half-way tells the rest.
        if deployment == held:
            await self._telling.say(mr, replace(about(held), way_out=FOLLOW_UP))
            lines.append(
                f"{name}: the deployment will not begin. {md.code('/helm deploy')} takes it up again."
            )
        elif deployment.state == "running" and deployment.pipeline_id is not None:
            await self._forge.cancel_pipeline(mr.project, deployment.pipeline_id)
            lines.append(
                f"{name}: GitLab was asked to cancel its pipeline; the deploy note says how it ended."
            )
        elif deployment.state == "running" and await self._runs.stop(deployment.steps[0]):
            lines.append(f"{name}: Helm was asked to stop; the deploy note says how it ended.")
        elif deployment.state == "verifying":
            lines.append(f"{name}: it is applied already and being verified; there is nothing to stop.")
        if lines:
            state = "waiting" if deployment == held else deployment.state
            facts = {"target": target.name, "by": by, "state": state, "note": request.note.id}
            once = f"cancel:{request.note.id}:{target.name}"
            await self._store.record("cancel", mr.project, mr.iid, facts, once=once)
        return lines

    async def _plans(self, request: Request, target: Target) -> list[str]:
        """Takes back those that wait. The trail knows it first: by that the sweep lets the head be."""
        mr, note, name = request.mr, request.note, md.code(target.name)
        plans = len(await self._queue.plans(mr.project, mr.iid, target.name))
        if plans:
            facts = {"target": target.name, "by": note.author, "state": QUEUED, "head": mr.head}
            once = f"cancel:{note.id}:{target.name}:plans"
            await self._store.record(
                "cancel", mr.project, mr.iid, {**facts, "plans": plans, "note": note.id}, once=once
            )
            await take_back(self._queue, self._forge, mr.project, mr.iid, target.name)
        else:
            plans = await self._taken_back(request, target)
        return [f"{name}: {plans} queued plan{'s' if plans > 1 else ''} will not be made."] if plans else []

    async def _taken_back(self, request: Request, target: Target) -> int:
        """How many plans this very note took back before it died; 0 where it did not."""
        for facts in await entries(self._store, "cancel", request, target):
            if (facts.get("note"), facts.get("state")) == (request.note.id, QUEUED):
                return int(facts["plans"])
        return 0

    async def _hold(self, held: Deployment) -> Deployment:
        """It, where it has not begun; where it has, perhaps this very moment, the deployment as it is."""
        if await self._store.move_deployment(held, "waiting"):
            return held
        return await self._store.deployment(held.project, held.iid, held.target) or held
