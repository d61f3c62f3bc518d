"""Which files a merge request changes, and the description that it was opened with."""

from collections.abc import Mapping
from typing import Any

from bot.adapters.gitlab.reading import read
from bot.adapters.gitlab.side import GitLabSide, merge_request_url
from bot.app.ports.forge import Note
from bot.core.errors import TransientError


class Changes(GitLabSide):
    """The part of port Forge that looks into a merge request itself."""

    async def changed_paths(self, project: str, iid: int, head: str) -> frozenset[str] | None:
        """A file that was moved counts at both places.

        GitLab compares a while after a push (`diff_refs` is that of the head before, or null), names 1,000
        files at most (`changes_count` is "1000+" then), and counts what it lists.
        """
        url = merge_request_url(project, iid)
        found = await self._client.getitem(url)
        base, compared, count = read(_compared, found, "a merge request")
        if compared != head:
            raise TransientError("GitLab has not compared the merge request's last commit yet", retry_after=1)
        if base == compared:
            return frozenset()
        listed = self._client.getiter(f"{url}/diffs")
        pairs = [read(lambda it: (it["old_path"], it["new_path"]), one, "a diff") async for one in listed]
        if count != str(len(pairs)):
            return None
        return frozenset(str(path) for pair in pairs for path in pair)

    async def description(self, project: str, iid: int) -> Note | None:
        """The description as if it were a note of the author's, with the number 0."""
        found = await self._client.find(merge_request_url(project, iid))
        return None if found is None else read(_description, found, "a merge request")


def _compared(it: Mapping[str, Any]) -> tuple[str, str, str]:
    refs = it.get("diff_refs") or {}
    return str(refs.get("base_sha")), str(refs.get("head_sha")), str(it.get("changes_count"))


def _description(it: Mapping[str, Any]) -> Note:
    author = it["author"]
    return Note(0, "", author["username"], int(author["id"]), it["description"] or "")
