"""What quick actions do once they were found in a note."""

from __future__ import annotations

import re

from bot.demo.gitlab import issues, merge_requests, merging
from bot.demo.gitlab.errors import Refused
from bot.demo.gitlab.quick_actions import Command
from bot.demo.gitlab.state import Issue, MergeRequest, User
from bot.demo.gitlab.world import World


async def carry_out(world: World, on: MergeRequest | Issue, by: User, commands: list[Command]) -> list[str]:
    """Runs them with the writer's rights; what the writer may not do is skipped. Returns GitLab-like
    sentences.
    """
    said = []
    for command in commands:
        try:
            done = await _run(world, on, by, command)
            said.append(done or f"Could not apply {command.name} command.")
        except Refused:
            said.append(f"Could not apply {command.name} command.")
    return said


async def _run(world: World, on: MergeRequest | Issue, by: User, command: Command) -> str | None:
    if isinstance(on, Issue):
        return await _run_on_issue(world, on, by, command)
    match command.name:
        case "merge":
            await merging.merge(world, on, by)
            return "Merged this merge request."
        case "approve":
            await merge_requests.approve(world, on, by)
            return "Approved the current merge request."
        case "unapprove":
            await merge_requests.unapprove(world, on, by)
            return "Unapproved the current merge request."
        case _ if not (on.author is by or world.may_push(by, on.project, on.source_branch)):
            return None
        case "close":
            await merge_requests.close(world, on, by)
            return "Closed this merge request."
        case "reopen" | "open":
            await merge_requests.reopen(world, on, by)
            return "Reopened this merge request."
        case _:
            wanted = _edit(world, on, command)
            if wanted is None:
                return None
            await merge_requests.edit(world, on, by, wanted)
            return f"Applied {command.name}."


def _edit(world: World, on: MergeRequest, command: Command) -> dict[str, object] | None:
    """What an editing command changes; None for a command that does nothing here."""
    named = re.findall(r'~"([^"]+)"|~(\S+)', command.argument)
    tags = [world.label(on.project, quoted or plain) for quoted, plain in named]
    match command.name:
        case "title" if command.argument:
            return {"title": command.argument}
        case "target_branch" if command.argument:
            return {"target_branch": command.argument}
        case "draft":
            return {"title": on.title if on.draft else f"Draft: {on.title}"}
        case "ready":
            return {"title": re.sub(r"^\W*draft\W+", "", on.title, flags=re.IGNORECASE)}
        case "label" | "labels":
            return {"labels": [*on.labels, *(t for t in tags if t not in on.labels)]}
        case "unlabel" | "remove_label":
            return {"labels": [t for t in on.labels if tags and t not in tags]}
        case "relabel":
            return {"labels": tags}
        case "assign":
            names = re.findall(r"@(\S+)", command.argument)
            return {"assignees": [who for name in names if (who := world.user(name))]}
        case _:
            return None


async def _run_on_issue(world: World, on: Issue, by: User, command: Command) -> str | None:
    match command.name:
        case "close":
            await issues.edit(world, on, by, {"state_event": "close"})
            return "Closed this issue."
        case "reopen" | "open":
            await issues.edit(world, on, by, {"state_event": "reopen"})
            return "Reopened this issue."
        case _:
            return None
