"""`/helm help`: the commands that this person may use here."""

from collections.abc import Collection

from bot.app.commands.request import Answer, Request
from bot.core.command import COMMANDS
from bot.core.notes import markdown as md


class Help:
    """Lists what works (`working`) and what the reader's role allows."""

    def __init__(self, working: Collection[str]) -> None:
        self._working = working

    async def __call__(self, request: Request) -> Answer:
        """A table; never an error."""
        working = self._working if request.targets else ["help"]
        mine = [COMMANDS[name] for name in working if request.level >= request.roles[name]]
        rows = [(md.code(f"/helm {spec.name} {spec.usage}".strip()), md.text(spec.does)) for spec in mine]
        return Answer(f"{md.table(('command', 'does'), rows)}\n\n{_targets(request)}")


def _targets(request: Request) -> str:
    if request.targets:
        names = ", ".join(md.code(target.name) for target in request.targets)
        return f"Targets of this merge request: {names}."
    said = f"Merges into {md.code(request.mr.target_branch)} deploy to no target: nothing to do here."
    there = ", ".join(f"{md.code(name)} from {md.code(branch)}" for name, branch in request.elsewhere)
    return f"{said} Targets of this project: {there}." if there else said
