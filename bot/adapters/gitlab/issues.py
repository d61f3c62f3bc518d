"""The one issue of ours about something that comes and goes: found, edited, closed, reopened."""

import asyncio
from collections.abc import Mapping
from typing import Any

from bot.adapters.gitlab.client import GitLabClient
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, project_url
from bot.app.ports.forge import Issue


class Issues(GitLabSide):
    """The part of port Forge that keeps issues."""

    def __init__(self, client: GitLabClient) -> None:
        super().__init__(client)
        self._putting = asyncio.Lock()

    async def issue(self, project: str, marker: str) -> Issue | None:
        """The oldest one of ours that begins with the marker."""
        found = await self._marked(project, marker)
        return None if found is None else read(_issue, found, "an issue")

    async def put_issue(self, project: str, marker: str, title: str, body: str, *, opened: bool) -> str:
        """Edits what is different and nothing else; an issue that is to be closed is never made."""
        url = f"{project_url(project)}/issues"
        description = f"{marker}\n\n{body}"

        async def look() -> str | None:
            found = await self._marked(project, marker)
            if found is None:
                return None
            data: dict[str, Any] = {}
            if str(found.get("description") or "").strip() != description.strip():
                data["description"] = description
            if (found.get("state") == "opened") != opened:
                data["state_event"] = "reopen" if opened else "close"
            if data:
                await self._client.put(f"{url}/{found['iid']}", data=data)
            return str(found["web_url"])

        async def write() -> str:
            if not opened:
                return ""
            made = await self._client.post(url, data={"title": title, "description": description})
            return read(lambda it: str(it["web_url"]), made, "a new issue")

        async with self._putting:
            return await self._once(look, write)

    async def _marked(self, project: str, marker: str) -> Mapping[str, Any] | None:
        number, _ = await self._myself()
        wanted = {"author_id": str(number), "sort": "asc"}
        async for it in self._client.getiter(f"{project_url(project)}/issues", wanted):
            mine = (it.get("author") or {}).get("id") == number
            if mine and str(it.get("description") or "").startswith(marker):
                found: Mapping[str, Any] = it
                return found
        return None


def _issue(it: Mapping[str, Any]) -> Issue:
    return Issue(int(it["iid"]), it["state"] == "opened", str(it["description"]), str(it["web_url"]))
