"""The main story with the bot killed at one of its requests to GitLab, and started again at once."""

import asyncio
import base64
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Literal

from aiohttp import web

from tests.e2e.site import Site, seal_of
from tests.e2e.waiting import until
from tests.e2e.world import World


@dataclass(frozen=True, slots=True)
class Point:
    """The `nth` request of the bot that fits: killed `before` GitLab does it, or `after` it has."""

    name: str
    method: str
    path: str
    moment: Literal["before", "after"]
    nth: int = 1

    def __str__(self) -> str:
        return self.name


POINTS = (
    Point("before the first look at the merge request", "GET", r"/merge_requests/1$", "before"),
    Point("while git fetches the merge ref", "POST", r"/git-upload-pack$", "before"),
    Point("before the plan note is written", "POST", r"/merge_requests/1/notes$", "before"),
    Point("after the plan note was written", "POST", r"/merge_requests/1/notes$", "after"),
    Point("before the plan's status is set", "POST", r"/statuses/\w+$", "before"),
    Point("after the plan's status was set", "POST", r"/statuses/\w+$", "after"),
    Point("before the pipeline is made", "POST", r"/pipeline$", "before"),
    Point("after the pipeline was made", "POST", r"/pipeline$", "after"),
    Point("after the deploy note was written", "POST", r"/merge_requests/1/notes$", "after", nth=2),
    Point("while it follows the pipeline", "GET", r"/pipelines/\d+/jobs$", "before", nth=2),
    Point("before the deploy note says how it ended", "PUT", r"/notes/\d+$", "before"),
    Point("after the deploy note said something new", "PUT", r"/notes/\d+$", "after"),
)


class Killer:
    """Kills the bot at one point; `seen` are the bot's requests until then, `killed` whether it did."""

    def __init__(self, world: World, point: Point) -> None:
        self.world = world
        self.point = point
        self.seen: list[str] = []
        self.killed = False
        token = world.secrets["GITLAB_TOKEN"]
        basic = [base64.b64encode(f"{user}:{token}".encode()).decode() for user in ("oauth2",)]
        self._marks = {token, *(f"Basic {one}" for one in basic)}
        self._count = 0

    def plant(self) -> None:
        """From now on."""
        self.world.gitlab.plant_fault(before=self._before, after=self._after)

    def _is_bot(self, request: web.Request) -> bool:
        said = (request.headers.get("PRIVATE-TOKEN", ""), request.headers.get("Authorization", ""))
        return bool(self._marks & set(said))

    def _fits(self, request: web.Request) -> bool:
        return request.method == self.point.method and bool(re.search(self.point.path, request.path))

    async def _before(self, request: web.Request) -> web.StreamResponse | None:
        if self.killed or not self._is_bot(request):
            return None
        self.seen.append(f"{request.method} {request.path}")
        self._count += self._fits(request)
        return self._kill(request) if self.point.moment == "before" else None

    async def _after(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
        due = not self.killed and self.point.moment == "after" and self._is_bot(request)
        return self._kill(request) if due else None

    def _kill(self, request: web.Request) -> web.StreamResponse | None:
        if self._count != self.point.nth or not self._fits(request):
            return None
        self.killed = True
        self.world.bot.kill()
        return web.Response(status=503)


@asynccontextmanager
async def kept_alive(world: World) -> AsyncIterator[None]:
    """Starts the bot again each time it is gone."""
    tending = asyncio.create_task(_tend(world))
    try:
        yield
    finally:
        tending.cancel()
        await asyncio.gather(tending, return_exceptions=True)


async def _tend(world: World) -> None:
    while True:
        await world.bot.wait()
        await world.start_bot()


async def _heard(world: World) -> None:
    """A delivery that found nobody is sent again by hand, as GitLab does not do it by itself."""
    await world.gitlab.hooks.idle()
    for delivery in world.gitlab.deliveries:
        while delivery.kind == "merge_request" and delivery.status != 202:
            await until(lambda: world.bot.answers, "the bot to run again")
            await world.gitlab.hooks.resend(delivery)


def _is_up(world: World, killer: Killer) -> bool:
    """Also where it was killed a moment ago and the system has not said so yet."""
    return world.bot.answers and world.bot.starts == 1 + killer.killed


async def main_story(world: World, site: Site, killer: Killer) -> str:
    """Open, plan, merge, deploy, verify, with one death on the way; gives the deploy note."""
    killer.plant()
    async with kept_alive(world):
        mr = await site.change()
        plan = await site.planned(mr)
        await until(lambda: _is_up(world, killer), "the bot to run")
        await site.gitlab.merge(mr, site.max)
        await _heard(world)
        done = await site.deployed(mr)
        await until(lambda: killer.killed and _is_up(world, killer), f"the death at: {killer.point}")
        await site.settled(mr)
    assert world.bot.starts == 2
    assert "✅ Deployed to `production` and verified" in done, done
    assert [len(site.plan_notes(mr)), len(site.deploy_notes(mr))] == [1, 1]
    assert seal_of(plan) == seal_of(done)
    [pipeline] = site.apply_pipelines()
    assert [job.status for job in site.jobs(pipeline)] == ["success"]
    assert [status.status for status in site.statuses(mr.head)] == ["success"]
    return done
