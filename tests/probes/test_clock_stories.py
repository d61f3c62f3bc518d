"""Somebody sets the machine's clock while the bot runs: plan, approval and deploy go on as if nobody had."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.e2e.files import VALUES, values
from tests.e2e.waiting import until
from tests.e2e.world import World, world
from tests.probes.clocked import Clocked
from tests.probes.prometheus import LookAlike, look_alike

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
GATE = {"approvals": 1, "required": True}


@pytest.fixture
async def page() -> AsyncIterator[LookAlike]:
    async with look_alike() as made:
        yield made


@pytest.fixture
async def settling(tmp_path: Path, page: LookAlike) -> AsyncIterator[World]:
    """A target whose probe is asked some seconds after all is ready."""
    folder = tmp_path / "world"
    folder.mkdir()
    probe = {"kind": "http", "name": "page", "url": f"{page.url}/health", "contains": "is ok"}
    verify = {"settle": "4s", "probes": [probe]}
    targets = {"set": {"verify": verify, "deploy": {"mode": "direct"}, "gate": GATE}}
    async with world(folder, targets=targets, process=Clocked) as made:
        yield made


@pytest.mark.parametrize("jump", [timedelta(hours=3), timedelta(hours=-3)], ids=str)
async def test_plan_approval_deploy_and_verification_around_a_jump(settling: World, jump: timedelta) -> None:
    site = await settling.site("set")
    bot = settling.bot
    assert isinstance(bot, Clocked)
    bot.set_clock(jump / 3)  # before all that follows: GitLab's and ours differ by an hour
    mr = await site.change(files={VALUES: values(color="green")})
    await site.planned(mr)
    await site.gitlab.approve(mr, site.max)
    await site.noted(mr, "Approved by max (1 of 1).")
    await site.gitlab.merge(mr, site.max)
    await site.noted_deploy(mr, "now verifying")
    bot.set_clock(jump)  # while it is verified
    assert "| `page` | `HTTP 200 with 'is ok'` | `HTTP 200` | ✅ passed |" in await site.deployed(mr)

    def ended() -> list[object]:
        return [it["state"] for it in bot.facts("deploy.ended")]

    assert await until(ended, "the deploy to end in the log") == ["succeeded"]
