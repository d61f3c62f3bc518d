"""The whole bot, twice, at one database: one note, one status and one deploy each, though one is killed."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path

import pytest
import yaml

from bot.demo.gitlab import MergeRequest
from tests.contracts.databases import PostgreSql
from tests.e2e.bot_process import BotProcess
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

MERGE_REQUESTS, SITES = 6, 3
pytestmark = [pytest.mark.crash, pytest.mark.timeout(900)]


def _configuration(running: World, folder: Path, url: str) -> Path:
    content = yaml.safe_load(running.bot.config.read_text(encoding="utf-8"))
    content["database"] = {"url": url}
    content["data_dir"] = str(folder / "data")
    content["sweep"] = {"every": 2}
    folder.mkdir()
    file = folder / "purser.yaml"
    file.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    return file


@asynccontextmanager
async def pair(folder: Path, url: str) -> AsyncIterator[tuple[World, list[BotProcess], list[str]]]:
    """A world with two bots at the database; and where they listen."""
    async with world(folder, places=SITES) as running:
        await running.bot.stop()
        files = [_configuration(running, folder / name, url) for name in ("one", "two")]
        bots = [BotProcess(file, running.secrets) for file in files]
        try:
            yield running, bots, [await bot.start() for bot in bots]
        finally:
            for bot in bots:
                await bot.close()


async def test_each_merge_request_is_planned_and_deployed_once_by_two_bots(
    server: PostgreSql, tmp_path: Path
) -> None:
    async with pair(tmp_path, server.url) as (running, bots, urls):
        sites = [await running.site() for _ in range(SITES)]
        [hook] = running.gitlab.world.hooks.values()
        opened = []
        for number in range(MERGE_REQUESTS):
            hook.url = f"{urls[number % 2]}/hooks/gitlab"
            site = sites[number % SITES]
            opened.append((site, await site.change(f"change-{number}")))
        await until(lambda: any(site.plan_notes(mr) for site, mr in opened), "the first plan", 120)
        bots[0].kill()  # what it answered and did not do, the other does
        hook.url = f"{urls[1]}/hooks/gitlab"
        for site, mr in opened:
            await until(partial(site.statuses, mr.head), "a plan", 240)
        for site, mr in opened[:SITES]:
            await running.gitlab.merge(mr, site.max)
        for site, mr in opened[:SITES]:
            note = await until(partial(_ended, site, mr), "a deploy", 240)
            assert "✅ Deployed to `production` and verified" in note
        for site, mr in opened:
            assert len(site.plan_notes(mr)) == 1
            assert [status.status for status in site.statuses(mr.head)] == ["success"]
        assert [len(site.apply_pipelines()) for site in sites] == [1] * SITES
        assert [len(site.deploy_notes(mr)) for site, mr in opened[:SITES]] == [1] * SITES


def _ended(site: Site, mr: MergeRequest) -> str | None:
    bodies = [note.body for note in site.deploy_notes(mr)]
    return next((body for body in bodies if any(mark in body.splitlines()[2] for mark in "✅❌⏸")), None)
