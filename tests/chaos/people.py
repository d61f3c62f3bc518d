"""Five merge requests and what people do with them, at random, as the run's seed says."""

import asyncio
import random
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.demo.gitlab import MergeRequest, Note, Refused
from tests.chaos.kept import unplanned
from tests.chaos.patience import at_last
from tests.chaos.place import RELEASES, TARGETS, Place
from tests.e2e.files import values

MERGE_REQUESTS = 5
COLORS = ("red", "green", "yellow", "white", "black", "brown", "grey")
COMMANDS = (
    "/helm plan", "/helm plan", "/helm deploy", "/helm deploy", "/helm cancel", "/helm status",
    "/helm lock --target piped", "/helm lock --target direct", "/helm unlock", "/helm unlock",
    "/helm deploy --recover", "/helm history web", "/helm diff web",
)  # fmt: skip


@dataclass(slots=True)
class Done:
    """What people did: merge requests with the targets that each concerns, and what they ordered."""

    opened: dict[int, tuple[MergeRequest, frozenset[str]]] = field(default_factory=dict)
    ordered: list[tuple[MergeRequest, Note]] = field(default_factory=list)
    merged: list[MergeRequest] = field(default_factory=list)


class People:
    """They are as quick as people who know what they want, and wait for nothing."""

    def __init__(self, place: Place, done: Done) -> None:
        self._place = place
        self._done = done
        self._busy = asyncio.Lock()

    async def work(self) -> None:
        """All merge requests, beside each other."""
        await asyncio.gather(*(self._one(number) for number in range(MERGE_REQUESTS)))

    async def _one(self, number: int) -> None:
        dice = random.Random(f"{self._place.seed} merge request {number}")
        await asyncio.sleep(dice.uniform(0, 6))
        concerned = frozenset(dice.choices((("piped",), ("direct",), tuple(TARGETS)), (4, 4, 2))[0])
        release = RELEASES[number % len(RELEASES)] if dice.random() < 0.8 else dice.choice(RELEASES)
        site = self._place.one
        files = _files(concerned, release, dice.choice(COLORS))
        async with self._busy:
            mr = await site.change(f"change-{number}", files)
        self._done.opened[mr.iid] = (mr, concerned)
        for _ in range(dice.randint(0, 2)):
            await asyncio.sleep(dice.uniform(0, 3))
            if dice.random() < 0.4:
                async with self._busy:
                    await site.push(f"change-{number}", _files(concerned, release, dice.choice(COLORS)))
                    self._done.opened[mr.iid] = (mr, await self._concerned(mr))
            else:
                await self._order(mr, dice.choice(COMMANDS))
        if dice.random() < 0.8:
            await self._seen(mr, self._done.opened[mr.iid][1])
        await asyncio.sleep(dice.uniform(0, 2))
        if dice.random() < 0.85:
            await self._merge(mr)
        for _ in range(dice.randint(0, 2)):
            await asyncio.sleep(dice.uniform(0, 4))
            await self._order(mr, dice.choice(COMMANDS))

    async def _concerned(self, mr: MergeRequest) -> frozenset[str]:
        """The targets whose files it changes: a push may have taken back what it was about."""
        repo = self._place.world.gitlab.world.repository(mr.project)
        paths = [it.new_path for it in await repo.diff(mr.base, mr.head)]
        return frozenset(
            name
            for name in TARGETS
            if any(path.startswith(TARGETS["direct"]) == (name == "direct") for path in paths)
        )

    async def _seen(self, mr: MergeRequest, concerned: frozenset[str]) -> None:
        """Most look at the plan before they merge; they know that it comes, or why there is none.

        None is made in a conflict, and where a merge before it has changed the same.
        """
        sites = self._place.sites

        def look() -> bool:
            without = unplanned(self._place)
            return mr.conflicts or all(
                sites[it].statuses(mr.head) or (mr.iid, it, mr.head) in without for it in concerned
            )

        await at_last(self._place, look, "a plan to read")

    async def _merge(self, mr: MergeRequest) -> None:
        """Where GitLab lets them: two that change the same line are in conflict."""
        async with self._busy:
            await self._place.world.gitlab.settle(mr)
            try:
                await self._place.world.gitlab.merge(mr, self._place.one.max)
            except Refused:
                return
            self._done.merged.append(mr)

    async def _order(self, mr: MergeRequest, text: str) -> None:
        note = await self._place.world.gitlab.comment(mr, self._place.one.max, text)
        assert note is not None
        self._done.ordered.append((mr, note))


def _files(concerned: frozenset[str], release: str, color: str) -> Mapping[str, str]:
    content = values(color=color)
    return {f"{TARGETS[target]}values/{release}.yaml": content for target in sorted(concerned)}
