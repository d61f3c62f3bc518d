"""Plan a merge request for one target, and say it in its thread."""

import time
from collections.abc import Callable
from datetime import datetime

import structlog

from bot.app.deploy.pipeline import is_ours
from bot.app.gate import Gatekeeper
from bot.app.plan.keeping import to_keep
from bot.app.plan.planner import Planner, Prepared
from bot.app.plan.status import tell_status
from bot.app.plan.untouched import tell_untouched
from bot.app.ports import Clock, Forge, MergeRequest, Repositories, Store, StoredPlan
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.errors import TransientError
from bot.core.model import Target
from bot.core.notes.gate import gate_section
from bot.core.notes.marks import plan_marker
from bot.core.notes.plan import Notes, PlanContext, plan_notes, sentence_note
from bot.core.trace import trace_id
from bot.core.trail.facts import changes_of, document_digest
from bot.core.work import Done, Outcome, PlanWork

log = structlog.get_logger()

FORK = (
    "Not planned: this merge request comes from a fork",
    "Rendering it would run templates of people outside this project, so Purser leaves it alone, and a fork "
    "is never deployed. A maintainer who has read its last commit may have that one planned, with /helm plan "
    "and the whole commit id. To have it deployed, push the branch to this project.",
)
CONFLICT = (
    "Not planned: this merge request has conflicts",
    "There is no merge result to plan while the branch conflicts with its target. Resolve that and push.",
)

EMPTY = (
    "Not planned: this merge request has no commits",
    "Its branch holds nothing that the target branch lacks, so merging it would change nothing. Push a "
    "commit, and that is planned.",
)


