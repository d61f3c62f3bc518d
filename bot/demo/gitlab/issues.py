"""Issues: opened, edited, closed."""

from __future__ import annotations

from typing import Any

from bot.demo.gitlab import payloads_notes
from bot.demo.gitlab.errors import invalid, message
from bot.demo.gitlab.state import Issue, Level, Project, User
from bot.demo.gitlab.world import World


async def create(
    world: World, project: Project, by: User, title: str, description: str, labels: list[str]
) -> Issue:
    """Opens one; labels are made where they are missing."""
    if not title.strip():
        raise message(400, {"title": ["can't be blank"]})
    now, iid = world.now(), len(project.issues) + 1
    it = Issue(world.number("issue"), iid, project, title, description, by, now, now)
    it.labels = [world.label(project, name) for name in labels]
    project.issues[iid] = it
    world.emit(project, "issue", payloads_notes.issue(world, it, by, "open", {}))
    return it


async def edit(world: World, it: Issue, by: User, wanted: dict[str, Any]) -> None:
    """`wanted` may hold title, description, labels (names), state_event (close, reopen)."""
    if it.author is not by and world.level(by, it.project) < Level.REPORTER:
        raise message(403, "403 Forbidden")
    event = wanted.get("state_event")
    if event not in (None, "close", "reopen"):
        raise invalid("state_event does not have a valid value")
    it.title = wanted.get("title", it.title)
    it.description = wanted.get("description", it.description)
    if "labels" in wanted:
        it.labels = [world.label(it.project, name) for name in wanted["labels"]]
    it.updated_at = world.now()
    action = "update"
    if event == "close" and it.state == "opened":
        it.state, it.closed_at, it.closed_by, action = "closed", world.now(), by, "close"
    elif event == "reopen" and it.state == "closed":
        it.state, it.closed_at, it.closed_by, action = "opened", None, None, "reopen"
    world.emit(it.project, "issue", payloads_notes.issue(world, it, by, action, {}))
