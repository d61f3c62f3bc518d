"""A job that somebody tries again in GitLab, after its deployment had failed: taken up again."""

from collections.abc import Sequence

from bot.app.deploy.telling import JOB, ended_job, is_by_job
from bot.app.ports import Deployment, Job, Queue, Store
from bot.app.ports.keeping import Clock
from bot.core.work import DeployWork, PlanWork, WakeWork, Work

AGAIN = "retried-"
"""What `once` begins with of work that a moving pipeline of a failed deployment makes."""


class Retried:
    """A queue that also hears when the pipeline of a deployment moves that had failed.

    Whether a newer job is there is looked at by the work; where none is, that is its end. What no hook told
    the sweep finds.
    """

    def __init__(self, queue: Queue, store: Store, clock: Clock) -> None:
        self._queue = queue
        self._store = store
        self._clock = clock

    async def submit(self, work: Work) -> bool:
        """As the queue's own."""
        taken = await self._queue.submit(work)
        if isinstance(work, WakeWork):
            for it in await self._store.deployments_on(work.project, work.pipeline_id):
                if it.state == "failed":
                    once = f"{AGAIN}{work.pipeline_id}-{self._clock():%Y%m%dT%H%M%S%f}"
                    await self._queue.submit(DeployWork(it.project, it.iid, it.target, once))
        return taken

    async def plans(self, project: str, iid: int, target: str) -> Sequence[PlanWork]:
        """As the queue's own."""
        return await self._queue.plans(project, iid, target)

    async def withdraw(self, project: str, iid: int, target: str) -> int:
        """As the queue's own."""
        return await self._queue.withdraw(project, iid, target)


def newer_try(deployment: Deployment, jobs: Sequence[Job]) -> int:
    """The newest of the jobs of a failed deployment's pipeline that is newer than what ended; 0: none is."""
    name = deployment.steps[0].removeprefix(JOB) if is_by_job(deployment) else None
    newest = max((job.id for job in jobs if name in (None, job.name)), default=0)
    return newest if newest > ended_job(deployment) else 0
