"""A command that died half-way is done again: what it did already is its own, and not in its way."""

from collections.abc import Mapping
from typing import Any

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


async def overtaken(store: Store, request: Request, target: Target, *kinds: str) -> str:
    """Who said the opposite, of these kinds in the trail, in a later note; empty where nobody did.

    A webhook that is lost is found by the sweep: by then a later note may have been carried out. GitLab
    numbers the notes of all merge requests in their order.
    """
    for kind in kinds:
        for facts in await entries(store, kind, request, target):
            if int(facts.get("note", 0)) > request.note.id:
                return str(facts.get("by", ""))
    return ""


async def recorded(store: Store, kind: str, request: Request, target: Target) -> bool:
    """Whether this very note has its entry of that kind in the trail."""
    found = await entries(store, kind, request, target)
    return any(facts.get("note") == request.note.id for facts in found)


async def entries(store: Store, kind: str, request: Request, target: Target) -> list[Mapping[str, Any]]:
    """The facts of the newest entries of that kind that are about the target, newest first."""
    entries = await store.recent(kind, request.mr.project, _MOST_ENTRIES)
    return [it["facts"] for it in entries if it["facts"].get("target") == target.name]
