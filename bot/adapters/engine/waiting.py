"""Work that waits for its next try out of everybody's way: the try is a workflow of its own, held back.

Its id is that of the first with `_1`, `_2` and so on behind it, which is the number of tries before it. (A
release that does not know of that reads `#5_1` as the number 51, and goes on.)
"""

import time
from collections.abc import Sequence

from dbos import DBOS, WorkflowStatus

LONGEST = 3600.0
"""Seconds that any try may be off."""


def next_of(workflow_id: str) -> str:
    """The id of the try after this one."""
    return f"{first_of(workflow_id)}_{tries_before(workflow_id) + 1}"


def first_of(workflow_id: str) -> str:
    """The id that the work got when it was submitted."""
    key, _, number = workflow_id.rpartition("#")
    return f"{key}#{number.partition('_')[0]}"


def tries_before(workflow_id: str) -> int:
    """How often the work was tried under other ids."""
    return int(workflow_id.rpartition("#")[2].partition("_")[2] or 0)


async def bring_forward(held: Sequence[WorkflowStatus]) -> int:
    """Ends waits that no try has: the machine's clock was set back meanwhile. Gives how many."""
    limit = (time.time() + LONGEST) * 1000
    far = [it.workflow_id for it in held if (it.delay_until_epoch_ms or 0) > limit]
    for workflow_id in far:
        await DBOS.set_workflow_delay_async(workflow_id, delay_seconds=0)
    return len(far)
