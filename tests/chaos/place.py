"""Where a run happens: a project with a target of each mode, a way to the cluster, a bot of its own."""

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from bot.demo.gitlab import Hook
from tests.chaos.door import Door
from tests.chaos.ready_bot import Nursery, ReadyBot
from tests.e2e.files import CI_TEMPLATE, project_files, releases, values
from tests.e2e.site import Site
from tests.e2e.world import GROUP, World

RELEASES = ("web", "shop", "mail")
TARGETS = {"piped": "", "direct": "own/"}
"""Name of the target and its folder: one of each mode."""


@dataclass(frozen=True, slots=True)
class Place:
    """`sites` are the same project as each target sees it; `seed` is the run's."""

    seed: int
    world: World
    door: Door
    sites: dict[str, Site]

    @property
    def one(self) -> Site:
        """Either of them, for what concerns the project alone."""
        return self.sites["piped"]

    @property
    def data(self) -> Path:
        """The bot's folder."""
        return self.world.folder / "data"


@contextlib.asynccontextmanager
async def place(base: World, seed: int, number: int, bots: Nursery) -> AsyncIterator[Place]:
    """A fresh one in this world, whose own bot rests. At its end its own bot is killed."""
    name = f"run-{number}"
    folder = base.folder / name
    folder.mkdir()
    assert base.cluster is not None
    async with Door(base.cluster, random.Random(f"{seed} door")) as door:
        kubeconfig = door.kubeconfig(folder)
        file = folder / "purser.yaml"
        content = yaml.safe_load(base.bot.config.read_text(encoding="utf-8"))
        targets: list[dict[str, object]] = [
            {"name": "piped", "paths": ["/releases.yaml", "/values/", "/charts/"]},
            {"name": "direct", "path": "own", "paths": ["/own/"], "deploy": {"mode": "direct"}},
        ]
        common: dict[str, object] = {"kubeconfig": str(kubeconfig), "untouched": "nothing"}
        content["projects"] = [{"path": f"{GROUP}/{name}", "targets": [{**it, **common} for it in targets]}]
        content |= {"data_dir": str(folder / "data"), "sweep": {"every": 1}}
        content["gitlab"] |= {"timeout": 10, "patience": 10, "retry_wait": 0.05}
        file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
        bot = ReadyBot(file, base.secrets, bots)
        world = replace(base, folder=folder, kubeconfig=kubeconfig, bot=bot)
        try:
            site = await world.site(name, files=_files(name), ci=CI_TEMPLATE.read_text(encoding="utf-8"))
            await world.start_bot()
            hooks = list(world.gitlab.world.hooks.values())
            yield Place(seed, world, door, _sites(site, name))
            _silence(hooks)
        finally:
            await bot.close()


def _silence(hooks: list[Hook]) -> None:
    """What the next run's people do is no business of this bot's."""
    for hook in hooks:
        hook.url = "http://127.0.0.1:9/"


def namespace(name: str, target: str) -> str:
    """Where a target's releases live."""
    return f"{name}-{target}"


def _sites(site: Site, name: str) -> dict[str, Site]:
    return {it: replace(site, target=it, namespace=namespace(name, it)) for it in TARGETS}


def _files(name: str) -> dict[str, str | None]:
    found: dict[str, str | None] = {}
    for target, folder in TARGETS.items():
        space = namespace(name, target)
        mine = {**project_files(space), "releases.yaml": releases(space, *RELEASES)}
        mine |= {f"values/{one}.yaml": values() for one in RELEASES}
        mine.pop(".gitlab-ci.yml")
        found |= {f"{folder}{path}": text for path, text in mine.items()}
    return found
