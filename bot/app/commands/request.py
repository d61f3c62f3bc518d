"""What a command is given, and what it answers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.app.ports import MergeRequest, Note
from bot.core.command import Command
from bot.core.model import Target


@dataclass(frozen=True, slots=True)
class Request:
    """A command that its writer may give. `targets` are those of the merge request, narrowed by --target.

    `level` is the writer's access level; `roles` give each command's least level here.
    """

    command: Command
    mr: MergeRequest
    note: Note
    targets: Sequence[Target]
    level: int
    roles: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Answer:
    """Markdown for the reply. `done` is false where the tick comes later, from the work that was queued."""

    text: str
    good: bool = True
    done: bool = True
