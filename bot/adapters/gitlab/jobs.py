"""Jobs that are started one by one, and what jobs leave behind."""

from collections.abc import Collection, Mapping
from urllib.parse import quote

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.answers import ShutOut
from bot.adapters.gitlab.pipelines import Pipelines
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import project_url
from bot.app.ports.jobs import Job, Pipeline
from bot.core.errors import ForgeRefused

_PLAYABLE = "manual"


class SingleJobs(Pipelines):
    """Port Jobs."""

    async def job_of_push(
        self, project: str, sha: str, ref: str, names: Collection[str]
    ) -> tuple[Pipeline, Job] | None:
        """The newest pipeline of the branch `ref` on `sha` that has a job of one of these names."""
        for pipeline in await self._listed(project, {"sha": sha, "ref": ref, "source": "push"}):
            found = [job for job in await self.jobs(project, pipeline.id) if job.name in names]
            if found:
                return pipeline, found[-1]
        return None

    async def unreadable(self, project: str, sha: str, ref: str) -> Pipeline | None:
        """The newest pipeline of the branch `ref` on `sha`, where GitLab could not read the CI file."""
        listed = await self._listed(project, {"sha": sha, "ref": ref, "source": "push"})
        if not listed or listed[0].status != "failed":
            return None
        whole = await self.pipeline(project, listed[0].id)  # lists do not say why
        return whole if whole and whole.errors else None

    async def play_job(self, project: str, job_id: int, variables: Mapping[str, str]) -> None:
        """Starts a manual job; one that is started already is left alone."""
        given = [{"key": key, "value": value} for key, value in variables.items()]
        data = {"job_variables_attributes": given} if given else {}

        async def look() -> bool | None:
            found = await self._client.getitem(f"{project_url(project)}/jobs/{job_id}")
            return True if read(reading.job, found, f"job {job_id}").status != _PLAYABLE else None

        async def write() -> bool:
            await self._ask(f"{project_url(project)}/jobs/{job_id}/play", data)
            return True

        await self._once(look, write)

    async def retry_job(self, project: str, pipeline_id: int, job_id: int) -> None:
        """Makes another try of a job, unless there is a newer one: then GitLab does not list this one."""

        async def look() -> bool | None:
            listed = await self.jobs(project, pipeline_id)
            return None if any(job.id == job_id for job in listed) else True

        async def write() -> bool:
            await self._ask(f"{project_url(project)}/jobs/{job_id}/retry", {})
            return True

        await self._once(look, write)

    async def artifact(self, project: str, job_id: int, path: str, most: int) -> bytes | None:
        """A file of a job's artifacts; None where there is none, or where it is longer."""
        url = f"{project_url(project)}/jobs/{job_id}/artifacts/{quote(path)}"
        try:
            found = await self._client.tail(url, most + 1)
        except ShutOut as refusal:
            if refusal.status == 403:
                return None
            raise
        return found if found is not None and len(found) <= most else None

    async def _ask(self, url: str, data: Mapping[str, object]) -> None:
        try:
            await self._client.post(url, data=dict(data))
        except ShutOut as refusal:
            if refusal.status != 403:
                raise
            raise ForgeRefused(refusal.what, status=403, code="forbidden") from None
