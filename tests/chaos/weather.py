"""What goes wrong in a run, as its seed says: hooks, answers of GitLab, connections, processes."""

import asyncio
import contextlib
import os
import random
import signal
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path

from aiohttp import web

from bot.demo.gitlab import Delivery
from tests.chaos.door import Door
from tests.e2e.faults import breaks, hangs_up, is_busy, is_cut_short, shows_a_page
from tests.e2e.world import World

BEFORE = (is_busy, breaks, hangs_up, shows_a_page)
AFTER = (breaks, hangs_up, is_cut_short, shows_a_page)
MOST_DEATHS = 4
LATEST = 1.5
"""Seconds that a late hook is on its way."""


class Weather:
    """Bad until `calm`. `counts` say what it did."""

    def __init__(self, world: World, door: Door, seed: int) -> None:
        self.counts: Counter[str] = Counter()
        self._world = world
        self._door = door
        self._bad = True
        self._asked = 0
        self._hooks, self._api = random.Random(f"{seed} hooks"), random.Random(f"{seed} api")
        self._deaths = random.Random(f"{seed} deaths")
        door.bad = 0.04
        world.gitlab.hooks.policy = self._policy
        world.gitlab.plant_fault(self._before, self._after)

    def calm(self) -> None:
        """From now on nothing goes wrong any more."""
        self._bad = False
        self._door.bad = 0.0
        self._world.gitlab.plant_fault()
        self._world.gitlab.hooks.policy = lambda delivery: (0.0,)

    def _policy(self, delivery: Delivery) -> Sequence[float]:
        match self._hooks.choices(("lost", "twice", "late", "once"), (15, 12, 20, 53))[0]:
            case "lost":
                self.counts["hooks lost"] += 1
                return ()
            case "twice":
                self.counts["hooks doubled"] += 1
                return (0.0, self._hooks.uniform(0, LATEST))
            case "late":
                self.counts["hooks late"] += 1
                return (self._hooks.uniform(0, LATEST),)
            case _:
                return (0.0,)

    async def _before(self, request: web.Request) -> web.StreamResponse | None:
        if not self._ours(request):
            return None
        self._asked += 1
        if self._api.random() >= 0.03:
            return None
        self.counts["API faults"] += 1
        return await self._api.choice(BEFORE)(request)

    async def _after(self, request: web.Request, answer: web.StreamResponse) -> web.StreamResponse | None:
        if not self._ours(request) or self._api.random() >= 0.02:
            return None
        self.counts["API faults"] += 1
        return await self._api.choice(AFTER)(request)

    def _ours(self, request: web.Request) -> bool:
        return self._bad and request.headers.get("PRIVATE-TOKEN") == self._world.secrets["GITLAB_TOKEN"]

    async def deaths(self, ended: Callable[[], bool]) -> None:
        """Kills things, and starts the bot again, until `ended` or until there were `MOST_DEATHS`.

        The moments are counted in the bot's requests to GitLab, not in seconds: a slow machine that needs
        long to start it sees as much of its work between two deaths as a quick one.
        """
        for _ in range(self._deaths.randint(1, MOST_DEATHS)):
            due = self._asked + self._deaths.randint(5, 90)
            while self._asked < due:
                if ended():
                    return
                await asyncio.sleep(0.02)
            match self._deaths.choices(("bot", "apply", "cluster"), (5, 4, 2))[0]:
                case "bot":
                    await self._kill_bot()
                case "apply":
                    await self._kill_apply(ended)
                case _:
                    self.counts["cut connections"] += len(self._door.open)
                    self._door.cut()

    async def _kill_bot(self) -> None:
        self.counts["kills of the bot"] += 1
        self._world.bot.kill()
        await self._world.bot.wait()
        await self._world.start_bot()

    async def _kill_apply(self, ended: Callable[[], bool]) -> None:
        """The next job or run that is at work, some moments later."""
        while not self._applying():
            if ended():
                return
            await asyncio.sleep(0.3)
        await asyncio.sleep(self._deaths.uniform(0, 4))
        for process in self._applying():
            with contextlib.suppress(OSError):
                os.kill(process, signal.SIGKILL)
        self.counts["kills of what applies"] += 1

    def _applying(self) -> list[int]:
        """Without the bot: it has a run's lock for a moment as it looks at it, and starts the run with it."""
        bot = None if self._world.bot.ended else self._world.bot.pid
        return [pid for pid in applying(self._world.folder.parent) if pid != bot]


def applying(folder: Path) -> list[int]:
    """The processes of jobs and runs whose files lie below the folder."""
    builds, found = f"{folder}/gitlab/builds/", []
    for place in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            held = [os.readlink(fd) for fd in (place / "fd").iterdir()]
            in_run = any(
                it.startswith(f"{folder}/") and it.endswith("/lock") and "/runs/" in it for it in held
            )
            if (in_run or os.readlink(place / "cwd").startswith(builds)) and int(place.name) != os.getpid():
                found.append(int(place.name))
    return found
