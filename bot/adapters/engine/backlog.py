"""How much work the engine has before it, and since when: one question for all queues."""

from collections.abc import Collection
from datetime import datetime

from dbos import DBOS, WorkflowStatus

from bot.app.ports.keeping import Backlog


async def backlog_of(queues: Collection[str], now: datetime) -> dict[str, Backlog]:
    """By queue, in the order of their names. All processes at one database see the same."""
    alive = await DBOS.list_queued_workflows_async(load_input=False, load_output=False)
    return {name: _of([it for it in alive if it.queue_name == name], now) for name in sorted(queues)}


def _of(alive: list[WorkflowStatus], now: datetime) -> Backlog:
    """Work keeps its age when another process takes it up. Another machine's clock may be ahead of ours."""
    born = [it.created_at / 1000 for it in alive if it.created_at is not None]
    return Backlog(len(alive), max(0.0, now.timestamp() - min(born)) if born else 0.0)
