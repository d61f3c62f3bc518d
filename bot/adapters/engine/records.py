"""What the engine's record of a workflow says of the work in it."""

from dbos import WorkflowStatus

from bot.adapters.engine.waiting import first_of
from bot.core.work import PlanWork, Work, from_json


def number_of(status: WorkflowStatus) -> int:
    """Its place among all work of its lane: their times are of a clock that may have been set back."""
    return int(first_of(status.workflow_id).rpartition("#")[2])


def key_of(status: WorkflowStatus) -> str:
    """The work's key; the workflow's id counts how often it was submitted."""
    return status.workflow_id.rpartition("#")[0]


def work_of(status: WorkflowStatus) -> Work | None:
    """The work, where its record was loaded with its input."""
    match status.input:
        case {"args": [dict(fields), *_]}:
            return from_json(fields)
        case _:
            return None


def is_push(status: WorkflowStatus) -> bool:
    """Whether it is a plan that nobody asked for by a command."""
    work = work_of(status)
    return isinstance(work, PlanWork) and work.note_id is None
