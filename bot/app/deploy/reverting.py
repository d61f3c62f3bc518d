"""After a rollback: the merge request that takes the merge back in Git, where somebody asked for it."""

from bot.app.ports import MergeRequest, Store
from bot.app.ports.reverting import Revert, Reverts
from bot.core.errors import AuthorError

_MOST_ENTRIES = 200


class Reverting:
    """Opens revert merge requests. Never by itself: `--revert` was said."""

    def __init__(self, reverts: Reverts, store: Store) -> None:
        self._reverts = reverts
        self._store = store

    async def wanted(self, mr: MergeRequest, seal: str) -> bool:
        """Whether the rollback of this seal was asked for with --revert."""
        entries = await self._store.recent("rollback.confirmed", mr.project, _MOST_ENTRIES)
        mine = (it["facts"] for it in entries if it["iid"] == mr.iid and it["facts"].get("seal") == seal)
        return any(facts.get("revert") is True for facts in mine)

    async def revert(self, mr: MergeRequest, target: str) -> str:
        """The merge request's web address.

        Raises AuthorError (`revert-by-hand`), ForgeRefused and TransientError.
        """
        sha = mr.merge_sha
        if sha is None or sha == mr.head:
            raise AuthorError(
                "It was merged by a fast-forward, so there is no one commit that holds all of it.",
                fix="Revert its commits by hand (git revert), in a merge request.",
                code="revert-by-hand",
            )
        wanted = Revert(
            project=mr.project,
            sha=sha,
            branch=f"purser-revert-{mr.iid}-{sha[:8]}",
            onto=mr.target_branch,
            title=f'Revert "{mr.title}"',
            description=(
                f"Takes back merge request !{mr.iid} (commit {sha}), whose deploy to {target} was rolled "
                "back. Its plan says what this changes in the cluster."
            ),
        )
        url = await self._reverts.open_revert(wanted)
        facts = {"target": target, "sha": sha, "url": url}
        await self._store.record(
            "revert", mr.project, mr.iid, facts, once=f"revert:{mr.project}:{mr.iid}:{sha}"
        )
        return url
