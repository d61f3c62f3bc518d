"""What ran for a deployment, for the trail: its jobs, and a digest of each one's log."""

from collections.abc import Sequence
from typing import Any

from bot.app.ports import Forge, Job
from bot.core.errors import ForgeRefused
from bot.core.trail.facts import LOG_MOST, log_digest

MOST_JOBS = 20
_RAN = ("success", "failed", "canceled")


async def evidence(forge: Forge, project: str, jobs: Sequence[Job]) -> list[dict[str, Any]]:
    """One object per job; `log` is None for one that did not run or whose log may not be read.

    Raises TransientError where GitLab does not answer. Logs of more than twenty jobs are not read.
    """
    found = []
    for number, job in enumerate(jobs):
        reads = number < MOST_JOBS and job.status in _RAN
        log = await _log(forge, project, job.id) if reads else None
        said = {"id": job.id, "name": job.name, "status": job.status, "url": job.web_url, "log": log}
        found.append(said)
    return found


async def _log(forge: Forge, project: str, job_id: int) -> str | None:
    try:
        return log_digest(await forge.trace_tail(project, job_id, LOG_MOST))
    except ForgeRefused:
        return None
