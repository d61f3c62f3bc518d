"""What nobody told us about one merge request: GitLab as it is now against what we keep.

Each find is the same work, with the same key, that the lost delivery would have made: where it was not lost,
or comes later, the queue knows it. Work that cannot have the delivery's key names what it was found by.
"""

from collections.abc import Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.app.ports import Forge, MergeRequest, Note, Store
from bot.core.command import parse
from bot.core.gate.approvals import Event, pushers
from bot.core.model import Target
from bot.core.notes.marks import plan_marker, reply_marker
from bot.core.notes.plan import DRAFT
from bot.core.trail.facts import QUEUED
from bot.core.work import DESCRIPTION, CommandWork, GateWork, PlanWork, Work, lane

_APPROVED = ("approved this merge request",)
_UNAPPROVED = ("unapproved this merge request",)
_APPROVALS = ("approved", "approval")
_UNAPPROVALS = ("unapproved", "unapproval")


@dataclass(frozen=True, slots=True)
class Found:
    """Work that a delivery should have brought. `kind` is one word, for the log and the metrics."""

    kind: str
    work: Work


class Missed:
    """Looks at one merge request, for one request to GitLab (another for each 100 threads). Does nothing."""

    def __init__(self, forge: Forge, store: Store) -> None:
        self._forge = forge
        self._store = store

    async def of(
        self, mr: MergeRequest, targets: Sequence[Target], aimed: Sequence[Target], commands_since: datetime
    ) -> list[Found]:
        """`aimed` are those of its project's `targets` that it merges into; older commands are let be."""
        notes = await self._forge.notes(mr.project, mr.iid)
        me = await self._forge.me()
        found: list[Found] = []
        if mr.state == "opened":
            for target in aimed:
                found += await self._plan(mr, target, notes, me)
        if any(it.description for it in targets) and any(it.kind == "opened" for it in found):
            found.append(Found("command", CommandWork(mr.project, mr.iid, DESCRIPTION, "")))
        internal = any(it.internal_notes for it in targets)
        said = [it for it in notes if it.author != me and (internal or not it.internal)]
        answered = {it.body.partition("\n")[0] for it in notes if it.author == me}
        return found + [Found("command", it) for it in _commands(mr, said, answered, commands_since)]

    async def _plan(self, mr: MergeRequest, target: Target, notes: Sequence[Note], me: str) -> list[Found]:
        marks = await self._store.marks(mr.project, mr.iid, target.name)
        plan = PlanWork(mr.project, mr.iid, target.name, mr.head, "opened")
        if not marks or marks[-1].head != mr.head:
            if await self._taken_back(mr, target):
                return []
            why = "pushed" if pushers(_events(notes)) else "opened"
            return [Found(why, replace(plan, why=why))]
        if not mr.draft and _says_draft(notes, me, target):
            return [Found("ready", replace(plan, why="ready", once=f"swept-{marks[-1].id}"))]
        return await self._approvals(mr, target, notes)

    async def _taken_back(self, mr: MergeRequest, target: Target) -> bool:
        """Whether a /helm cancel took plans of this head back: who wants one now asks for it."""
        return any(
            (it["facts"].get("state"), it["facts"].get("head")) == (QUEUED, mr.head)
            and it["facts"].get("target") == target.name
            for it in await self._store.trail(mr.project, mr.iid)
            if it["kind"] == "cancel"
        )

    async def _approvals(self, mr: MergeRequest, target: Target, notes: Sequence[Note]) -> list[Found]:
        """Compares how often somebody approved, or took it back, with how often we were told so."""
        given, taken = _said(notes, _APPROVED), _said(notes, _UNAPPROVED)
        if not target.gate.asks_people or not (given or taken):
            return []
        prefix = lane(GateWork(mr.project, mr.iid, target.name, ""))
        told = [
            str(entry["facts"].get("work", "")).removeprefix(prefix)
            for entry in await self._store.trail(mr.project, mr.iid)
            if entry["kind"] == "delivery" and str(entry["facts"].get("work", "")).startswith(prefix)
        ]
        unheard = [*_unheard(given, told, _APPROVALS), *_unheard(taken, told, _UNAPPROVALS)]
        if not unheard:
            return []
        return [Found("approval", GateWork(mr.project, mr.iid, target.name, f"swept-{max(unheard)}"))]


def _events(notes: Iterable[Note]) -> Iterator[Event]:
    for it in notes:
        if it.system and it.created_at is not None:
            yield Event(it.id, it.author_id, it.body, it.created_at)


def _said(notes: Iterable[Note], words: tuple[str, ...]) -> dict[int, list[int]]:
    """By person, the system notes that begin so."""
    found: dict[int, list[int]] = {}
    for it in notes:
        if it.system and it.body.startswith(words):
            found.setdefault(it.author_id, []).append(it.id)
    return found


def _unheard(said: dict[int, list[int]], told: Sequence[str], actions: Sequence[str]) -> Iterator[int]:
    """The newest note of each person who did it more often than deliveries told us."""
    for person, numbers in said.items():
        prefixes = tuple(f"{action}-{person}-" for action in actions)
        if sum(once.startswith(prefixes) for once in told) < len(numbers):
            yield max(numbers)


def _says_draft(notes: Iterable[Note], me: str, target: Target) -> bool:
    """Whether our note was written when the merge request was a draft."""
    marker = plan_marker(target.name)
    mine = [it.body for it in notes if it.author == me and it.body.startswith(marker)]
    return any(DRAFT in body.splitlines() for body in mine)


def _commands(
    mr: MergeRequest, notes: Iterable[Note], answered: Container[str], since: datetime
) -> Iterator[CommandWork]:
    """Notes with commands that have no answer of ours, oldest first."""
    for it in notes:
        if it.system or it.edited or it.created_at is None or it.created_at < since:
            continue
        if reply_marker(it.id) not in answered and parse(it.body):
            yield CommandWork(mr.project, mr.iid, it.id, it.discussion_id)
