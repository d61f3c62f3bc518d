"""GitLab as the service has it.

A process that lost its place at the database says nothing to it, for others speak by now; and what GitLab
quotes of people stays masked."""

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
from bot.core.errors import ForgeRefused
from bot.core.redact.masking import Masker
from bot.entry.metrics import Metrics
from tests.adapters.gitlab_script import Script, says, served

SHA = "a" * 40
VARIABLE = "Zq7variable9Kx"


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
        forge, repositories, _, _ = await gitlab(config, stack, Metrics(), fence, masker)
        yield Speaking(fence, script, forge, repositories)


def masker() -> Masker:
    known = Masker(b"key")
    known.remember(VARIABLE)
    return known


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


async def test_what_gitlab_quotes_of_a_target_s_secrets_is_masked(speaking: Speaking) -> None:
    speaking.script.acts = [says(400, {"message": {"base": [f"sync: {VARIABLE} is no number"]}})]
    inputs = {"PURSER_TARGET": "production", "PURSER_SEAL": "sha256:1", "PURSER_MERGE_REQUEST": "1"}
    with pytest.raises(ForgeRefused, match="sync: ‹masked:") as caught:
        await speaking.forge.create_pipeline("a/b", "main", SHA, inputs)
    assert VARIABLE not in str(caught.value)
