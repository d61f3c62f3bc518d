"""`/helm diff RELEASE [--full] [--target T]`: the diff of one release of the newest plan, in a reply."""

from bot.app.commands.request import Answer, Request, no_release
from bot.app.ports import Store
from bot.core.document import from_document
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.notes.release_diff import release_diff
from bot.core.planned import Plan

NEAR, WHOLE = 3, 100_000


class Diff:
    """Shows what is kept; nothing is planned anew."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """`--full` shows the objects whole, not the changed lines alone."""
        found = [(target, await self._plan(request, target)) for target in request.targets]
        plans = [(target, plan) for target, plan in found if plan is not None]
        if not plans:
            again = md.code("/helm plan")
            return Answer(f"There is no plan of this merge request yet; {again} makes one.", good=False)
        wanted = request.command.args[0]
        context = WHOLE if "full" in request.command.options else NEAR
        texts = [
            f"{md.code(target.name)}, head {md.code((plan.head or '')[:12])}\n\n{release_diff(it, context)}"
            for target, plan in plans
            for it in plan.releases
            if wanted in (it.name, it.key)
        ]
        if not texts:
            return Answer(
                no_release(wanted, [it.key for _, plan in plans for it in plan.releases]), good=False
            )
        return Answer("\n\n".join(texts))

    async def _plan(self, request: Request, target: Target) -> Plan | None:
        mr = request.mr
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        return from_document(stored.document) if stored else None
