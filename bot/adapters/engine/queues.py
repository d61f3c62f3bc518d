"""The engine's queues: which work goes where, how much of it at once, and what keeps its turn as it waits."""

from collections.abc import Mapping

from dbos import DBOS

from bot.core.work import (
    BranchWork,
    CommandWork,
    DeployWork,
    DriftWork,
    GateWork,
    PlanWork,
    Work,
    serial_with,
)

QUEUES: Mapping[type[Work], str] = {
    PlanWork: "plans",
    GateWork: "plans",  # in turn with the plan whose note it edits
    DeployWork: "deploys",
    DriftWork: "deploys",  # what a deployment is about to change is no drift
    CommandWork: "commands",
    BranchWork: "commands",
}
COMMANDS_AT_ONCE = 8
_COMMANDS_TAKEN = 64
"""How many commands and branches one process may have in hand, those that wait for a next try included."""


async def declare(plan_workers: int, poll: float) -> None:
    """Makes them, or gives them these settings. Of each partition one piece of work is done at a time."""
    for name, workers in (("plans", plan_workers), ("deploys", None), ("commands", _COMMANDS_TAKEN)):
        await DBOS.register_queue_async(
            name,
            worker_concurrency=workers,
            partition_concurrency=1,
            polling_interval_sec=poll,
            on_conflict="always_update",
        )


def turn_of(work: Work) -> str:
    """What is not done at the same time has the same one."""
    return f"{QUEUES[type(work)]}:{serial_with(work)}"


def keeps_turn(work: Work) -> bool:
    """Whether what comes after it waits for all of its tries.

    Commands and deployments have an order that people rely on. Plans, gates and looks for drift read
    everything anew, so that one that waits for its next try must not hold up those of other merge requests.
    """
    return isinstance(work, CommandWork | BranchWork | DeployWork)
