"""Look for drift on a target, and keep one issue of its project about it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import structlog

from bot.app.drift.comparing import Drifting
from bot.app.ports import Clock, Forge, Queue, Repositories, Store
from bot.core.drift.check import DriftReport
from bot.core.errors import AuthorError, ClusterForbids, ForgeRefused, TransientError
from bot.core.model import Target
from bot.core.notes import markdown as md
from bot.core.notes.drift_issue import (
    digest,
    drift_answer,
    drift_issue,
    gone_issue,
    lines,
    title,
    told_digest,
)
from bot.core.notes.marks import drift_marker, drift_reply_marker
from bot.core.work import DeployWork, Done, DriftWork, Outcome

log = structlog.get_logger()

LONGEST = 600.0
"""Seconds after which a look is given up: deployments of the target wait for it."""

_AT_ONCE = 2
_MOST_LINES = 1_000
_ENTRIES = 200
_FAULTS = (TransientError, ClusterForbids, AuthorError, ForgeRefused, TimeoutError)


class LookForDrift:
    """Holds the head of the target's branch against its cluster.

    `seen` is told of each look: the target, and how many of its releases are not as Git says.
    """

    def __init__(
        self,
        forge: Forge,
        repositories: Repositories,
        drifting: Drifting,
        store: Store,
        queue: Queue,
        clock: Clock,
        seen: Callable[[str, int], None],
    ) -> None:
        self._forge = forge
        self._repositories = repositories
        self._drifting = drifting
        self._store = store
        self._queue = queue
        self._clock = clock
        self._seen = seen
        self._slots = asyncio.Semaphore(_AT_ONCE)

    async def __call__(self, work: DriftWork, target: Target) -> Outcome:
        """Never tried again by itself: deployments of the target wait meanwhile, and the next look comes."""
        try:
            async with self._slots, asyncio.timeout(LONGEST):
                branch = target.branch or await self._forge.default_branch(work.project)
                report = await self._look(target, branch)
            self._seen(target.name, len(report.releases))
            log.info("drift.looked", target=target.name, releases=len(report.releases), of=report.looked_at)
            issue = await self._told(target, branch, report)
            await self._recorded(target, report, issue)
            await self._answer(work, drift_answer(report, branch, issue), good=not report.unread)
        except _FAULTS as error:
            why = _reason(error)
            log.warning("drift.not_looked", target=target.name, reason=why)
            await self._answer_failure(work, target, why)
        return Done()

    async def after(self, work: DeployWork) -> None:
        """After a deployment: what it has set right need not wait for the next look."""
        before = await self._newest(work.project, work.target)
        if before is not None and before["kind"] == "drift.found":
            once = f"after-{work.iid}-{work.once or 'merge'}"
            await self._queue.submit(DriftWork(work.project, work.target, once))

    async def _look(self, target: Target, branch: str) -> DriftReport:
        tip = await self._forge.branch_tip(target.project, branch)
        if tip is None:
            raise AuthorError(f"There is no branch {branch}.", code="no-branch")
        async with self._repositories.at(target.project, branch, tip) as tree:
            return await self._drifting.look(target, tree)

    async def _told(self, target: Target, branch: str, report: DriftReport) -> str | None:
        """The address of the issue, where there is one to be read."""
        marker, name = drift_marker(target.name), title(target.name)
        issue = await self._forge.issue(target.project, marker)
        now = self._clock()
        if report.releases:
            if issue is not None and told_digest(issue.body) == digest(report):
                return issue.web_url
            body = drift_issue(report, branch, now)
            put = await self._forge.put_issue(target.project, marker, name, body, opened=True)
            log.info("drift.told", target=target.name, issue=put)
            return put
        if report.quiet and issue is not None and (issue.opened or told_digest(issue.body)):
            body = gone_issue(target.name, branch, report.head, now)
            await self._forge.put_issue(target.project, marker, name, body, opened=False)
            log.info("drift.gone", target=target.name, issue=issue.web_url)
        return None

    async def _recorded(self, target: Target, report: DriftReport, issue: str | None) -> None:
        """Once when it is found, when it is another one, and when it is gone."""
        before = await self._newest(target.project, target.name)
        number = before["id"] if before else 0
        known = before["facts"].get("digest") if before and before["kind"] == "drift.found" else None
        facts: dict[str, Any] = {"target": target.name, "head": report.head}
        if report.releases and known != digest(report):
            facts |= {"digest": digest(report), "releases": lines(report)[:_MOST_LINES], "issue": issue}
            kind = "drift.found"
        elif report.quiet and known is not None:
            kind = "drift.gone"
        else:
            return
        once = f"{kind}:{target.project}:{target.name}:{number}"
        await self._store.record(kind, target.project, None, facts, once=once)

    async def _newest(self, project: str, target: str) -> Mapping[str, Any] | None:
        """The last word of the trail about the target's drift."""
        found = [
            it
            for kind in ("drift.found", "drift.gone")
            for it in await self._store.recent(kind, project, _ENTRIES)
            if it["facts"].get("target") == target
        ]
        return max(found, key=lambda it: int(it["id"]), default=None)

    async def _answer_failure(self, work: DriftWork, target: Target, why: str) -> None:
        said = f"Could not look at {md.code(target.name)}: {md.text(why)}"
        try:
            await self._answer(work, said, good=False)
        except _FAULTS as error:
            log.warning("drift.not_answered", target=target.name, reason=_reason(error))

    async def _answer(self, work: DriftWork, text: str, *, good: bool) -> None:
        """Into the discussion of the command that asked, if one did."""
        if not work.note_id:
            return
        notes = await self._forge.notes(work.project, work.iid)
        asked = next((it for it in notes if it.id == work.note_id), None)
        if asked is None:
            return
        marker = drift_reply_marker(work.target, work.note_id)
        await self._forge.reply(work.project, work.iid, asked.discussion_id, marker, f"{marker}\n\n{text}\n")
        await self._forge.react(work.project, work.iid, work.note_id, "white_check_mark" if good else "x")


def _reason(error: BaseException) -> str:
    match error:
        case AuthorError():
            return str(error)
        case TransientError() | ClusterForbids() | ForgeRefused():
            return error.what
        case _:
            return f"It took longer than {LONGEST:.0f} seconds."
