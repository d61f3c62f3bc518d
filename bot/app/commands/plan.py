"""`/helm plan [release…] [--target T]`: plans again, the whole into its note, some releases into a reply."""

from bot.app.commands.request import Answer, Request
from bot.app.plan.planner import Planner
from bot.app.ports import Queue, Repositories
from bot.app.ports.forge import Forge
from bot.core.errors import TransientError
from bot.core.gate.rules import LEVELS
from bot.core.notes import markdown as md
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.work import PlanWork


class Plan:
    """Queues a whole plan; makes a partial one at once."""

    def __init__(self, queue: Queue, forge: Forge, repositories: Repositories, planner: Planner) -> None:
        self._queue = queue
        self._forge = forge
        self._repositories = repositories
        self._planner = planner

    async def __call__(self, request: Request) -> Answer:
        """Says what was queued, or shows the partial plan.

        Raises TransientError while there is no merge ref.
        """
        mr, command = request.mr, request.command
        if mr.state != "opened":
            return Answer("This merge request is not open, so there is nothing to plan.", good=False)
        if not request.targets:
            branch = md.code(mr.target_branch)
            return Answer(
                f"Merges into {branch} deploy to no target, so there is nothing to plan.", good=False
            )
        if mr.from_fork:
            return await self._fork(request)
        only = [*command.args, *(v for k, v in command.options.items() if k == "release")]
        if only:
            return await self._some(request, only)
        for target in request.targets:
            work = PlanWork(mr.project, mr.iid, target.name, mr.head, "command", request.note.id or None)
            await self._queue.submit(work)
        names = ", ".join(md.code(target.name) for target in request.targets)
        return Answer(f"Planning {names} again. The plan note is edited in place.", done=False)

    async def _fork(self, request: Request) -> Answer:
        """Only a maintainer, and only the commit that is named whole and is the head."""
        mr = request.mr
        if request.level < LEVELS["maintainer"] or request.command.args != (mr.head,):
            said = (
                "Not planned: it comes from a fork. A maintainer who has read its last commit says "
                f"{md.code('/helm plan COMMIT')} with the whole id of that commit (40 digits). It is never "
                "deployed."
            )
            return Answer(said, good=False)
        for target in request.targets:
            work = PlanWork(
                mr.project, mr.iid, target.name, mr.head, "command", request.note.id or None, commit=mr.head
            )
            await self._queue.submit(work)
        return Answer(f"Planning {md.code(mr.head[:12])} of the fork. It is never deployed.", done=False)

    async def _some(self, request: Request, only: list[str]) -> Answer:
        mr = request.mr
        if mr.conflicts:
            return Answer("Not planned: it has conflicts.", good=False)
        if mr.empty:
            return Answer("Not planned: it has no commits.", good=False)
        merge_ref = await self._forge.merge_ref(mr.project, mr.iid)
        if merge_ref is None:
            raise TransientError("GitLab has not computed the merge result yet", retry_after=1)
        texts: list[str] = []
        good = True
        ref = f"refs/merge-requests/{mr.iid}/merge"
        async with self._repositories.at(mr.project, ref, merge_ref) as tree:
            for target in request.targets:
                plan = (await self._planner.prepare(target, tree, only)).plan
                good = good and plan.complete
                notes = plan_notes(plan, PlanContext(head=mr.head, partial=True))
                texts.append(notes.parts[0])
                if len(notes.parts) > 1:
                    texts.append(
                        f"Too long for one reply; the plan note has all of it, {md.code('/helm plan')}."
                    )
        return Answer("\n\n".join(texts), good=good)
