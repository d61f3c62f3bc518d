"""Pipelines and jobs: found before they are made, made for one commit only, followed to their logs."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.answers import ShutOut
from bot.adapters.gitlab.client import GitLabClient
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, project_url
from bot.adapters.gitlab.trace import readable
from bot.app.ports.jobs import Job, Pipeline
from bot.core.errors import ForgeRefused, PipelineElsewhere, TransientError

_INPUTS_SINCE = (18, 1)
_ENDED = frozenset({"success", "failed", "canceled", "skipped"})
_TRACE_SLACK = 64 * 1024
_ALGORITHM = "sha256:"
_FEWEST_DIGITS = 8

_REFUSALS = (
    (re.compile(r"variables", re.I), "variables-refused"),
    (
        re.compile(r"will not run|filtered out|missing ci config|no (stages|jobs)|is empty", re.I),
        "no-pipeline",
    ),
    (re.compile(r"reference not found", re.I), "ref-moved"),
    (re.compile(r"\binputs?\b|required value has not been provided", re.I), "inputs-refused"),
)
"""What GitLab says when it makes no pipeline, to our codes; the first that fits counts."""


class Pipelines(GitLabSide):
    """The part of port Forge about pipelines."""

    def __init__(self, client: GitLabClient) -> None:
        super().__init__(client)
        self._version: str | None = None

    async def version(self) -> str | None:
        """GitLab's version as `18.2.1-ee` (cached); None where our token may not ask."""
        if self._version is None:
            try:
                answer = await self._client.find("/version")
            except (ForgeRefused, ShutOut):
                return None
            self._version = read(lambda it: str(it["version"]), answer, "its version") if answer else None
        return self._version

    async def find_pipeline(self, project: str, sha: str, seal: str, target: str) -> Pipeline | None:
        """The newest pipeline of ours on `sha` with this seal and target.

        Variables can be read back, inputs cannot. So the CI template puts its inputs into a job's name:
        `purser-apply <target> <seal>`, the seal whole or by its first digits (8 or more). A name without one
        matches any seal.
        """
        return next(iter(await self._given(project, sha, seal, target)), None)

    async def create_pipeline(self, project: str, ref: str, sha: str, inputs: Mapping[str, str]) -> Pipeline:
        """A new pipeline, or the one with this seal and target that still goes on (the first try's, perhaps).

        Raises ForgeRefused: `ref-moved` (PipelineElsewhere where one was made and cancelled), `no-pipeline`
        (CI file missing, or its rules want no job), `inputs-refused`, `variables-refused`.
        """
        seal, target = inputs["PURSER_SEAL"], inputs["PURSER_TARGET"]
        before = await self._given(project, sha, seal, target)
        over = {pipeline.id for pipeline in before if pipeline.status in _ENDED}
        seen: list[Pipeline] | None = before

        async def look() -> Pipeline | None:
            nonlocal seen
            found = seen if seen is not None else await self._given(project, sha, seal, target)
            seen = None
            return next((pipeline for pipeline in found if pipeline.id not in over), None)

        async def write() -> Pipeline:
            await self._check_branch(project, ref, sha)
            made = await self._make(project, ref, inputs)
            if made.sha != sha:
                await self._cancel(project, made)
                raise PipelineElsewhere(_moved(ref, sha).what, made.id, made.sha)
            return made

        return await self._once(look, write)

    async def pipeline(self, project: str, pipeline_id: int) -> Pipeline | None:
        """One pipeline, or None."""
        found = await self._client.find(f"{project_url(project)}/pipelines/{pipeline_id}")
        return None if found is None else read(reading.pipeline, found, f"pipeline {pipeline_id}")

    async def pipelines(self, project: str, sha: str) -> list[Pipeline]:
        """Every pipeline on `sha`, newest first."""
        return await self._listed(project, {"sha": sha})

    async def jobs(self, project: str, pipeline_id: int) -> list[Job]:
        """The latest of each job's tries, in the order they were made."""
        listed = self._client.getiter(f"{project_url(project)}/pipelines/{pipeline_id}/jobs")
        return sorted([read(reading.job, it, "a job") async for it in listed], key=lambda job: job.id)

    async def trace_tail(self, project: str, job_id: int, limit: int) -> str:
        """The last `limit` characters of the job's log; empty where there is none."""
        raw = await self._client.tail(f"{project_url(project)}/jobs/{job_id}/trace", 8 * limit + _TRACE_SLACK)
        return readable(raw or b"")[-limit:] if limit > 0 else ""

    async def _listed(self, project: str, wanted: Mapping[str, str]) -> list[Pipeline]:
        listed = self._client.getiter(
            f"{project_url(project)}/pipelines", {**wanted, "order_by": "id", "sort": "desc"}
        )
        return [read(reading.pipeline, it, "a pipeline") async for it in listed]

    async def _given(self, project: str, sha: str, seal: str, target: str) -> list[Pipeline]:
        """Our pipelines on `sha` that were given this seal and target, newest first."""
        ours = await self._listed(project, {"sha": sha, "source": "api", "username": await self.me()})
        return [it for it in ours if await self._was_given(project, it.id, seal, target)]

    async def _was_given(self, project: str, pipeline_id: int, seal: str, target: str) -> bool:
        variables = await self._variables(project, pipeline_id)
        if "PURSER_SEAL" in variables:
            return (variables["PURSER_SEAL"], variables.get("PURSER_TARGET")) == (seal, target)
        names = [job.name for job in await self.jobs(project, pipeline_id)]
        return any(names_seal(name, seal, target) for name in names)

    async def _variables(self, project: str, pipeline_id: int) -> dict[str, str]:
        try:
            url = f"{project_url(project)}/pipelines/{pipeline_id}/variables"
            listed = await self._client.find(url)
        except ShutOut as refusal:
            if refusal.status == 403:
                return {}
            raise
        return read(lambda items: {it["key"]: it["value"] for it in items}, listed or [], "variables")

    async def _check_branch(self, project: str, ref: str, sha: str) -> None:
        branch = await self._client.find(f"{project_url(project)}/repository/branches/{quote(ref, safe='')}")
        if branch is None or read(lambda it: it["commit"]["id"], branch, "a branch") != sha:
            raise _moved(ref, sha)

    async def _make(self, project: str, ref: str, inputs: Mapping[str, str]) -> Pipeline:
        """With inputs where GitLab and the CI file know them, else with variables."""
        variables = [{"key": key, "value": value} for key, value in inputs.items()]
        if await self._knows_inputs():
            try:
                return await self._post(project, {"ref": ref, "inputs": dict(inputs)})
            except ForgeRefused as refusal:
                if refusal.code != "inputs-refused":
                    raise
        return await self._post(project, {"ref": ref, "variables": variables})

    async def _knows_inputs(self) -> bool:
        """An older GitLab would ignore them without a word and run a pipeline that knows no seal."""
        found = re.match(r"(\d+)\.(\d+)", await self.version() or "")
        return found is None or (int(found.group(1)), int(found.group(2))) >= _INPUTS_SINCE

    async def _post(self, project: str, data: Mapping[str, Any]) -> Pipeline:
        try:
            made = await self._client.post(f"{project_url(project)}/pipeline", data=data)
        except ShutOut as refusal:
            if refusal.status != 403:
                raise
            raise ForgeRefused(refusal.what, status=403, code="forbidden") from None
        except ForgeRefused as refusal:
            if refusal.status not in (400, 422):
                raise
            fitting = (code for pattern, code in _REFUSALS if pattern.search(refusal.what))
            code = next(fitting, refusal.code)
            raise ForgeRefused(refusal.what, status=refusal.status, code=code) from None
        return read(reading.pipeline, made, "a new pipeline")

    async def _cancel(self, project: str, pipeline: Pipeline) -> None:
        """Stops one that must not run. Where that fails its job still refuses, as its seal is another's."""
        try:
            await self._client.post(f"{project_url(project)}/pipelines/{pipeline.id}/cancel", data={})
        except (ForgeRefused, TransientError):
            return


def names_seal(name: str, seal: str, target: str) -> bool:
    """Whether a job's name says that it applies this seal there: `… <target> [<seal>]`."""
    words = name.split()
    if len(words) >= 2 and words[-1] == target:
        return True
    if len(words) < 3 or words[-2] != target:
        return False
    given = words[-1].removeprefix(_ALGORITHM)
    return len(given) >= _FEWEST_DIGITS and seal.removeprefix(_ALGORITHM).startswith(given)


def _moved(ref: str, sha: str) -> ForgeRefused:
    return ForgeRefused(f"The branch {ref} is not at {sha[:8]} any more.", status=409, code="ref-moved")