class PlanMergeRequest:
    """Look at the merge request, plan its merge result, write one note and one status.

    `seconds` measures how long planning took, for the note; `phases` what of it took how long.
    """

    def __init__(
        self,
        forge: Forge,
        repositories: Repositories,
        planner: Planner,
        store: Store,
        clock: Clock,
        gatekeeper: Gatekeeper,
        seconds: Callable[[], float] = time.monotonic,
        phases: Phases = UNTIMED,
    ) -> None:
        self._forge = forge
        self._repositories = repositories
        self._planner = planner
        self._store = store
        self._clock = clock
        self._gatekeeper = gatekeeper
        self._seconds = seconds
        self._phases = phases

    async def __call__(self, work: PlanWork, target: Target) -> Outcome:
        """Plans what the merge request is now, whatever the event said.

        Raises TransientError to be retried.
        """
        mr = await self._forge.merge_request(work.project, work.iid)
        if mr is None or mr.state != "opened":
            log.info("plan.skipped", reason="not open")
            return await self._answered(work, "x") if mr else Done()
        if work.why != "command" and await self._untouched(mr, target):
            await tell_untouched(self._forge, self._store, mr, target)
            return Done()
        if mr.from_fork and work.commit != mr.head:
            return await self._decline(work, mr, target, "fork", FORK)
        if mr.conflicts:
            return await self._decline(work, mr, target, "conflict", CONFLICT)
        if mr.empty:
            return await self._decline(work, mr, target, "empty", EMPTY)
        merge_ref = await self._forge.merge_ref(work.project, work.iid)
        if merge_ref is None:
            raise TransientError("GitLab has not computed the merge result yet", retry_after=1)
        if mr.from_fork and work.commit not in (merge_ref, *await self._forge.parents(mr.project, merge_ref)):
            return await self._decline(work, mr, target, "fork", FORK)  # it was pushed to between two answers
        started = self._seconds()
        ref = f"refs/merge-requests/{mr.iid}/merge"
        async with self._repositories.at(mr.project, ref, merge_ref) as tree:
            prepared = await self._planner.prepare(target, tree)
        await self._publish(mr, target, merge_ref, prepared, self._seconds() - started)
        return await self._answered(work, "white_check_mark")

    async def _answered(self, work: PlanWork, verdict: str) -> Outcome:
        """The last reaction on the command that asked for the plan, if one did."""
        if work.note_id is not None:
            await self._forge.react(work.project, work.iid, work.note_id, verdict)
        return Done()

    async def _untouched(self, mr: MergeRequest, target: Target) -> bool:
        earlier = await self._store.newest_plan(mr.project, mr.iid, target.name)
        return await self._gatekeeper.untouched(mr, target, earlier)

    async def _publish(
        self, mr: MergeRequest, target: Target, merge_ref: str, prepared: Prepared, took: float
    ) -> None:
        plan, now = prepared.plan, self._clock()
        earlier = await self._store.newest_plan(mr.project, mr.iid, target.name)
        stored = to_keep(plan, mr, target, merge_ref, now)
        plan_id = await self._store.add_plan(stored)
        looked = await self._gatekeeper.look(mr, target, stored)
        same = earlier is not None and earlier.seal == plan.seal is not None and earlier.head != mr.head
        context = PlanContext(
            head=mr.head,
            at=now,
            seconds=took,
            same_as=earlier.head if earlier and same else None,
            mode=target.deploy_mode,
            draft=mr.draft,
            gate=gate_section(looked.facts, looked.differences, looked.diffs),
            trace=trace_id(mr.project, mr.iid),
            job=_own_job(target),
        )
        with self._phases("note"):
            note_id, shown_at = await self._write(mr, target, plan_notes(plan, context))
            if shown_at is not None:
                await self._store.shown(plan_id, shown_at)
            await tell_status(self._forge, mr, target, note_id, plan, looked.facts)
        await self._record(mr, stored, plan_id, note_id)
        log.info("plan.commented", releases=len(plan.releases), seal=plan.seal, complete=plan.complete)

    async def _record(self, mr: MergeRequest, plan: StoredPlan, plan_id: int, note_id: int) -> None:
        facts = {
            "by": mr.author,
            "target": plan.target,
            "head": plan.head,
            "seal": plan.seal,
            "complete": plan.complete,
            "note": note_id,
            "merge_ref": plan.merge_ref,
            "document": document_digest(plan.document),
            "changes": changes_of(plan.document),
        }
        await self._store.record("plan", plan.project, plan.iid, facts, once=f"plan:{plan_id}")

    async def _write(self, mr: MergeRequest, target: Target, notes: Notes) -> tuple[int, datetime | None]:
        """The first note and its follow-ups; a follow-up of a longer plan before is emptied.

        Gives the first and GitLab's moment of the last that was written, which is when all of them stood.
        """
        first = await self._forge.upsert_note(mr.project, mr.iid, plan_marker(target.name), notes.parts[0])
        for number, body in enumerate(notes.parts[1:], start=2):
            await self._forge.upsert_note(mr.project, mr.iid, plan_marker(target.name, number), body)
        mine = await self._forge.own_notes(mr.project, mr.iid)
        markers = tuple(plan_marker(target.name, number) for number in range(1, len(notes.parts) + 1))
        written = [note.updated_at for note in mine if note.updated_at and note.body.startswith(markers)]
        number = len(notes.parts) + 1
        while any(note.body.startswith(plan_marker(target.name, number)) for note in mine):
            marker = plan_marker(target.name, number)
            empty = sentence_note(marker, f"Plan for {target.name}", ["The newest plan needs no note here."])
            await self._forge.upsert_note(mr.project, mr.iid, marker, empty)
            number += 1
        return first, max(written, default=None)

    async def _decline(
        self, work: PlanWork, mr: MergeRequest, target: Target, code: str, words: tuple[str, str]
    ) -> Outcome:
        marker = plan_marker(target.name)
        note = sentence_note(marker, words[0], words[1:])
        note_id = await self._forge.upsert_note(mr.project, mr.iid, marker, note)
        facts = {"target": target.name, "head": mr.head, "reason": code, "note": note_id}
        once = f"unplanned:{mr.project}:{mr.iid}:{target.name}:{code}:{mr.head}"
        await self._store.record("unplanned", mr.project, mr.iid, facts, once=once)
        log.info("plan.declined", reason=code)
        return await self._answered(work, "x")


def _own_job(target: Target) -> str:
    """The job that deploys where it is none of Purser's, which look at the seal."""
    name = target.deploy.job if target.deploy_mode == "pipeline" else ""
    return "" if is_ours(name) else name
