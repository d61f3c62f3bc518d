"""How a pipeline of ours ended, of what GitLab says of it and of its jobs."""

from collections.abc import Sequence

OVER = ("success", "failed", "canceled", "skipped")
_MOVING = ("waiting_for_resource", "preparing", "pending", "running", "canceling")


def pipeline_end(status: str, jobs: Sequence[str], *, settled: bool) -> str | None:
    """One of OVER, or None while it goes on. `jobs` are its jobs' states, without failures that are allowed.

    A job that is tried again moves before its pipeline does, and begins as `created`; once all has `settled`
    one that is still so was never begun. A pipeline that failed though its jobs did well has a status in it
    that somebody set from outside, such as ours that says how the try before this one ended.
    """
    if status not in OVER:
        return None
    if status in ("success", "skipped"):
        return status
    if any(one in _MOVING or (one == "created" and not settled) for one in jobs):
        return None
    well = "success" in jobs and not {"failed", "canceled", "created"}.intersection(jobs)
    return "success" if well else status
