"""Jobs of pipelines that are not ours: found, started, tried again; and what a job leaves behind."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Pipeline:
    """A pipeline and how it stands: GitLab's status words.

    `errors` is what GitLab says is wrong with its CI file; lists leave it out.
    """

    id: int
    status: str
    sha: str
    ref: str
    source: str
    web_url: str
    errors: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A job of a pipeline. `has_artifacts`: an archive was uploaded. `forgiven`: it failed, and may.

    `failure` is GitLab's word for why it failed (`script_failure`), or empty.
    """

    id: int
    name: str
    status: str
    web_url: str
    has_artifacts: bool = False
    forgiven: bool = False
    failure: str = ""


class Jobs(Protocol):
    """GitLab's jobs, as far as we start them one by one."""

    async def job_of_push(
        self, project: str, sha: str, ref: str, names: Collection[str]
    ) -> tuple[Pipeline, Job] | None:
        """The newest pipeline of the branch `ref` on `sha` that has a job of one of these names, and the
        latest try of that job."""
        ...

    async def unreadable(self, project: str, sha: str, ref: str) -> Pipeline | None:
        """The newest pipeline of the branch `ref` on `sha`, where GitLab could not read the CI file.

        Its `errors` say why; None where there is no such pipeline, or nothing is wrong with its file.
        """
        ...

    async def play_job(self, project: str, job_id: int, variables: Mapping[str, str]) -> None:
        """Starts a manual job; one that is started already is left alone, so that it may be repeated.

        Raises ForgeRefused where our user may not (403: a protected branch or environment).
        """
        ...

    async def retry_job(self, project: str, pipeline_id: int, job_id: int) -> None:
        """Makes another try of a job that ended, unless there is one that is newer. Raises as `play_job`."""
        ...

    async def artifact(self, project: str, job_id: int, path: str, most: int) -> bytes | None:
        """A file of a job's artifacts; None where there is none, or where it is longer than `most` bytes."""
        ...
