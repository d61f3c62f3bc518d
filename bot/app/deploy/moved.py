"""What moved between the plan that was sealed and what its deploy would find now."""

from bot.app.ports import Deployment, MergeRequest, Repositories, Store
from bot.app.verify import Verifier
from bot.core.document import from_document
from bot.core.model import Target


class Moved:
    """The job knows only the seal; we have the plan as well, so we can say what moved."""

    def __init__(self, repositories: Repositories, store: Store, verifier: Verifier) -> None:
        self._repositories = repositories
        self._store = store
        self._verifier = verifier

    async def __call__(
        self, mr: MergeRequest, target: Target, deployment: Deployment
    ) -> tuple[str, ...] | None:
        """In plain lines; none where the seal holds, and None where its plan is not kept."""
        stored = await self._store.newest_plan(mr.project, mr.iid, target.name)
        if stored is None:
            return None
        async with self._repositories.at(mr.project, mr.target_branch, deployment.merge_sha) as tree:
            return await self._verifier.moved(target, from_document(stored.document), tree)
