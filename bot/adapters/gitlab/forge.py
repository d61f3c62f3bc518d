"""Port Forge on GitLab's REST API (v4), for GitLab 16 and newer."""

import asyncio
from collections.abc import AsyncIterator
from datetime import datetime

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.changes import Changes
from bot.adapters.gitlab.client import Answered, GitLabClient, Patience, open_client
from bot.adapters.gitlab.deployments import Deployments
from bot.adapters.gitlab.issues import Issues
from bot.adapters.gitlab.jobs import SingleJobs
from bot.adapters.gitlab.judging import Judging
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import merge_request_url, project_url
from bot.adapters.gitlab.threads import Threads
from bot.app.ports.forge import MergeRequest, StatusState
from bot.core.errors import ForgeRefused

__all__ = ["Answered", "GitLabClient", "GitLabForge", "Patience", "open_client"]

_BRANCH_LIFE = 60.0
_LONGEST = 255
_PAGE = 100
_MANY = 512


class GitLabForge(Threads, SingleJobs, Judging, Changes, Deployments, Issues):
    """See port Forge for the contract of each call."""

    def __init__(self, client: GitLabClient) -> None:
        super().__init__(client)
        self._branches: dict[str, tuple[float, str]] = {}
        self._parents: dict[str, tuple[str, ...]] = {}

    async def merge_request(self, project: str, iid: int) -> MergeRequest | None:
        """One merge request, or None."""
        found = await self._client.find(merge_request_url(project, iid))
        return None if found is None else _merge_request(project, found)

    async def merge_requests(self, project: str, updated_after: datetime) -> AsyncIterator[MergeRequest]:
        """Those updated since, oldest first; `head_pipeline_id` is None, as GitLab's lists leave it out."""
        return self._updated(project, updated_after.isoformat())

    async def _updated(self, project: str, since: str) -> AsyncIterator[MergeRequest]:
        """Goes on from the last one's time, not by page: one that is updated meanwhile shifts the pages."""
        told: set[tuple[int, str]] = set()
        page = 1
        while True:
            wanted = {"updated_after": since, "page": str(page), "per_page": str(_PAGE)}
            order = {"order_by": "updated_at", "sort": "asc", "state": "all", "scope": "all"}
            listed = await self._client.getitem(f"{project_url(project)}/merge_requests", {**wanted, **order})
            found = [_merge_request(project, it) for it in read(list, listed, "merge requests")]
            for mr in found:
                if (mr.iid, mr.updated_at) not in told:
                    told.add((mr.iid, mr.updated_at))
                    yield mr
            if len(found) < _PAGE:
                return
            page, since = (1, found[-1].updated_at) if found[-1].updated_at != since else (page + 1, since)

    async def merge_ref(self, project: str, iid: int) -> str | None:
        """The commit that the target branch would have; None on a conflict, and while it is not of the head.

        After a push GitLab answers with the merge of the head before for some seconds: the head has to be one
        of the commit's parents.
        """
        base = merge_request_url(project, iid)
        try:
            answer = await self._client.find(f"{base}/merge_ref")
        except ForgeRefused as refusal:
            if refusal.status == 400:
                return None
            raise
        mr = None if answer is None else await self.merge_request(project, iid)
        if mr is None:
            return None
        commit = read(lambda it: str(it["commit_id"]), answer, "a merge ref")
        fresh = commit == mr.head or mr.head in await self.parents(project, commit)
        return commit if fresh else None

    async def parents(self, project: str, sha: str) -> tuple[str, ...]:
        """Empty where GitLab does not have the commit (yet). They never change: kept."""
        if sha not in self._parents:
            found = await self._client.find(f"{project_url(project)}/repository/commits/{sha}")
            if found is None:
                return ()
            if len(self._parents) >= _MANY:
                self._parents.clear()
            self._parents[sha] = read(lambda it: tuple(it["parent_ids"]), found, "a commit")
        return self._parents[sha]

    async def default_branch(self, project: str) -> str:
        """Kept for a minute. Raises ForgeRefused (`no-branch`) for an empty project."""
        now = asyncio.get_running_loop().time()
        until, name = self._branches.get(project, (0.0, ""))
        if now < until:
            return name
        found = await self._client.getitem(project_url(project))
        name = read(lambda it: str(it["default_branch"] or ""), found, "a project")
        if not name:
            raise ForgeRefused(f"The project {project} has no branch yet.", status=404, code="no-branch")
        self._branches[project] = (now + _BRANCH_LIFE, name)
        return name

    async def access_level(self, project: str, user_id: int) -> int:
        """GitLab's number, inherited memberships included; 0 for no member, a blocked or a waiting one."""
        member = await self._client.find(f"{project_url(project)}/members/all/{user_id}")
        if member is None:
            return 0
        level = read(reading.access_level, member, "a member")
        if "state" not in member:
            user = await self._client.find(f"/users/{user_id}")
            return level if user is not None and user.get("state") == "active" else 0
        return level

    async def set_status(
        self,
        project: str,
        sha: str,
        *,
        name: str,
        state: StatusState,
        description: str,
        url: str | None = None,
        pipeline_id: int | None = None,
    ) -> None:
        """A commit status; the same again is not sent.

        Without `pipeline_id`, or where that pipeline is not of `sha` (merged results), GitLab takes the
        newest pipeline of the commit, or makes an external one.
        """
        data: dict[str, object] = {"state": state, "name": name, "description": description[:_LONGEST]}
        if (address := _short(url)) is not None:
            data["target_url"] = address
        if pipeline_id is not None:
            data["pipeline_id"] = pipeline_id

        async def look() -> bool | None:
            return await self._has_status(project, sha, data) or None

        async def write() -> bool:
            try:
                await self._post_status(project, sha, data)
            except ForgeRefused as refusal:
                if refusal.status != 400 or "Cannot transition" not in refusal.what:
                    raise
            return True

        await self._once(look, write)

    async def _post_status(self, project: str, sha: str, data: dict[str, object]) -> None:
        url = f"{project_url(project)}/statuses/{sha}"
        try:
            await self._client.post(url, data=data)
        except ForgeRefused as refusal:
            if refusal.status != 404 or "pipeline_id" not in data:
                raise
            await self._client.post(url, data={k: v for k, v in data.items() if k != "pipeline_id"})

    async def _has_status(self, project: str, sha: str, data: dict[str, object]) -> bool:
        """Whether the newest status of that name by us says the same already."""
        number, _ = await self._myself()
        url = f"{project_url(project)}/repository/commits/{sha}/statuses"
        try:
            listed = [it async for it in self._client.getiter(url, {"name": str(data["name"])})]
        except ForgeRefused as refusal:
            if refusal.status == 404:
                return False
            raise
        ours = [it for it in listed if (it.get("author") or {}).get("id") == number]
        if not ours:
            return False
        newest = max(ours, key=lambda it: read(lambda one: int(one["id"]), it, "a status"))
        said = (newest.get("status"), newest.get("description") or "", newest.get("target_url"))
        return said == (data["state"], data["description"], data.get("target_url"))


def _merge_request(project: str, found: object) -> MergeRequest:
    return read(lambda it: reading.merge_request(project, it), found, "a merge request")


def _short(url: str | None) -> str | None:
    """An address that GitLab takes (255 characters): without its fragment, or none, where it is longer."""
    if url is None or len(url) <= _LONGEST:
        return url
    whole = url.partition("#")[0]
    return whole if len(whole) <= _LONGEST else None
