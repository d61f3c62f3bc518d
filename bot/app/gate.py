"""Gather what the gate looks at, from GitLab as it is now and from what we keep."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import structlog

from bot.app.ports import Clock, Forge, MergeRequest, Store, StoredPlan
from bot.app.ports.timing import UNTIMED, Phases
from bot.core.document import from_document
from bot.core.gate.approvals import Approval, Event, Mark, Person, committed, given, judge, pushers
from bot.core.gate.decision import GateFacts, PlanFacts, void
from bot.core.gate.freeze import frozen
from bot.core.gate.pending import only_pending, pending_said
from bot.core.globs import touches
from bot.core.model import Target
from bot.core.moved import moved
from bot.core.notes.plan_diff import plan_diff
from bot.core.planned import Plan

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Looked:
    """Facts, and by username what the plan of now has otherwise than the one that was approved.

    `differences` say it in sentences, `diffs` are the lines of a diff of the two plans.
    """

    facts: GateFacts
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    diffs: Mapping[str, Sequence[str]] = field(default_factory=dict)


class Gatekeeper:
    """Looks at a merge request for one target. What no rule asks for is not asked of GitLab."""

    def __init__(self, forge: Forge, store: Store, clock: Clock, phases: Phases = UNTIMED) -> None:
        self._forge = forge
        self._store = store
        self._clock = clock
        self._phases = phases

    async def look(self, mr: MergeRequest, target: Target, stored: StoredPlan | None) -> Looked:
        """`stored` is the plan of now, which is kept already. Writes approvals into the trail."""
        with self._phases("gate"):
            return await self._look(mr, target, stored)

    async def _look(self, mr: MergeRequest, target: Target, stored: StoredPlan | None) -> Looked:
        plan = from_document(stored.document) if stored else None
        rules = target.gate
        facts = GateFacts(
            head=mr.head,
            from_fork=mr.from_fork,
            plan=_plan_facts(stored, plan),
            rules=rules,
            merged=mr.state == "merged",
            threads_resolved=mr.threads_resolved,
            frozen=frozen(rules.freeze, self._clock()),
            lock=await self._store.lock(mr.project, target.name),
        )
        if await self.untouched(mr, target, stored):
            log.info("gate.untouched", merged=facts.merged)
            return Looked(replace(facts, untouched=True))
        if rules.pipeline and mr.head_pipeline_id is not None:
            facts = replace(facts, pipeline=await self._forge.checks(mr.project, mr.head_pipeline_id))
        if rules.undiverged:
            facts = replace(facts, behind=await self._behind(mr))
        if rules.paths:
            changed = await self._forge.changed_paths(mr.project, mr.iid, mr.head)
            facts = replace(facts, changed=changed)
        if not rules.asks_people:
            return Looked(facts)
        facts = replace(facts, approvals=await self._approvals(mr, target, stored))
        await self._record(mr, target, facts.approvals)
        return await self._compared(facts, plan)

    async def untouched(self, mr: MergeRequest, target: Target, stored: StoredPlan | None) -> bool:
        """Whether the merge request changes nothing that concerns the target.

        What was planned at this very head (somebody asked for it) does concern it. Raises TransientError
        while GitLab has not compared the head yet.
        """
        if not target.paths or (stored is not None and stored.head == mr.head):
            return False
        return not touches(target.paths, await self._forge.changed_paths(mr.project, mr.iid, mr.head))

    async def _behind(self, mr: MergeRequest) -> int:
        if mr.state != "merged" or mr.merge_sha is None:
            return await self._forge.behind(mr.project, mr.head, mr.target_branch)
        if mr.merge_sha == mr.head:
            return 0  # a fast-forward has all of the branch, else it could not be one
        parents = await self._forge.parents(mr.project, mr.merge_sha)
        return await self._forge.behind(mr.project, mr.head, parents[0]) if parents else 0

    async def _approvals(
        self, mr: MergeRequest, target: Target, stored: StoredPlan | None
    ) -> tuple[Approval, ...]:
        consents = await self._store.consents(mr.project, mr.iid, target.name)
        mine = [it for it in consents if stored is not None and it.seal == stored.seal is not None]
        approvers = await self._forge.approvers(mr.project, mr.iid)
        if not approvers and not mine:
            return ()
        events = await self._events(mr)
        marks = await self._store.marks(mr.project, mr.iid, target.name)
        people = {it.person.id: it.person for it in approvers}
        people |= {it.user_id: people.get(it.user_id, Person(it.user_id, it.username)) for it in mine}
        wrote = await self._forge.wrote(mr.project, mr.iid)
        committers = pushers(events) | {
            it.id for it in people.values() if committed(it, wrote.names, wrote.emails)
        }
        levels = {number: await self._forge.access_level(mr.project, number) for number in people}
        found = [
            judge(
                given(it.person, levels[it.person.id], it.at, events),
                head=mr.head,
                marks=marks,
                rules=target.gate,
                author=mr.author,
                committers=committers,
            )
            for it in approvers
        ]
        said = [_consented(people[it.user_id], levels, mr, target, marks, committers) for it in mine]
        agreed = {it.user_id for it in said}
        return (*(it for it in found if it.user_id not in agreed), *said)

    async def _events(self, mr: MergeRequest) -> list[Event]:
        notes = await self._forge.notes(mr.project, mr.iid)
        return [
            Event(it.id, it.author_id, it.body, it.created_at)
            for it in notes
            if it.system and it.created_at is not None
        ]

    async def _record(self, mr: MergeRequest, target: Target, approvals: Sequence[Approval]) -> None:
        for it in approvals:
            facts = {
                "target": target.name,
                "by": it.username,
                "head": it.head,
                "seal": it.seal,
                "bond": it.bond,
                "barred": it.barred,
                "level": it.level,
            }
            parts = (mr.project, mr.iid, target.name, it.user_id, it.plan_id, it.bond, it.barred, it.level)
            once = f"approval:{':'.join(str(part) for part in parts)}"
            await self._store.record("approval", mr.project, mr.iid, facts, once=once)

    async def _compared(self, facts: GateFacts, plan: Plan | None) -> Looked:
        differences: dict[str, Sequence[str]] = {}
        diffs: dict[str, Sequence[str]] = {}
        for it in void(facts):
            seen = await self._store.plan(it.plan_id) if it.plan_id is not None else None
            if seen is not None and plan is not None:
                approved = from_document(seen.document)
                differences[it.username] = moved(approved, plan)
                diffs[it.username] = plan_diff(approved, plan)
        return Looked(facts, differences, diffs)


def _plan_facts(stored: StoredPlan | None, plan: Plan | None) -> PlanFacts | None:
    if stored is None or plan is None:
        return None
    pending = pending_said(plan) if only_pending(plan) else ()
    return PlanFacts(stored.head, stored.seal, stored.complete, plan.changes_something, pending)


def _consented(
    person: Person,
    levels: Mapping[int, int],
    mr: MergeRequest,
    target: Target,
    marks: Sequence[Mark],
    committers: frozenset[int] | set[int],
) -> Approval:
    """A /helm deploy of the plan of now, as the approval that it is."""
    return judge(
        given(person, levels[person.id], None, ()),
        head=mr.head,
        marks=marks,
        rules=target.gate,
        author=mr.author,
        committers=committers,
        seen=marks[-1],
    )
