"""Where it happens: some projects with several releases, each target in mode `direct`; the real service."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import yaml

from tests.e2e.files import project_files, releases, values
from tests.e2e.site import Site
from tests.e2e.world import World, world
from tests.soak.day import SWEEP

PROJECTS = 6
RELEASES = ("web", "shop", "mail", "blog")
DRIFT_EVERY = 300
KEPT = 300
"""Seconds for which deliveries and work that ended are kept: seven days would hide whether they go."""


@asynccontextmanager
async def place(
    folder: Path, times: float, projects: int = PROJECTS
) -> AsyncIterator[tuple[World, list[Site]]]:
    """The world and its projects, the bot running with settings for that many times the usual work."""
    target = {"deploy": {"mode": "direct"}, "drift": {"every": DRIFT_EVERY}}
    async with world(folder, targets={f"soak-{number}": target for number in range(projects)}) as made:
        await made.bot.stop()
        content = yaml.safe_load(made.bot.config.read_text(encoding="utf-8"))
        content["sweep"] = {"every": max(1, int(SWEEP.total_seconds() / times))}
        content["database"] = {"keep": KEPT}
        content["projects"] = [
            it for it in content["projects"] if it["path"].partition("/")[2] not in made.places
        ]
        made.bot.config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        sites = [
            await made.site(f"soak-{number}", files=_files(f"soak-{number}")) for number in range(projects)
        ]
        await made.start_bot()
        yield made, sites


def _files(namespace: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {
        **project_files(namespace),
        "releases.yaml": releases(namespace, *RELEASES),
    }
    return {**found, **{f"values/{name}.yaml": values() for name in RELEASES}, ".gitlab-ci.yml": None}
