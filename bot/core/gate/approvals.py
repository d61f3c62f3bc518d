"""Approvals: who gave them, of which plan, and whether they stand for the plan of now.

GitLab says who approves of a merge request. Of what they approved follows from the order of things in the
thread: the plan that was shown when they did, unless something was pushed since.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, TypeAlias

from bot.core.gate.rules import GateRules

Bond: TypeAlias = Literal["bound", "void", "unplanned"]
"""Of the plan of now (or one with its seal), of another plan, or of no plan at all."""

_APPROVED = "approved this merge request"
_PUSHED = re.compile(r"added (\d+ commits?|commit\b)")
_NO_REPLY = re.compile(r"(\d+)-[^@]*@users\.noreply\.")


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody at GitLab."""

    id: int
    username: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Mark:
    """A plan, as far as approvals need to know it. `shown_at`: since when its note stands there."""

    id: int
    head: str
    seal: str | None
    shown_at: datetime | None


@dataclass(frozen=True, slots=True)
class Event:
    """A system note of the thread; `id` orders them."""

    id: int
    author_id: int
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Given:
    """An approval as GitLab has it now, with the person's access level of now (0: blocked, or no member)."""

    person: Person
    level: int
    at: datetime | None
    pushed_since: bool = False


@dataclass(frozen=True, slots=True)
class Approval:
    """An approval and what it is worth. `plan_id`, `head` and `seal` are of the plan that was approved.

    `barred` says why this person's approval never counts here.
    """

    username: str
    user_id: int
    level: int
    bond: Bond
    barred: Literal["", "author", "committer"] = ""
    plan_id: int | None = None
    head: str = ""
    seal: str | None = None

    def counts(self, least: int) -> bool:
        """Whether it is worth something where this access level is asked for."""
        return self.bond == "bound" and not self.barred and self.level >= max(least, 1)


def given(person: Person, level: int, at: datetime | None, events: Sequence[Event]) -> Given:
    """The approval of this person with its moment, from the thread's system notes where GitLab wrote one."""
    theirs = [it for it in events if it.author_id == person.id and it.text.startswith(_APPROVED)]
    if not theirs:
        return Given(person, level, at)
    last = max(theirs, key=lambda it: it.id)
    since = any(it.id > last.id and _PUSHED.match(it.text) for it in events)
    return Given(person, level, last.at, since)


def pushers(events: Iterable[Event]) -> frozenset[int]:
    """The ids of those who pushed to the merge request after it was opened."""
    return frozenset(it.author_id for it in events if _PUSHED.match(it.text))


def committed(person: Person, names: Collection[str], emails: Collection[str]) -> bool:
    """Whether commits name this person, by GitLab's no-reply address or by name. A namesake is one, too."""
    numbers = {int(found[1]) for email in emails if (found := _NO_REPLY.match(email))}
    known = {name.strip().casefold() for name in names}
    return person.id in numbers or bool(known & {person.name.casefold(), person.username.casefold()} - {""})


def judge(
    one: Given,
    *,
    head: str,
    marks: Sequence[Mark],
    rules: GateRules,
    author: str,
    committers: Collection[int],
    seen: Mark | None = None,
) -> Approval:
    """What an approval is worth for the newest of `marks`, which are oldest first. `head` is that of now.

    `seen` is the plan that it was given for, where that was said with it.
    """
    barred: Literal["", "author", "committer"] = ""
    if one.person.username == author:
        barred = "" if rules.allow_author else "author"
    elif one.person.id in committers and not rules.allow_committers:
        barred = "committer"
    seen = seen or _seen(one, head, marks)
    bond: Bond = "unplanned"
    if seen is not None and seen.seal is not None:
        newest = marks[-1]
        bond = "bound" if newest.head == head and newest.seal == seen.seal else "void"
    return Approval(
        username=one.person.username,
        user_id=one.person.id,
        level=one.level,
        bond=bond,
        barred=barred,
        plan_id=seen.id if seen else None,
        head=seen.head if seen else "",
        seal=seen.seal if seen else None,
    )


def _seen(one: Given, head: str, marks: Sequence[Mark]) -> Mark | None:
    """The newest plan that stood there when it was given. Both moments are GitLab's."""
    moment = one.at
    if moment is None:
        return None
    known = [
        it
        for it in marks
        if it.shown_at is not None and it.shown_at <= moment and not (one.pushed_since and it.head == head)
    ]
    return known[-1] if known else None
