"""How much work the engine has before it, and since when: one question for all queues, or two."""

from collections.abc import Collection, Mapping
from datetime import datetime

from dbos import DBOS, WorkflowStatus

from bot.adapters.engine.waiting import first_of
from bot.app.ports.keeping import Backlog


async def backlog_of(queues: Collection[str], now: datetime) -> dict[str, Backlog]:
    """By queue, in the order of their names. All processes at one database see the same."""
    alive = await DBOS.list_queued_workflows_async(load_input=False, load_output=False)
    born = await _born(alive)
    return {name: _of([it for it in alive if it.queue_name == name], born, now) for name in sorted(queues)}


async def _born(alive: list[WorkflowStatus]) -> dict[str, int | None]:
    """When each was submitted, by its id in milliseconds: of a later try, when the first one was."""
    first = {it.workflow_id: it.created_at for it in alive}
    if others := {first_of(name) for name in first} - first.keys():
        listed = await DBOS.list_workflows_async(
            workflow_ids=sorted(others), load_input=False, load_output=False
        )
        first |= {it.workflow_id: it.created_at for it in listed}
    return {it.workflow_id: first.get(first_of(it.workflow_id), it.created_at) for it in alive}


def _of(alive: list[WorkflowStatus], births: Mapping[str, int | None], now: datetime) -> Backlog:
    """Work keeps its age when another process takes it up. Another machine's clock may be ahead of ours."""
    born = [at / 1000 for it in alive if (at := births[it.workflow_id]) is not None]
    return Backlog(len(alive), max(0.0, now.timestamp() - min(born)) if born else 0.0)
