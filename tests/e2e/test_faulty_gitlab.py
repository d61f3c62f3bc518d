"""GitLab does not answer as it should: the story ends right all the same, with one note."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from aiohttp import web

from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long

Fault = Callable[[web.Request], Awaitable[web.StreamResponse]]


async def breaks(request: web.Request) -> web.Response:
    return web.json_response({"message": "500 Internal Server Error"}, status=500)


async def is_busy(request: web.Request) -> web.Response:
    return web.Response(status=429, text="Retry later\n", headers={"Retry-After": "0"})


async def shows_a_page(request: web.Request) -> web.Response:
    return web.Response(
        status=200, text="<html><body>GitLab is starting</body></html>", content_type="text/html"
    )


async def is_being_deployed(request: web.Request) -> web.Response:
    return web.Response(status=502, text="<html>GitLab is not responding</html>", content_type="text/html")


async def hangs_up(request: web.Request) -> web.Response:
    assert request.transport is not None
    request.transport.abort()
    return web.Response()


class First:
    """Answers the first request of each kind by the bot with a fault; `met` are those requests."""

    def __init__(
        self, world: World, fault: Fault, which: Callable[[str, str], bool] = lambda m, p: True
    ) -> None:
        self._token = world.secrets["GITLAB_TOKEN"]
        self._fault = fault
        self._which = which
        self.met: set[tuple[str, str]] = set()

    async def before(self, request: web.Request) -> web.StreamResponse | None:
        if request.headers.get("PRIVATE-TOKEN") != self._token:
            return None
        kind = (request.method, request.path)
        if kind in self.met or not self._which(*kind):
            return None
        self.met.add(kind)
        return await self._fault(request)

    async def after(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
        return await self.before(request)


@pytest.mark.parametrize("fault", [breaks, is_busy, shows_a_page, is_being_deployed, hangs_up])
async def test_each_request_of_a_plan_fails_once_and_one_note_stands(
    running: World, site: Site, fault: Fault
) -> None:
    first = First(running, fault, lambda method, path: method == "GET" or path.endswith("/notes"))
    running.gitlab.plant_fault(before=first.before)
    mr = await site.change()
    assert "1 to install" in await site.planned(mr)
    assert len(first.met) > 4
    await until(lambda: site.plans_made() == 1, "the end of the plan")
    assert len(site.plan_notes(mr)) == 1
    assert [status.status for status in site.statuses(mr.head)] == ["success"]


async def test_answers_that_are_lost_double_nothing(running: World, site: Site) -> None:
    """GitLab did what was asked, but the bot never heard of it, through the whole story."""
    first = First(running, hangs_up, lambda method, path: method != "GET")
    running.gitlab.plant_fault(after=first.after)
    mr = await site.change()
    await site.planned(mr)
    _, reply = await site.command(mr, site.ada, "/helm help")
    await site.gitlab.merge(mr, site.max)
    assert "✅ Deployed" in await site.deployed(mr)
    routes = {path.rpartition("/")[2] for method, path in first.met if method == "POST"}
    assert {"notes", "award_emoji", "pipeline"} <= routes
    assert len(site.plan_notes(mr)) == len(site.deploy_notes(mr)) == len(site.apply_pipelines()) == 1
    assert [note.body for note in mr.notes].count(reply) == 1


async def test_a_slow_gitlab_is_waited_for(running: World, site: Site) -> None:
    async def dawdles(request: web.Request) -> None:
        await asyncio.sleep(0.2)

    running.gitlab.plant_fault(before=dawdles)
    mr = await site.change()
    assert "1 to install" in await site.planned(mr)
    assert len(site.plan_notes(mr)) == 1


async def test_a_git_server_that_fails_once_is_asked_again(running: World, site: Site) -> None:
    failed: list[str] = []

    async def once(request: web.Request) -> web.Response | None:
        if not request.path.endswith("/git-upload-pack") or failed:
            return None
        failed.append(request.path)
        return web.Response(status=502, text="Bad gateway")

    running.gitlab.plant_fault(before=once)
    mr = await site.change()
    assert "1 to install" in await site.planned(mr)
    assert failed
    assert len(site.plan_notes(mr)) == 1


async def test_a_refused_token_is_said_without_a_traceback_and_planning_goes_on_by_itself(
    running: World, site: Site
) -> None:
    token = running.gitlab.world.tokens[running.secrets["GITLAB_TOKEN"]]
    token.revoked = True
    seen = len(running.bot.lines)

    def said() -> list[str]:
        facts = running.bot.facts("work.retried", seen)
        return [it["reason"] for it in facts if site.project.path in str(it["work"])]

    try:
        mr = await site.change()
        reasons = await until(said, "the bot to say why it waits")
    finally:
        token.revoked = False
    assert "gitlab.token" in reasons[0]
    await site.planned(mr)
    place = site.project.path.replace("/", "%2F")
    assert len([it for it in running.gitlab.requests if it.status == 401 and place in it.path]) < 5
    assert len(site.plan_notes(mr)) == 1
    assert not [
        line for line in running.bot.lines[seen:] if site.project.path in line and "exception" in line
    ]
