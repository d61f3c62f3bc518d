"""GitLab lets the bot in no more: it says so once per try, in one line, and goes on when it is mended."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
import pytest_asyncio

from bot.demo.gitlab import Level
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import GROUP, World, world

pytestmark = pytest.mark.long


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def running(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[World]:
    """A bot whose token stands in a file."""
    folder = tmp_path_factory.mktemp("access")
    (folder / "token").write_text("glpat-of-a-bot-that-starts", encoding="utf-8")
    async with world(folder, places=3, patience={"token": {"file": str(folder / "token")}}) as made:
        (folder / "token").write_text(made.secrets["GITLAB_TOKEN"], encoding="utf-8")
        yield made


@pytest_asyncio.fixture(loop_scope="session")
async def site(running: World) -> Site:
    return await running.site()


@pytest.fixture(autouse=True)
def nothing_is_left_turned(running: World) -> None:
    """Each story mends what it broke."""


async def told(running: World, site: Site, words: str) -> str:
    """Waits for the line that says of this project's work that it is put off; its reason."""

    def look() -> str | None:
        said = running.bot.facts("work.retried")
        mine = [it for it in said if str(it["work"]).startswith(f"plan:{site.project.path}:")]
        return next((it["reason"] for it in mine if words in it["reason"]), None)

    return await until(look, f"the bot to say: {words}")


async def shut_out(running: World) -> float:
    """The measure that an operator's alert stands on."""
    url = running.bot.facts("service.started")[-1]["metrics"]
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return next(float(line.split()[1]) for line in lines if line.startswith("purser_gitlab_shut_out "))


async def test_a_revoked_token_is_said_and_planning_goes_on_with_the_next_one_in_its_file(
    running: World, site: Site
) -> None:
    file = running.folder / "token"
    running.gitlab.revoke(file.read_text(encoding="utf-8"))
    mr = await site.change()
    reason = await told(running, site, "401")
    assert "Put a valid one (scope api) where gitlab.token says" in reason
    assert site.project.path.replace("/", "%2F") in reason
    assert await shut_out(running) == 1
    file.write_text(running.gitlab.token_for(running.bot_user), encoding="utf-8")
    await site.planned(mr)
    assert await shut_out(running) == 0
    assert len(site.plan_notes(mr)) == 1
    assert not [line for line in running.bot.lines if "Traceback" in line or '"exception"' in line]


async def test_a_project_that_is_hidden_from_the_bot_is_not_taken_for_one_that_has_nothing(
    running: World, site: Site
) -> None:
    running.gitlab.add_group_member(GROUP, running.bot_user, Level.NONE)
    mr = await site.change()
    assert "Make the bot's user a member" in await told(running, site, "404")
    running.gitlab.add_group_member(GROUP, running.bot_user, Level.MAINTAINER)
    await site.planned(mr)
    assert len(site.plan_notes(mr)) == 1
    assert not [line for line in running.bot.lines if "Traceback" in line or '"exception"' in line]


async def test_a_role_that_is_too_low_is_said_and_the_work_waits_for_a_better_one(
    running: World, site: Site
) -> None:
    running.gitlab.add_group_member(GROUP, running.bot_user, Level.GUEST)
    mr = await site.change()
    reason = await told(running, site, "role maintainer")
    assert "403" in reason
    running.gitlab.add_group_member(GROUP, running.bot_user, Level.MAINTAINER)
    await site.planned(mr)
    assert len(site.plan_notes(mr)) == 1
    assert not [line for line in running.bot.lines if "Traceback" in line or '"exception"' in line]
