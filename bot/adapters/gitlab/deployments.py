"""Deployment records of GitLab (an environment per target), where no job of GitLab's makes them."""

from typing import Any

from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, project_url
from bot.app.ports.forge import DeploymentState

_LOOKED_AT = "20"
"""The newest records of an environment among which one of ours is looked for."""


class Deployments(GitLabSide):
    """The part of port Forge that records deployments."""

    async def tell_deployment(
        self, project: str, environment: str, ref: str, sha: str, state: DeploymentState
    ) -> None:
        """See the port."""
        address = f"{project_url(project)}/deployments"

        async def look() -> int | None:
            open_, same = await self._ours(address, environment, sha, state)
            if open_ is not None and state != "running":
                await self._client.put(f"{address}/{open_}", data={"status": state})
            return open_ or same

        async def write() -> int:
            data = {"environment": environment, "ref": ref, "sha": sha, "tag": False, "status": state}
            made = await self._client.post(address, data=data)
            return read(lambda it: int(it["id"]), made, "a deployment")

        await self._once(look, write)

    async def _ours(
        self, address: str, environment: str, sha: str, state: str
    ) -> tuple[int | None, int | None]:
        """The record of this commit that is under way, and the newest one if it ended so already."""
        mine, _ = await self._myself()
        query: dict[str, str | bool] = {
            "environment": environment,
            "order_by": "id",
            "sort": "desc",
            "per_page": _LOOKED_AT,
        }
        found = await self._client.getitem(address, query)

        def ours(listed: Any) -> list[tuple[int, str]]:
            return [
                (int(it["id"]), str(it["status"]))
                for it in listed
                if it["sha"] == sha and it["user"]["id"] == mine and it.get("deployable") is None
            ]

        known = read(ours, found, "deployments")
        under_way = next((number for number, status in known if status == "running"), None)
        newest = next((number for number, status in known[:1] if status == state), None)
        return under_way, newest if state != "running" else None
