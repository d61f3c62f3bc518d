"""`/helm confirm CODE`: does the rollback that was shown, if it is still the same and the gate is open."""

from bot.app.commands.request import Answer, Request
from bot.app.commands.rollback import deployed, still_under_way
from bot.app.commands.taken_up import begin, taken_up
from bot.app.gate import Gatekeeper
from bot.app.ports import Consent, Deployment, Queue, Store, StoredPlan
from bot.app.ports.keeping import UNDER_WAY
from bot.app.rollback.asking import Kept, Previews
from bot.core.errors import AuthorError
from bot.core.gate.decision import Deploy, Hold, Nothing, decide
from bot.core.model import Target
from bot.core.moved import moved
from bot.core.notes import markdown as md
from bot.core.notes import rollback as words


class ConfirmRollback:
    """Looks once more, asks the gate, queues the rollback."""

    def __init__(self, previews: Previews, queue: Queue, store: Store, gatekeeper: Gatekeeper) -> None:
        self._previews = previews
        self._queue = queue
        self._store = store
        self._gatekeeper = gatekeeper

    async def __call__(self, request: Request) -> Answer:
        """Who confirms and may approve has thereby approved of this seal. Raises TransientError."""
        [code] = request.command.args
        try:
            kept = await self._previews.find(request.mr, code, request.note.created_at)
        except AuthorError as error:
            return Answer(md.text(f"{error.what} {error.fix}"), good=False)
        target = next((it for it in request.targets if it.name == kept.target), None)
        if target is None:
            return Answer(f"{md.code(kept.target)} is no target of this branch any more.", good=False)
        mr = request.mr
        there = await self._store.deployment(mr.project, mr.iid, target.name)
        if there is not None and there.state in UNDER_WAY:
            return await self._under_way(request, target, kept, there)
        found = await deployed(request.of(target), self._store)
        if isinstance(found, Answer):
            return found
        shown, now, sha = await self._previews.again(kept, mr, target)
        if now.seal != kept.stored.seal:
            return Answer(words.stale(target.name, kept.back, moved(shown, now)), good=False)
        return await self._gate(request, target, kept, found.deployment, sha)

    async def _under_way(
        self, request: Request, target: Target, kept: Kept, deployment: Deployment
    ) -> Answer:
        if await taken_up(self._store, self._queue, request, target, deployment):
            return Answer(words.going(target.name, kept.back, deployment.seal or ""))
        return still_under_way(target)

    async def _gate(
        self, request: Request, target: Target, kept: Kept, before: Deployment, sha: str
    ) -> Answer:
        mr, note, seal = request.mr, request.note, kept.stored.seal or ""
        [code] = request.command.args
        await self._store.add_consent(
            Consent(mr.project, mr.iid, target.name, note.author_id, note.author, seal, note.id)
        )
        looked = await self._gatekeeper.look(mr, target, kept.stored)
        match decide(looked.facts):
            case Hold(reason, way_out):
                said = f"Still held: {md.text(reason)} **What to do:** "
                way = md.text(words.way_out(way_out, f"/helm confirm {code}"))
                return Answer(f"{md.code(target.name)}: {said}{way}", good=False)
            case Deploy() | Nothing():
                await self._record(request, target, kept)
                await self._newest(kept.stored)
                about = (mr.project, mr.iid, target.name, sha)
                waiting = Deployment(*about, "waiting", seal, before.pipeline_id)
                await begin(self._store, self._queue, request, target, before, waiting)
                return Answer(words.going(target.name, kept.back, seal))

    async def _newest(self, stored: StoredPlan) -> None:
        """What is deployed is the newest plan; another one may have been shown since this one was."""
        newest = await self._store.newest_plan(stored.project, stored.iid, stored.target)
        if newest is None or newest.id != stored.id:
            await self._store.add_plan(stored)

    async def _record(self, request: Request, target: Target, kept: Kept) -> None:
        mr, note = request.mr, request.note
        facts = {
            "target": target.name,
            "by": note.author,
            "release": kept.back.release,
            "revision": kept.back.revision,
            "seal": kept.stored.seal,
            "revert": kept.revert,
        }
        once = f"rollback.confirmed:{note.id}:{target.name}"
        await self._store.record("rollback.confirmed", mr.project, mr.iid, facts, once=once)
