"""`/helm verify [--target T]`: whether what was deployed last still stands and is healthy."""

from bot.app.commands.request import Answer, Request, each_target
from bot.app.ports import Repositories, Store
from bot.app.ports.keeping import ENDED_WELL, MOST_ENTRIES
from bot.app.verify import Verifier
from bot.core.document import from_document
from bot.core.model import Target
from bot.core.notes import markdown as md


class Verify:
    """Holds the cluster against the sealed plan of the last deployment; changes nothing."""

    def __init__(self, repositories: Repositories, verifier: Verifier, store: Store) -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """One section a target. Raises TransientError where GitLab does not have the commit now."""
        return await each_target(request, self._one)

    async def _one(self, request: Request, target: Target) -> Answer:
        name, project = f"#### {md.code(target.name)}", request.mr.project
        last = await self._last(project, target.name)
        if last is None:
            return Answer(f"{name}\n\nNothing was deployed to it yet.", good=False)
        iid, seal = last
        deployment = await self._store.deployment(project, iid, target.name)
        marks = await self._store.marks(project, iid, target.name)
        plans = [mark.id for mark in marks if mark.seal == seal]
        stored = await self._store.plan(plans[-1]) if plans else None
        if deployment is None or stored is None:
            return Answer(f"{name}\n\nThe plan of merge request {iid} is not kept any more.", good=False)
        branch = target.branch or request.mr.target_branch
        async with self._repositories.at(project, branch, deployment.merge_sha) as tree:
            verdict = await self._verifier.look(target, from_document(stored.document), tree)
        good = verdict.settled and verdict.good
        how = "✅ As deployed" if good else "❌ Not as deployed"
        first = f"{how} by merge request {iid}, seal {md.code(seal[:19])}"
        lines = [f"- {md.text(line)}" for line in verdict.lines]
        return Answer("\n".join([name, "", f"{first}:", "", *lines]), good=good)

    async def _last(self, project: str, target: str) -> tuple[int, str] | None:
        """The merge request whose plan was deployed last, and the plan's seal."""
        for it in await self._store.recent("deploy.ended", project, MOST_ENTRIES):
            facts = it["facts"]
            if facts.get("target") == target and facts.get("state") in ENDED_WELL and facts.get("seal"):
                return int(it["iid"]), str(facts["seal"])
        return None
