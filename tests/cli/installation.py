"""A GitLab look-alike, a service's door and a configuration, for commands that look at an installation."""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.adapters.memory import MemoryInbox
from bot.cli.app import run
from bot.core.model import Target
from bot.core.webhook.signature import Doorkeeper
from bot.demo.cluster import SimulatedCluster
from bot.demo.gitlab import GitLab, Level
from bot.demo.gitlab.state import Project, User
from bot.entry.doorbell import Doorbell
from bot.entry.hook import Hook
from bot.entry.metrics import Metrics
from tests.cli.conftest import Ran

PROJECT, TOKEN = "platform/cluster", "the-webhook-token"


class Service:
    """The real door on a real socket; `accept` is a restart with other secrets."""

    def __init__(self) -> None:
        self.url = ""
        self.accept(TOKEN)

    def accept(self, token: str | None = None, signing_tokens: Sequence[str] = ()) -> None:
        keeper, targets = Doorkeeper(token, signing_tokens), (Target("production", PROJECT),)
        self._hook = Hook(keeper, MemoryInbox(), targets, Doorbell(), Metrics(), now=time.time)

    async def answer(self, request: web.Request) -> web.StreamResponse:
        return await self._hook.answer(request)


@dataclass
class Installation:
    """`config` is the file's content as it will be written; `purser` runs a command with it."""

    gitlab: GitLab
    project: Project
    ada: User
    bot: User
    service: Service
    folder: Path
    capsys: pytest.CaptureFixture[str]
    config: dict[str, Any] = field(default_factory=dict)
    cluster: SimulatedCluster = field(default_factory=SimulatedCluster)

    @property
    def target(self) -> dict[str, Any]:
        """The configuration of the only target."""
        target: dict[str, Any] = self.config["projects"][0]["targets"][0]
        return target

    def secret(self, name: str, value: str) -> dict[str, str]:
        (self.folder / name).write_text(value)
        return {"file": name}

    async def purser(self, *arguments: str) -> Ran:
        file = self.folder / "purser.yaml"
        file.write_text(json.dumps(self.config))
        self.capsys.readouterr()  # what the look-alikes said meanwhile
        code = await asyncio.to_thread(run, [*arguments, "--config", str(file)])
        out, err = self.capsys.readouterr()
        return Ran(code, out, err)


@asynccontextmanager
async def installation(folder: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Installation]:
    """All of it on loopback, set up right but for the webhook."""
    service = Service()
    app = web.Application()
    app.router.add_post("/hooks/gitlab", service.answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    service.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        async with GitLab(folder / "gitlab") as gitlab:
            ada = gitlab.add_user("ada")
            project = await gitlab.add_project(PROJECT, {"README.md": "hello\n"}, {ada: Level.OWNER})
            bot, token = gitlab.project_bot(project)
            made = Installation(gitlab, project, ada, bot, service, folder, capsys)
            made.config = {
                "version": 1,
                "gitlab": {"url": gitlab.url, "token": made.secret("token", token)},
                "webhook": {"token": made.secret("hook-token", TOKEN)},
                "data_dir": str(folder / "data"),
                "projects": [{"path": PROJECT, "targets": [{"name": "production"}]}],
            }
            yield made
    finally:
        await runner.cleanup()
