"""`/helm lock [--target T] [reason]`: from now on no merge deploys to a target."""

from bot.app.commands.request import Answer, Request, each_target
from bot.app.commands.taken_up import overtaken, recorded
from bot.app.ports import Clock, Queue, Store
from bot.core.gate.decision import Lock
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.work import GateWork

TOLD = 50
"""Merge requests whose notes are told of a lock, the newest first."""

_OPPOSITE = ("unlock", "unlock.vain")


class LockTarget:
    """Keeps a lock; a deployment that runs already goes on."""

    def __init__(self, queue: Queue, store: Store, clock: Clock) -> None:
        self._queue = queue
        self._store = store
        self._clock = clock

    async def __call__(self, request: Request) -> Answer:
        """A target that is locked stays locked by who did it first."""
        return await each_target(request, self._one)

    async def _one(self, request: Request, target: Target) -> Answer:
        note, project, name = request.note, request.mr.project, md.code(target.name)
        there = await self._store.lock(project, target.name)
        if there is not None and not await recorded(self._store, "lock", request, target):
            why = f": {md.text(there.reason)}" if there.reason else ""
            # For the unlock that was said before this, and of which we hear later.
            vain = {"target": target.name, "by": note.author, "note": note.id}
            once = f"lock:{note.id}:{target.name}"
            await self._store.record("lock.vain", project, request.mr.iid, vain, once=once)
            said = f"{name} is locked already, by {md.text(there.by)} at {there.at:%Y-%m-%d %H:%M} UTC{why}."
            return Answer(said, good=False)
        if there is None and (by := await overtaken(self._store, request, target, *_OPPOSITE)):
            said = f"{name} is not locked: {md.text(by)} said {md.code('/helm unlock')} after this."
            return Answer(said, good=False)
        reason = request.command.args[0] if request.command.args else ""
        facts = {"target": target.name, "by": note.author, "reason": reason, "note": note.id}
        await self._store.record("lock", project, request.mr.iid, facts, once=f"lock:{note.id}:{target.name}")
        if there is None:
            await self._store.put_lock(project, target.name, Lock(note.author, reason, self._clock()))
        await tell_gates(self._queue, self._store, project, target, note.id)
        release = md.code(f"/helm unlock --target {target.name}")
        return Answer(f"{name} is locked: merges are held until {release}.")


async def tell_gates(queue: Queue, store: Store, project: str, target: Target, note_id: int) -> None:
    """Queues that the notes of merge requests for this target say anew how their gate stands."""
    for iid in await store.planned(project, target.name, TOLD):
        await queue.submit(GateWork(project, iid, target.name, f"note-{note_id}"))
