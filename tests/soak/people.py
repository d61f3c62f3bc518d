"""Merge requests as they come, each with its people: pushes, comments, commands, and the end."""

import asyncio
import random
from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from bot.core.notes.marks import reply_marker
from bot.demo.gitlab import MergeRequest
from tests.e2e.files import values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.soak.day import COMMANDS, MERGED
from tests.soak.place import RELEASES

WITHIN = 900.0
"""Seconds that people wait at most: the bot may be busy, and so may the machine."""

THINK = 4.0
_ENDS = {"✅": "deployed", "❌": "failed", "⏸️": "held"}


class People:
    """`counts` say what they did and what came of it; `late` is by how much the last began late, in seconds.

    One merge request at a time changes a release of a project; who finds none free waits.
    """

    def __init__(self, sites: Sequence[Site], seed: int, think: float = THINK) -> None:
        self.counts = Counter[str]()
        self.late = 0.0
        self._sites = tuple(sites)
        self._seed = seed
        self._think = think
        self._free: asyncio.Queue[tuple[Site, str]] = asyncio.Queue()
        self._number = 0
        for release in RELEASES:
            for site in sites:
                self._free.put_nowait((site, release))

    async def begin(self) -> None:
        """One merge request for each project, whose deployment installs its releases; it does not count."""
        for site in self._sites:
            story = _Story(site, RELEASES[0], 0, random.Random(site.project.path), self)
            await story.first()
        self.counts.clear()

    async def come(self, gap: float, seconds: float) -> None:
        """Opens merge requests for that long, one each `gap` seconds on average, and sees them all end."""
        dice, loop = random.Random(f"{self._seed} arrivals"), asyncio.get_running_loop()
        due, ends = loop.time(), loop.time() + seconds
        async with asyncio.TaskGroup() as stories:
            while (due := due + dice.expovariate(1 / gap)) < ends:
                await asyncio.sleep(due - loop.time())
                site, release = await self._free.get()
                self.late = max(0.0, loop.time() - due)
                stories.create_task(self._whole(site, release))

    async def some(self, count: int) -> None:
        """So many at once, to their ends."""
        places = [await self._free.get() for _ in range(count)]
        await asyncio.gather(*(self._whole(site, release) for site, release in places))

    async def _whole(self, site: Site, release: str) -> None:
        self._number += 1
        try:
            await _Story(
                site, release, self._number, random.Random(f"{self._seed} {self._number}"), self
            ).go()
        finally:
            self._free.put_nowait((site, release))

    async def think(self, dice: random.Random) -> None:
        """Nobody does two things at once."""
        await asyncio.sleep(dice.uniform(0, 2 * self._think))


@dataclass(frozen=True, slots=True)
class _Story:
    site: Site
    release: str
    number: int
    dice: random.Random
    people: People

    @property
    def _branch(self) -> str:
        return f"change-{self.number}"

    async def first(self) -> None:
        """Nothing but a merge."""
        mr = await self.site.change(self._branch, self._values())
        await self._until(lambda: bool(self.site.statuses(mr.head)), f"a plan of !{mr.iid}")
        await self._merge(mr)

    async def go(self) -> None:
        """From the first push to the deployment's end."""
        mr = await self.site.change(self._branch, self._values())
        self._count("merge requests")
        steps: list[Callable[[MergeRequest], Awaitable[None]]] = [
            *(self._push, self._push_nothing, self._edit, self._edit, self._talk, self._talk, self._command)
        ]
        self.dice.shuffle(steps)
        for step in steps:
            await self.people.think(self.dice)
            await step(mr)
        await self._until(lambda: bool(self.site.statuses(mr.head)), f"a plan of !{mr.iid}")
        await self.people.think(self.dice)
        if self.dice.random() < MERGED:
            await self._merge(mr)
        else:
            await self.site.gitlab.close(mr, self.site.ada)
            self._count("closed")

    async def _push(self, mr: MergeRequest) -> None:
        await self.site.push(self._branch, self._values())
        self._count("pushes")

    async def _push_nothing(self, mr: MergeRequest) -> None:
        await self.site.push(self._branch, {f"notes/{self.number}.md": f"{self.dice.random()}\n"})
        self._count("pushes without a change of the plan")

    async def _edit(self, mr: MergeRequest) -> None:
        await self.site.gitlab.edit(mr, self.site.ada, labels=[f"label-{self.dice.randrange(20)}"])
        self._count("edits of labels")

    async def _talk(self, mr: MergeRequest) -> None:
        await self.site.gitlab.comment(mr, self.site.rita, f"I have seen {self.number}.")
        self._count("comments")

    async def _command(self, mr: MergeRequest) -> None:
        """Its answer is waited for; that of `/helm plan` is the plan."""
        note = await self.site.gitlab.comment(mr, self.site.max, self.dice.choice(COMMANDS))
        assert note is not None

        def answered() -> bool:
            return len(note.awards) > 1 and any(it.body.startswith(reply_marker(note.id)) for it in mr.notes)

        await self._until(answered, f"the answer to {note.body} in !{mr.iid}")
        self._count("commands")

    async def _merge(self, mr: MergeRequest) -> None:
        await self.site.gitlab.settle(mr)
        await self.site.gitlab.merge(mr, self.site.max)
        self._count("merges")
        await self._until(lambda: bool(self._end(mr)), f"the end of the deployment of !{mr.iid}")
        self._count(self._end(mr))

    def _end(self, mr: MergeRequest) -> str:
        titles = [note.body.splitlines()[2] for note in self.site.deploy_notes(mr)]
        return next((word for title in titles for mark, word in _ENDS.items() if mark in title), "")

    def _values(self) -> dict[str, str]:
        return {f"values/{self.release}.yaml": values(color=f"color-{self.dice.randrange(10**9)}")}

    def _count(self, what: str) -> None:
        self.people.counts[what] += 1

    async def _until(self, look: Callable[[], bool], what: str) -> None:
        await until(look, f"{what} in {self.site.project.path}", WITHIN)
