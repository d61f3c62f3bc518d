"""When merges happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from bot.adapters.gitlab import reading
from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, merge_request_url


class GitLabMerges(GitLabSide):
    """The port `Merges`."""

    async def merged_at(self, project: str, iid: int) -> datetime | None:
        """None where it is not merged, or gone."""
        found = await self._client.find(merge_request_url(project, iid))
        return None if found is None else read(_merged_at, found, "a merge request")


def _merged_at(it: Mapping[str, Any]) -> datetime | None:
    return reading.moment(it["merged_at"]) if it.get("merged_at") else None
