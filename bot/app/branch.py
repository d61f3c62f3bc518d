"""Look at what happened to a branch that targets deploy from: what came past the merge requests is said."""

from collections.abc import Sequence

import structlog

from bot.app.ports import Forge, MergeRequest, Store
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.notes.marks import direct_push_marker
from bot.core.work import Again, BranchWork, Done, Outcome

log = structlog.get_logger()

AGAIN = 10.0
"""Seconds that GitLab has, after it moved a branch, to say which merge request it was."""

_HELD = (
    "Nothing of it is deployed: only merges of planned merge requests are. The plan of the next merge "
    "request contains it, and its merge deploys it. To bring the cluster there now, open a merge request "
    "(an empty commit will do)."
)


class WatchBranch:
    """Finds direct and forced pushes, and keeps one issue about them open."""

    def __init__(self, forge: Forge, store: Store) -> None:
        self._forge = forge
        self._store = store
        self._seen: set[BranchWork] = set()

    async def __call__(self, work: BranchWork, targets: Sequence[Target]) -> Outcome:
        """Looks twice where it finds no merge request, as GitLab tells of the branch first."""
        made = not work.before.strip("0")
        forced = not made and await self._forge.behind(work.project, work.after, work.before) > 0
        if not forced and (made or await self._merged(work)):
            self._seen.discard(work)
            return Done()
        if not forced and work not in self._seen:
            self._seen.add(work)
            return Again(AGAIN)
        self._seen.discard(work)
        await self._tell(work, targets, "a forced push" if forced else "a direct push")
        return Done()

    async def _merged(self, work: BranchWork) -> bool:
        found = await self._forge.merge_requests_of(work.project, work.after)
        return any(_brought(mr, work) for mr in found)

    async def _tell(self, work: BranchWork, targets: Sequence[Target], what: str) -> None:
        names = [target.name for target in targets]
        facts = {"branch": work.branch, "before": work.before, "after": work.after, "targets": names}
        kind = "push.forced" if what == "a forced push" else "push.direct"
        once = f"{kind}:{work.project}:{work.branch}:{work.before}:{work.after}"
        await self._store.record(kind, work.project, None, facts, once=once)
        known = [
            it
            for kind in ("push.direct", "push.forced")
            for it in await self._store.recent(kind, work.project, 50)
            if it["facts"].get("branch") == work.branch
        ]
        known.sort(key=lambda it: -int(it["id"]))
        rows = [
            (
                str(it["at"])[:16].replace("T", " "),
                "forced" if it["kind"] == "push.forced" else "direct",
                md.code(str(it["facts"]["before"])[:12]),
                md.code(str(it["facts"]["after"])[:12]),
            )
            for it in known[:50]
        ]
        body = "\n\n".join(
            [
                f"The branch {md.code(work.branch)}, from which {', '.join(md.code(it) for it in names)} "
                "is deployed, was moved past the merge requests:",
                md.table(("when (UTC)", "push", "from", "to"), rows),
                md.text(_HELD),
            ]
        )
        title = f"Pushes to {work.branch} that no merge request brought"
        marker = direct_push_marker(work.branch)
        url = await self._forge.upsert_issue(work.project, marker, title, body)
        log.info("push.told", push=kind, issue=url)


def _brought(mr: MergeRequest, work: BranchWork) -> bool:
    """Whether the branch is where the merge of this merge request put it."""
    return mr.state == "merged" and mr.target_branch == work.branch and mr.merge_sha == work.after
