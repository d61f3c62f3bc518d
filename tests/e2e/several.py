"""A second world, for stories that need several targets in a project, or other settings of the bot."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from tests.e2e.world import GROUP, World, world

_PRODUCTION = {
    "name": "production",
    "paths": ["/releases.yaml", "/values/", "/charts/", "!*.md"],
    "gate": {"approvals": 1, "required": True},
}
_QUIET = {"name": "quiet", "path": "quiet", "paths": ["/quiet/"], "untouched": "nothing"}
PROJECTS: Mapping[str, Sequence[Mapping[str, object]]] = {
    **{f"several-{number}": [_PRODUCTION, _QUIET] for number in range(8)},
    **{f"listening-{number}": [{"name": "production", "paths": ["/values/"]}] for number in range(4)},
}
"""`production` in the root wants an approval, `quiet` has a folder of its own."""


@asynccontextmanager
async def second_world(folder: Path) -> AsyncIterator[World]:
    """Here commands count in internal notes and in descriptions."""
    async with world(folder) as made:
        file = made.bot.config
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
        common = {"kubeconfig": str(made.kubeconfig)}
        content["projects"] = [
            {"path": f"{GROUP}/{place}", "targets": [{**common, **target} for target in targets]}
            for place, targets in PROJECTS.items()
        ]
        content["commands"] = {"internal_notes": True, "description": True}
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        await made.bot.stop()
        await made.start_bot()
        yield made
