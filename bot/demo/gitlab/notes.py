"""Comments on merge requests and issues, and the reactions to them."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from bot.demo.gitlab import payloads_notes, quick_actions
from bot.demo.gitlab.errors import Refused, bad_request, message, not_found, unauthorized
from bot.demo.gitlab.mergeability import detailed_status
from bot.demo.gitlab.state import Award, Issue, Level, MergeRequest, Note, User
from bot.demo.gitlab.world import World

LONGEST = 1_000_000
MOST = 5_000
EMOJI = frozenset((Path(__file__).parent / "emoji.txt").read_text().split())


@dataclass(frozen=True, slots=True)
class OnlyCommands:
    """The note held nothing but quick actions: they were carried out, and no note was saved."""

    changes: dict[str, object]
    summary: list[str]


async def create(
    world: World, on: MergeRequest | Issue, by: User, body: str, *, internal: bool = False,
    thread: list[Note] | None = None, discussion: bool = False, position: dict[str, Any] | None = None,
) -> Note | OnlyCommands:  # fmt: skip
    """Saves a note, carries out its quick actions and fires the Note Hook.

    `thread` are the notes of the discussion that it replies to; `discussion` starts a new one, `position` one
    at a line of the diff. 400 where it is blank or longer than a million characters; 429 where the writer
    writes too often.
    """
    limit_rate(world, by)
    validate(body)
    if len(on.notes) >= MOST:
        raise bad_request(f'Note {{:base=>["Maximum number of comments exceeded"]}} ({MOST})')
    found = quick_actions.extract(body)
    if found.commands and not found.text.strip():
        return OnlyCommands({}, await world.carry_out(on, by, found.commands))
    text = found.text if found.commands else body
    note = _make(world, on, by, text, thread[0].internal if thread else internal)
    if thread:
        note.discussion_id, position = thread[0].discussion_id, thread[0].position
    if thread or discussion:
        note.type = "DiscussionNote"
        for other in thread or []:
            other.type = "DiffNote" if position else "DiscussionNote"
    if position:
        note.type, note.position = "DiffNote", position
    on.notes.append(note)
    on.updated_at = world.now()
    await _fire(world, note, by, "create")
    await world.carry_out(on, by, found.commands)
    return note


def validate(body: str) -> None:
    """400 where GitLab would save no such note."""
    if not body.strip():
        raise bad_request('Note {:note=>["can\'t be blank"]}')
    if len(body) > LONGEST:
        raise bad_request(f'Note {{:note=>["is too long (maximum is {LONGEST} characters)"]}}')


def _make(world: World, on: MergeRequest | Issue, by: User, body: str, internal: bool) -> Note:
    number, now = world.number("note"), world.now()
    thread = hashlib.sha256(f"discussion {number}".encode()).hexdigest()[:40]
    return Note(number, body, by, on, thread, now, now, internal=internal)


def system_note(world: World, on: MergeRequest | Issue, by: User, text: str) -> None:
    """GitLab's own record of an event; such notes are listed but never fire a hook."""
    note = _make(world, on, by, text, False)
    note.system = True
    on.notes.append(note)


async def _fire(world: World, note: Note, by: User, action: str) -> None:
    body = await payloads_notes.note(world, note, by, action, _status(world, note))
    world.emit(note.noteable.project, "confidential_note" if note.internal else "note", body)


def _status(world: World, note: Note) -> str:
    return detailed_status(world, note.noteable) if isinstance(note.noteable, MergeRequest) else ""


def find(on: MergeRequest | Issue, number: int) -> Note:
    """404 where there is none of that number."""
    note = next((n for n in on.notes if n.id == number), None)
    if note is None:
        raise not_found()
    return note


async def edit(world: World, note: Note, by: User, body: str) -> None:
    """Only the author and maintainers may; quick actions are stripped and carried out here too."""
    _may_change(world, note, by)
    validate(body)
    found = quick_actions.extract(body)
    note.body = found.text if found.commands else body
    note.updated_at = world.now()
    await _fire(world, note, by, "update")
    await world.carry_out(note.noteable, by, found.commands)


def resolve(world: World, thread: list[Note], by: User, resolved: bool) -> None:
    """Resolves a thread or opens it again; 403 unless a developer or the author of the merge request asks.

    The notes' `updated_at` stays, as GitLab has it.
    """
    on = thread[0].noteable
    if on.author is not by and world.level(by, on.project) < Level.DEVELOPER:
        raise message(403, "403 Forbidden")
    for note in thread:
        if note.resolvable and (note.resolved_at is not None) != resolved:
            note.resolved_by, note.resolved_at = (by, world.now()) if resolved else (None, None)


def delete(world: World, note: Note, by: User) -> None:
    """Only the author and maintainers may."""
    _may_change(world, note, by)
    note.noteable.notes.remove(note)


def _may_change(world: World, note: Note, by: User) -> None:
    if note.system or (note.author is not by and world.level(by, note.noteable.project) < Level.MAINTAINER):
        raise message(403, "403 Forbidden")


def threads(on: MergeRequest | Issue) -> list[list[Note]]:
    """The notes by discussion, in the order in which the discussions began."""
    grouped: dict[str, list[Note]] = {}
    for note in on.notes:
        grouped.setdefault(note.discussion_id, []).append(note)
    return list(grouped.values())


async def award(world: World, note: Note, by: User, name: str) -> Award:
    """A second one of the same name by the same person is refused: 404, oddly, as GitLab does."""
    if name not in EMOJI:
        raise not_found('Award Emoji {:name=>["is not a valid emoji name"]}')
    if any(a.user is by and a.name == name for a in note.awards):
        raise not_found('Award Emoji {:name=>["has already been taken"]}')
    it = Award(world.number("award"), name, by, world.now())
    note.awards.append(it)
    body = await payloads_notes.emoji(world, it, note, "award", _status(world, note))
    world.emit(note.noteable.project, "emoji", body)
    return it


async def revoke(world: World, note: Note, by: User, number: int) -> None:
    """Takes back a reaction; 401 unless it is one of their own."""
    it = next((a for a in note.awards if a.id == number), None)
    if it is None:
        raise not_found("Award Emoji")
    if it.user is not by and not by.admin:
        raise unauthorized()
    note.awards.remove(it)
    body = await payloads_notes.emoji(world, it, note, "revoke", _status(world, note))
    world.emit(note.noteable.project, "emoji", body)


def limit_rate(world: World, by: User) -> None:
    """GitLab's application limit on notes: so many a minute for each user."""
    most = world.limits.notes_per_minute
    recent = world.note_times.setdefault(by.id, deque())
    while recent and world.now() - recent[0] > timedelta(minutes=1):
        recent.popleft()
    if most is not None and len(recent) >= most:
        text = "This endpoint has been requested too many times. Try again later."
        raise Refused(429, {"message": {"error": text}}, {"Retry-After": str(world.limits.retry_after)})
    recent.append(world.now())
