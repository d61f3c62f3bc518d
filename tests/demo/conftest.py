from __future__ import annotations

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web

from bot.demo.gitlab import GitLab, Level
from tests.demo.world import Clock, Receiver, Scene


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def gitlab(clock: Clock) -> AsyncIterator[GitLab]:
    async with GitLab(now=clock) as running:
        yield running


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    async with aiohttp.ClientSession() as opened:
        yield opened


@pytest.fixture
async def scene(gitlab: GitLab, clock: Clock, session: aiohttp.ClientSession) -> Scene:
    ada, dev, rep = (gitlab.add_user(name) for name in ("ada", "dev", "rep"))
    members = {ada: Level.MAINTAINER, dev: Level.DEVELOPER, rep: Level.REPORTER}
    files = {"values.yaml": "replicas: 1\n", "notes.txt": "one\n"}
    project = await gitlab.add_project("ops/clusters/main", files, members)
    bot, token = gitlab.project_bot(project)
    return Scene(gitlab, clock, session, project, ada, dev, rep, bot, token)


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    taker = Receiver()
    app = web.Application()
    app.router.add_post("/hooks", taker.take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    taker.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hooks"
    yield taker
    await runner.cleanup()
