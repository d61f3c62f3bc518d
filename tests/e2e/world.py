"""A GitLab, a cluster and the bot in its own process, on loopback; and small projects, one for each story."""

import os
import secrets
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import yaml

from bot.demo.cluster import SimulatedCluster
from bot.demo.gitlab import GitLab, Level, Settings, User
from tests.contracts.described import undescribed
from tests.e2e.bot_process import REPOSITORY, BotProcess
from tests.e2e.files import project_files
from tests.e2e.site import Site

GROUP = "ops"
TARGET = "production"
Gates: TypeAlias = Mapping[str, Mapping[str, object]]


@dataclass(slots=True)
class World:
    """What stands. `site()` gives a project that nothing has happened to; the bot knows `places` of them."""

    folder: Path
    gitlab: GitLab
    kubeconfig: Path
    bot: BotProcess
    secrets: Mapping[str, str]
    bot_user: User
    places: list[str]
    cluster: SimulatedCluster | None = None
    _people: dict[str, User] = field(default_factory=dict)

    async def site(
        self,
        place: str | None = None,
        *,
        namespace: str | None = None,
        files: Mapping[str, str | None] | None = None,
        ci: str | None = None,
        settings: Settings | None = None,
    ) -> Site:
        """A fresh project with people, hook and CI variables. `files` are laid over the usual ones."""
        if place is None:
            place = self.places.pop(0)
        namespace = namespace or place
        whole = {**project_files(namespace, ci), **(files or {})}
        content = {path: text for path, text in whole.items() if text is not None}
        members = {
            self._person("ada"): Level.DEVELOPER,
            self._person("max"): Level.MAINTAINER,
            self._person("rita"): Level.REPORTER,
        }
        project = await self.gitlab.add_project(f"{GROUP}/{place}", content, members, settings=settings)
        self.gitlab.set_variable(
            project, "KUBECONFIG", self.kubeconfig.read_text(encoding="utf-8"), file=True
        )
        ada, ben, rita = (self._person(name) for name in ("ada", "max", "rita"))
        return Site(self.gitlab, self.bot, project, TARGET, namespace, ada, ben, rita, self.bot_user)

    def _person(self, name: str) -> User:
        return self._people.setdefault(name, self.gitlab.world.user(name) or self.gitlab.add_user(name))

    async def start_bot(self) -> None:
        """Starts the bot and points GitLab's hook to where it listens now."""
        url = await self.bot.start()
        if not self.gitlab.world.hooks:
            self.gitlab.add_hook(GROUP, "", token=self.secrets["HOOK_TOKEN"])
        for hook in self.gitlab.world.hooks.values():
            hook.url = f"{url}/hooks/gitlab"

    def everything_stored(self) -> dict[str, bytes]:
        """Every file below the bot's and the jobs' folders."""
        roots = [self.folder / "data", self.folder / "jobs", self.folder / "gitlab" / "artifacts"]
        found = [path for root in roots for path in root.rglob("*") if path.is_file()]
        return {str(path.relative_to(self.folder)): path.read_bytes() for path in found}


def _configuration(
    folder: Path,
    gitlab: str,
    kubeconfig: Path,
    places: Sequence[str],
    special: Mapping[str, Path],
    gates: Gates,
    targets: Gates,
    patience: Mapping[str, object],
    charts: Mapping[str, object],
) -> Path:
    def project(place: str) -> dict[str, object]:
        target: dict[str, object] = {"name": TARGET, "kubeconfig": str(special.get(place, kubeconfig))}
        target |= {"gate": dict(gates[place])} if place in gates else {}
        target |= targets.get(place, {})
        return {"path": f"{GROUP}/{place}", "targets": [target]}

    content = {
        "version": 1,
        "gitlab": {"url": gitlab, "token": {"env": "GITLAB_TOKEN"}, **patience},
        "webhook": {"token": {"env": "HOOK_TOKEN"}},
        "listen": "127.0.0.1:0",
        "metrics": {"listen": "127.0.0.1:0"},
        "data_dir": str(folder / "data"),
        "log": {"format": "json", "level": "info"},
        "helm": {"render_timeout": 8},
        "charts": dict(charts),
        "sweep": {"every": 0},  # stories lose hooks on purpose, and look what comes of it
        "projects": [project(place) for place in [*places, *special, *gates, *targets]],
    }
    file = folder / "purser.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


def _job_environment(folder: Path, path: Path | None) -> Mapping[str, str]:
    """Jobs find `purser` where this Python runs, of this checkout, and Helm where it is given."""
    programs = [str(Path(sys.executable).parent), *([str(path)] if path else [])]
    return {
        "PATH": os.pathsep.join([*programs, os.environ.get("PATH", os.defpath)]),
        "PYTHONPATH": str(REPOSITORY),
        "XDG_CACHE_HOME": str(folder / "jobs"),
    }


@asynccontextmanager
async def world(
    folder: Path,
    kubeconfig: Path | None = None,
    *,
    places: int = 1,
    special: Mapping[str, Path] | None = None,
    helm: Path | None = None,
    gates: Gates | None = None,
    targets: Gates | None = None,
    patience: Mapping[str, object] | None = None,
    charts: Mapping[str, object] | None = None,
    process: type[BotProcess] = BotProcess,
) -> AsyncIterator[World]:
    """Builds it all below `folder` with the bot running, and takes it down.

    Without `kubeconfig` the cluster is simulated. `special` are further projects with clusters of their own;
    `helm` is a folder to be put on the jobs' PATH. `gates` are projects whose target has that gate,
    `targets` such whose target has these settings. `patience` is more of the configuration's `gitlab`,
    `charts` its own. `process` is how the bot is run.
    """
    cluster = None
    if kubeconfig is None:
        cluster = SimulatedCluster(folder / "cluster")
        await cluster.start()
        kubeconfig = cluster.kubeconfig
    try:
        gitlab = GitLab(folder / "gitlab", job_environment=_job_environment(folder, helm))
        async with gitlab:
            names = [f"shop-{secrets.token_hex(3)}" for _ in range(places)]
            user = gitlab.add_user("purser", bot=True)
            gitlab.add_group_member(GROUP, user, Level.MAINTAINER)
            known = {"GITLAB_TOKEN": gitlab.token_for(user), "HOOK_TOKEN": secrets.token_urlsafe(24)}
            more = (special or {}, gates or {}, targets or {}, patience or {}, charts or {})
            config = _configuration(folder, gitlab.url, kubeconfig, names, *more)
            bot = process(config, known)
            made = World(folder, gitlab, kubeconfig, bot, known, user, names, cluster)
            try:
                await made.start_bot()
                yield made
                assert undescribed(gitlab.requests) == {}
            finally:
                await bot.close()
    finally:
        if cluster is not None:
            await cluster.stop()
