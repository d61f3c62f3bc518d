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


def why_failed(failure: str) -> str:
    """What follows "failed" where GitLab says that it was not the job's script; else nothing."""
    said = _FAILURES.get(failure)
    return f": {said}" if said else ""


_FAILURES = {
    "stuck_or_timeout_failure": "no runner took it, or none heard of it any more, until GitLab gave it up",
    "no_matching_runner": "there is no runner that may take it",
    "runner_system_failure": "the runner itself failed",
    "job_execution_timeout": "it ran longer than its time-out",
    "ci_quota_exceeded": "the compute minutes are used up",
    "protected_environment_failure": "the bot's user may not deploy to this protected environment",
    "failed_outdated_deployment_job": "GitLab prevents it, as a newer deployment to the environment exists",
    "forward_deployment_failure": "GitLab prevents it, as a newer deployment to the environment exists",
    "user_blocked": "the bot's user is blocked",
}
AFTER = (
    "What the job had applied by then stays applied. Mend it in GitLab, then retry the job there, which is "
    "followed, or a maintainer says /helm deploy, which plans again."
)
