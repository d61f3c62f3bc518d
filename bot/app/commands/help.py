"""`/helm help`: the commands that this person may use here."""

from collections.abc import Collection

from bot.app.commands.request import Answer, Request
from bot.core import markdown as md
from bot.core.command import COMMANDS


class Help:
    """Lists what works (`working`) and what the reader's role allows."""

    def __init__(self, working: Collection[str]) -> None:
        self._working = working

    async def __call__(self, request: Request) -> Answer:
        """A table; never an error."""
        mine = [COMMANDS[name] for name in self._working if request.level >= request.roles[name]]
        rows = [(md.code(f"/helm {spec.name} {spec.usage}".strip()), md.text(spec.does)) for spec in mine]
        targets = ", ".join(md.code(target.name) for target in request.targets) or "none"
        return Answer(f"{md.table(('command', 'does'), rows)}\n\nTargets of this merge request: {targets}.")
