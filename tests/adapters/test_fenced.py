"""A process that lost its place at the database says nothing to GitLab: others speak by now."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from bot.adapters.engine.place import Fence, PlaceLost
from bot.app.ports import Forge, Repositories
from bot.bootstrap.gitlab import gitlab
from bot.config import load
from bot.entry.metrics import Metrics
from tests.adapters.gitlab_script import Script, says, served

SHA = "a" * 40


@dataclass
class Speaking:
    fence: Fence
    script: Script
    forge: Forge
    repositories: Repositories


@pytest_asyncio.fixture
async def speaking(tmp_path: Path) -> AsyncIterator[Speaking]:
    """GitLab as the service has it, before a server that takes everything."""
    script, fence = Script(says(201, {"id": 1, "name": "apply", "default_branch": "main"})), Fence()
    file = tmp_path / "purser.yaml"
    async with served(script) as url, AsyncExitStack() as stack:
        file.write_text(
            f"version: 1\ndata_dir: {tmp_path}/data\n"
            f"gitlab: {{url: '{url}', token: {{env: TOKEN}}, retry_wait: 0.01}}\n"
            "webhook: {token: {env: TOKEN}}\nprojects: [{path: a/b, targets: [{name: production}]}]\n"
        )
        config = load(file, {"TOKEN": "glpat-" + "x" * 20})
        forge, repositories, _, _ = await gitlab(config, stack, Metrics(), fence)
        yield Speaking(fence, script, forge, repositories)


async def test_who_has_its_place_speaks_and_who_lost_it_makes_no_request(speaking: Speaking) -> None:
    await speaking.forge.default_branch("a/b")
    assert speaking.script.times == 1
    speaking.fence.allow(0)
    with pytest.raises(PlaceLost):
        await speaking.forge.set_status(
            "a/b", SHA, name="apply", state="success", description="done", pipeline_id=None
        )
    assert speaking.script.times == 1


async def test_who_lost_its_place_fetches_no_commit(speaking: Speaking) -> None:
    speaking.fence.allow(0)
    with pytest.raises(PlaceLost):
        async with speaking.repositories.at("a/b", "main", SHA):
            pass
    assert speaking.script.times == 0
