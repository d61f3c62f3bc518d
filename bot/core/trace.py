"""One trace for all that happens to a merge request: from its first delivery to its verified deploy."""

import hashlib

from bot.core.work import CommandWork, DeployWork, GateWork, PlanWork, Work

FOREST = "project"
"""What work without a merge request belongs to: the project as a whole."""


def trace_id(project: str, iid: int | None) -> str:
    """32 hex digits, the same on every replica and after every restart; the format of W3C's trace-id.

    It is made of what is traced, so that no delivery, plan or deploy has to hand it on.
    """
    return hashlib.sha256(f"purser\0{project}\0{FOREST if iid is None else iid}".encode()).hexdigest()[:32]


def trace_of(work: Work) -> str:
    """The trace that work belongs to."""
    match work:
        case PlanWork() | CommandWork() | DeployWork() | GateWork():
            return trace_id(work.project, work.iid)
        case _:
            return trace_id(work.project, None)
