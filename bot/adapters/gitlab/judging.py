"""What a gate asks of GitLab: who approves, who wrote, what changed, where branches stand; and issues."""

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.client import GitLabClient
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, merge_request_url, project_url
from bot.app.ports.forge import Approver, MergeRequest, Wrote
from bot.core.errors import ForgeRefused
from bot.core.gate.approvals import Person

OURS = "purser/"
_PASSED = ("success", "skipped", "manual")
_GOING = ("created", "pending", "running", "waiting_for_resource", "preparing", "scheduled")


class Judging(GitLabSide):
    """The part of port Forge that a gate needs."""

    def __init__(self, client: GitLabClient) -> None:
        super().__init__(client)
        self._issues = asyncio.Lock()

    async def approvers(self, project: str, iid: int) -> list[Approver]:
        """Those in `approved_by`, which every tier has; `approved` itself is true where nobody is needed."""
        found = await self._client.getitem(f"{merge_request_url(project, iid)}/approvals")
        return read(lambda it: [_approver(one) for one in it["approved_by"]], found, "approvals")

    async def wrote(self, project: str, iid: int) -> Wrote:
        """Authors and committers of the commits; Git believes whatever a commit says of them."""
        names: set[str] = set()
        emails: set[str] = set()
        async for it in self._client.getiter(f"{merge_request_url(project, iid)}/commits"):
            for who in ("author", "committer"):
                names.add(str(it.get(f"{who}_name") or ""))
                emails.add(str(it.get(f"{who}_email") or ""))
        return Wrote(frozenset(names), frozenset(emails))

    async def behind(self, project: str, head: str, tip: str) -> int:
        """Commits of `tip` since it and `head` parted."""
        wanted = f"from={quote(head, safe='')}&to={quote(tip, safe='')}"
        found = await self._client.getitem(f"{project_url(project)}/repository/compare?{wanted}")
        return read(lambda it: len(it["commits"]), found, "a comparison")

    async def branch_tip(self, project: str, branch: str) -> str | None:
        """The branch's newest commit."""
        url = f"{project_url(project)}/repository/branches/{quote(branch, safe='')}"
        found = await self._client.find(url)
        return None if found is None else read(lambda it: str(it["commit"]["id"]), found, "a branch")

    async def checks(self, project: str, pipeline_id: int) -> str | None:
        """The pipeline's status; where it failed, that of all but our own statuses in it.

        Our status joins the pipeline, so that by the pipeline's own word it would wait for itself.
        """
        found = await self._client.find(f"{project_url(project)}/pipelines/{pipeline_id}")
        if found is None:
            return None
        pipeline = read(reading.pipeline, found, f"pipeline {pipeline_id}")
        if pipeline.status != "failed":
            return pipeline.status
        url = f"{project_url(project)}/repository/commits/{pipeline.sha}/statuses"
        listed = [it async for it in self._client.getiter(url)]
        others = [it for it in listed if not str(it.get("name", "")).startswith(OURS)]
        ours = [it for it in listed if it not in others and it.get("status") == "failed"]
        states = {str(it.get("status")) for it in others if not it.get("allow_failure")}
        if not ours or states - {*_PASSED, *_GOING}:
            return "failed"
        return "running" if states & {*_GOING} else "success"

    async def cancel_pipeline(self, project: str, pipeline_id: int) -> None:
        """One that has ended or is gone is fine."""
        try:
            await self._client.post(f"{project_url(project)}/pipelines/{pipeline_id}/cancel", data={})
        except ForgeRefused as refusal:
            if refusal.status not in (400, 404, 422):
                raise

    async def merge_requests_of(self, project: str, sha: str) -> list[MergeRequest]:
        """Those that brought this commit."""
        url = f"{project_url(project)}/repository/commits/{sha}/merge_requests"
        try:
            listed = [it async for it in self._client.getiter(url)]
        except ForgeRefused as refusal:
            if refusal.status == 404:
                return []
            raise
        return [read(lambda one: reading.merge_request(project, one), it, "a merge request") for it in listed]

    async def upsert_issue(self, project: str, marker: str, title: str, body: str) -> str:
        """The oldest open one of ours that begins with the marker; an unchanged one is not sent again."""
        number, _ = await self._myself()
        issues = f"{project_url(project)}/issues"
        description = f"{marker}\n\n{body}"

        async def look() -> str | None:
            wanted = {"state": "opened", "author_id": str(number), "sort": "asc"}
            listed = [it async for it in self._client.getiter(issues, wanted)]
            mine = [it for it in listed if (it.get("author") or {}).get("id") == number]
            marked = [it for it in mine if str(it.get("description") or "").startswith(marker)]
            if not marked:
                return None
            first: Mapping[str, Any] = marked[0]
            if first["description"].strip() != description.strip():
                await self._client.put(f"{issues}/{first['iid']}", data={"description": description})
            return str(first["web_url"])

        async def write() -> str:
            made = await self._client.post(issues, data={"title": title, "description": description})
            return read(lambda it: str(it["web_url"]), made, "a new issue")

        async with self._issues:
            return await self._once(look, write)


def _approver(it: Mapping[str, Any]) -> Approver:
    user = it["user"]
    at = it.get("approved_at")
    person = Person(int(user["id"]), str(user["username"]), str(user.get("name") or ""))
    return Approver(person, reading.moment(at) if at else None)
