"""`/helm drift [--target T]`: looks for what the cluster has and Git does not say."""

from bot.app.commands.request import Answer, Request, no_target
from bot.app.ports import Queue
from bot.core.notes import markdown as md
from bot.core.work import DriftWork


class Drift:
    """Queues the look: it is never made while a deployment of the target runs."""

    def __init__(self, queue: Queue) -> None:
        self._queue = queue

    async def __call__(self, request: Request) -> Answer:
        """Says what was queued; what is found is another reply."""
        mr = request.mr
        if not request.targets:
            return no_target(request)
        for target in request.targets:
            once = f"note-{request.note.id}"
            await self._queue.submit(DriftWork(mr.project, target.name, once, mr.iid, request.note.id))
        names = ", ".join(md.code(target.name) for target in request.targets)
        said = (
            f"Holding {names} against {md.code(mr.target_branch)} as it is now. What is found comes as a "
            "reply; a deployment that runs goes first."
        )
        return Answer(said, done=False)
