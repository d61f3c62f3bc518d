"""A command that died half-way is done again: what it did already is its own, and not in its way."""

from bot.app.commands.request import Request
from bot.app.ports import Deployment, Queue, Store
from bot.core.model import Target
from bot.core.work import DeployWork

_MOST_ENTRIES = 50


def work_of(request: Request, target: Target) -> DeployWork:
    """The deploy that this note asks for: the same however often it is asked."""
    return DeployWork(request.mr.project, request.mr.iid, target.name, once=f"note-{request.note.id}")


async def taken_up(
    store: Store, queue: Queue, request: Request, target: Target, deployment: Deployment
) -> bool:
    """Whether a deployment that is under way was put there by this very note; it is queued then."""
    consents = await store.consents(deployment.project, deployment.iid, deployment.target)
    if not any((it.note_id, it.seal) == (request.note.id, deployment.seal) for it in consents):
        return False
    await queue.submit(work_of(request, target))
    return True


async def begin(
    store: Store,
    queue: Queue,
    request: Request,
    target: Target,
    before: Deployment | None,
    waiting: Deployment,
) -> None:
    """Has it wait and queues its work. `before` is as it was found, not under way.

    Where this very note's work was done already, it stays as that left it: else it would wait for good.
    """
    await store.put_deployment(waiting)
    if not await queue.submit(work_of(request, target)) and before is not None:
        await store.put_deployment(before)


async def overtaken(store: Store, kind: str, request: Request, target: Target) -> str:
    """Who said the opposite, of that kind in the trail, in a later note; empty where nobody did.

    A webhook that is lost is found by the sweep: by then a later note may have been carried out. GitLab
    numbers the notes of all merge requests in their order.
    """
    for entry in await store.recent(kind, request.mr.project, _MOST_ENTRIES):
        facts = entry["facts"]
        if facts.get("target") == target.name and int(facts.get("note", 0)) > request.note.id:
            return str(facts.get("by", ""))
    return ""


async def recorded(store: Store, kind: str, request: Request, target: Target) -> bool:
    """Whether this very note has its entry of that kind in the trail."""
    entries = await store.recent(kind, request.mr.project, _MOST_ENTRIES)
    mine = (request.note.id, target.name)
    return any((it["facts"].get("note"), it["facts"].get("target")) == mine for it in entries)
