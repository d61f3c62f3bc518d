"""`/helm unlock [--target T]`: merges deploy to a target again."""

from bot.app.commands.lock import tell_gates
from bot.app.commands.request import Answer, Request, each_target
from bot.app.commands.taken_up import overtaken, recorded
from bot.app.ports import Queue, Store
from bot.core.model import Target
from bot.core.notes import markdown as md

_OPPOSITE = ("lock", "lock.vain")


class UnlockTarget:
    """Takes a lock away, whoever set it. What was held meanwhile waits for /helm deploy."""

    def __init__(self, queue: Queue, store: Store) -> None:
        self._queue = queue
        self._store = store

    async def __call__(self, request: Request) -> Answer:
        """One sentence a target."""
        return await each_target(request, self._one)

    async def _one(self, request: Request, target: Target) -> Answer:
        note, project, name = request.note, request.mr.project, md.code(target.name)
        there = await self._store.lock(project, target.name)
        facts = {"target": target.name, "by": note.author, "note": note.id}
        once = f"unlock:{note.id}:{target.name}"
        if there is None and not await recorded(self._store, "unlock", request, target):
            # For the lock that was said before this, and of which we hear later.
            await self._store.record("unlock.vain", project, request.mr.iid, facts, once=once)
            return Answer(f"{name} is not locked.", good=False)
        if there is not None and (by := await overtaken(self._store, request, target, *_OPPOSITE)):
            said = f"{name} stays locked: {md.text(by)} said {md.code('/helm lock')} after this."
            return Answer(said, good=False)
        await self._store.record("unlock", project, request.mr.iid, facts, once=once)
        await self._store.drop_lock(project, target.name)
        await tell_gates(self._queue, self._store, project, target, note.id)
        again = md.code("/helm deploy")
        return Answer(f"{name} is unlocked. A merge that was held meanwhile needs {again} in its own thread.")
