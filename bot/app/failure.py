"""Work that could not be done: say so once, where its people look."""

from collections.abc import Callable
from typing import assert_never

import structlog

from bot.app.ports import Forge, Store
from bot.core.errors import AuthorError, ForgeRefused, TransientError
from bot.core.notes.deploy import DeployReport, deploy_note
from bot.core.notes.marks import deploy_marker, plan_marker, reply_marker
from bot.core.notes.plan import sentence_note
from bot.core.redact.masking import Masker
from bot.core.work import (
    DESCRIPTION,
    BranchWork,
    CommandWork,
    DeployWork,
    DriftWork,
    GateWork,
    PlanWork,
    WakeWork,
    Work,
)

log = structlog.get_logger()

AGAIN = "Try again with `/helm plan`. If it stays, tell the operators of Purser: their log has the details."


class TellFailure:
    """Called when a piece of work is given up. Raises what the forge raises.

    `masker` gives a fresh one for each: it remembers every text that it saw.
    """

    def __init__(self, forge: Forge, store: Store, masker: Callable[[], Masker]) -> None:
        self._forge = forge
        self._store = store
        self._masker = masker

    async def __call__(self, work: Work, error: Exception) -> None:
        """Writes the note that the work would have written, with the reason instead."""
        reason = self._masker().text(_reason(error))
        match work:
            case PlanWork():
                marker = plan_marker(work.target)
                note = sentence_note(marker, f"No plan for {work.target}", [reason, AGAIN])
                await self._forge.upsert_note(work.project, work.iid, marker, note)
                if work.note_id is not None:
                    await self._forge.react(work.project, work.iid, work.note_id, "x")
            case DeployWork():
                marker = deploy_marker(work.target)
                way = "Look at the pipeline and the cluster; the operators' log of Purser has the details."
                report = DeployReport(work.target, "failed", reason=reason, way_out=way)
                await self._forge.upsert_note(work.project, work.iid, marker, deploy_note(report))
            case CommandWork():
                marker = reply_marker(work.note_id)
                note = await self._not_done(work, marker, reason)
                if work.note_id == DESCRIPTION:
                    await self._forge.upsert_note(work.project, work.iid, marker, note)
                    return
                await self._forge.reply(work.project, work.iid, work.discussion_id, marker, note)
                await self._forge.react(work.project, work.iid, work.note_id, "x")
            case DriftWork(note_id=note_id):
                if note_id:
                    await self._forge.react(work.project, work.iid, note_id, "x")
            case WakeWork() | GateWork() | BranchWork():
                return
            case _ as unknown:
                assert_never(unknown)
        log.info("failure.told", kind=type(work).__name__)

    async def _not_done(self, work: CommandWork, marker: str, reason: str) -> str:
        """What was carried out before it failed has its answer; only the rest was not done."""
        kept = await self._store.replies(work.project, work.iid, work.note_id)
        texts = [it.text for _, it in sorted(kept.items()) if it.text is not None]
        if not texts:
            return sentence_note(marker, "Not done", [reason, AGAIN])
        rest = sentence_note(
            "", "Then it failed", [f"What has no answer above was not done. {reason}", AGAIN]
        )
        return "\n\n".join([marker, *texts, rest.lstrip()])


def _reason(error: Exception) -> str:
    match error:
        case AuthorError():
            return str(error)
        case TransientError():
            return f"Something outside did not answer, though it was tried for a while: {error.what}"
        case ForgeRefused():
            return f"GitLab refused a request: {error.what}"
        case _:
            return "Purser itself failed. This is a fault of its own, not of your change."
