"""Merge requests that take a merge back: a branch, GitLab's own revert of the commit, the merge request."""

from typing import Any
from urllib.parse import quote

from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, project_url
from bot.app.ports.reverting import Revert
from bot.core.errors import ForgeRefused


class GitLabReverts(GitLabSide):
    """The port `Reverts`. A merge request is opened only when its branch holds the revert."""

    async def open_revert(self, revert: Revert) -> str:
        """See the port."""
        if (url := await self._opened(revert)) is not None:
            return url
        await self._branch(revert)
        await self._commit(revert)

        async def look() -> str | None:
            return await self._opened(revert)

        async def write() -> str:
            body = {
                "source_branch": revert.branch,
                "target_branch": revert.onto,
                "title": revert.title,
                "description": revert.description,
                "remove_source_branch": True,
            }
            made = await self._client.post(f"{project_url(revert.project)}/merge_requests", data=body)
            return read(_address, made, "a new merge request")

        return await self._once(look, write)

    async def _opened(self, revert: Revert) -> str | None:
        wanted: dict[str, str | bool] = {
            "source_branch": revert.branch,
            "target_branch": revert.onto,
            "state": "opened",
        }
        found = await self._client.getitem(f"{project_url(revert.project)}/merge_requests", wanted)
        return read(lambda listed: _address(listed[0]) if listed else None, found, "merge requests")

    async def _branch(self, revert: Revert) -> None:
        address = f"{project_url(revert.project)}/repository/branches"

        async def look() -> str | None:
            found = await self._client.find(f"{address}/{quote(revert.branch, safe='')}")
            return None if found is None else revert.branch

        async def write() -> str:
            await self._client.post(address, data={"branch": revert.branch, "ref": revert.onto})
            return revert.branch

        await self._once(look, write)

    async def _commit(self, revert: Revert) -> None:
        """A branch that is ahead of the other one has the revert already: nobody else writes to it."""
        base = project_url(revert.project)
        query: dict[str, str | bool] = {"from": revert.onto, "to": revert.branch}

        async def look() -> bool | None:
            found = await self._client.getitem(f"{base}/repository/compare", query)
            return read(lambda it: bool(it["commits"]), found, "a comparison") or None

        async def write() -> bool:
            try:
                await self._client.post(
                    f"{base}/repository/commits/{revert.sha}/revert", data={"branch": revert.branch}
                )
            except ForgeRefused as refusal:
                if refusal.status != 400:
                    raise
                raise ForgeRefused(
                    f"GitLab cannot revert {revert.sha[:8]} by itself: {refusal.what}",
                    status=400,
                    code="revert-conflict",
                ) from None
            return True

        await self._once(look, write)


def _address(it: Any) -> str:
    return str(it["web_url"])
