"""Plans that wait and are wanted no more: taken from the queue, and the commands behind them told."""

from bot.app.ports import Forge, Queue


async def take_back(queue: Queue, forge: Forge, project: str, iid: int, target: str) -> int:
    """They are never begun; how many. A /helm plan that asked for one gets its cross, for nothing else comes.

    It gets that first: what dies in between begins anew, and knows the plans only while they wait.
    """
    asked = {it.note_id for it in await queue.plans(project, iid, target) if it.note_id is not None}
    for note_id in sorted(asked):
        await forge.react(project, iid, note_id, "x")
    return await queue.withdraw(project, iid, target)
