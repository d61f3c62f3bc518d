"""What a command is given, and what it answers."""

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.app.ports import MergeRequest, Note
from bot.core.command import Command
from bot.core.model import Target
from bot.core.nearest import named, nearest_release
from bot.core.notes import markdown as md


@dataclass(frozen=True, slots=True)
class Request:
    """A command that its writer may give. `targets` are those of the merge request, narrowed by --target.

    `level` is the writer's access level; `roles` give each command's least level here. `elsewhere` are the
    names of the project's other targets, each with the branch that it deploys from.
    """

    command: Command
    mr: MergeRequest
    note: Note
    targets: Sequence[Target]
    level: int
    roles: Mapping[str, int]
    elsewhere: tuple[tuple[str, str], ...] = ()

    def of(self, target: Target) -> "Request":
        """The same for one target alone."""
        return replace(self, targets=(target,))


@dataclass(frozen=True, slots=True)
class Answer:
    """Markdown for the reply. `done` is false where the tick comes later, from the work that was queued."""

    text: str
    good: bool = True
    done: bool = True


def no_target(request: Request) -> Answer:
    """That there is nothing here that a command could be for."""
    return Answer(f"Merges into {md.code(request.mr.target_branch)} deploy to no target.", good=False)


async def each_target(
    request: Request,
    one: Callable[[Request, Target], Awaitable[Answer]],
    enough: Callable[[Iterable[bool]], bool] = all,
) -> Answer:
    """The answers of `one` for each target, in one. It is good where `enough` of them are."""
    if not request.targets:
        return no_target(request)
    answers = [await one(request, target) for target in request.targets]
    return Answer("\n\n".join(it.text for it in answers), good=enough(it.good for it in answers))


def no_release(wanted: str, keys: Collection[str]) -> str:
    """That there is no such release, which one may have been meant, and which there are."""
    near = nearest_release(wanted, keys)
    hint = f" Did you mean {md.code(near)}?" if near else ""
    there = ", ".join(md.code(key) for key in named(keys))
    return f"No release is called {md.code(wanted)}; there are {there}.{hint}"
