"""One run: bad weather over five merge requests; then calm, the truth, and a last change that has it all."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.chaos.kept import rows
from tests.chaos.patience import at_last
from tests.chaos.people import Done, People
from tests.chaos.place import TARGETS, Place, place
from tests.chaos.ready_bot import Nursery, nursery
from tests.chaos.truth import unlike, unrest, untrue
from tests.chaos.weather import Weather
from tests.e2e.files import values
from tests.e2e.world import World, world

TRIES = 6
CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Outcome:
    """`wrong` are sentences; none: all is as it must be. `counts` say what happened."""

    seed: int
    wrong: tuple[str, ...]
    counts: Counter[str]
    seconds: float


@dataclass(frozen=True, slots=True)
class Stage:
    """GitLab and the cluster for many runs, one after the other, and where their bots come from."""

    world: World
    bots: Nursery


@asynccontextmanager
async def stage(folder: Path) -> AsyncIterator[Stage]:
    """One that stands."""
    async with world(folder) as made, nursery() as bots:
        await made.bot.stop()
        yield Stage(made, bots)


async def run(base: Stage, seed: int, number: int) -> Outcome:
    """What came of one seed. `number` makes its place's name."""
    began = time.monotonic()
    async with place(base.world, seed, number, base.bots) as here:
        done, weather = Done(), Weather(here.world, here.door, seed)
        wrong: list[str] = []
        try:
            await _storm(here, done, weather)
            await _quiet(here, done)
            wrong = await untrue(here, done)
            wrong += await _close(here, done)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is told with the seed
            wrong.append(f"{type(error).__name__}: {error}; {'; '.join(unrest(here, done))}")
        finally:
            weather.calm()
        if wrong:
            said = "\n".join(here.world.bot.lines)
            (here.world.folder / "bot.log").write_text(said, encoding="utf-8")
        counts = weather.counts + _happened(here, done)
    return Outcome(seed, tuple(wrong), counts, time.monotonic() - began)


async def _storm(here: Place, done: Done, weather: Weather) -> None:
    """Until everybody is done; deaths end with the people's work, in good order."""
    working = asyncio.create_task(People(here, done).work())
    try:
        await weather.deaths(working.done)
        await working
    finally:
        working.cancel()
        weather.calm()


async def _quiet(here: Place, done: Done) -> None:
    """Unlocks both targets, so that nothing is held for good, and waits until nothing is under way."""
    if not done.opened:
        return
    mr = next(iter(done.opened.values()))[0]
    note = await here.world.gitlab.comment(mr, here.one.max, "/helm unlock")
    assert note is not None
    done.ordered.append((mr, note))
    await at_last(here, lambda: not unrest(here, done), "quiet")


async def _close(here: Place, done: Done) -> list[str]:
    """A last merge request changes both targets; deployed, by force of will, it leaves cluster = Git."""
    site = here.one
    files = {f"{folder}values/last.yaml": values(color="blue") for folder in TARGETS.values()}
    mr = await site.change(CLOSING, files)
    sites = [here.sites[target] for target in TARGETS]
    await at_last(here, lambda: all(it.statuses(mr.head) for it in sites), "the last plans")
    await here.world.gitlab.settle(mr)
    await here.world.gitlab.merge(mr, site.max)
    done.opened[mr.iid] = (mr, frozenset(TARGETS))
    done.merged.append(mr)
    await at_last(here, lambda: not unrest(here, done), "the last deploys to end")
    for _ in range(TRIES):
        if all(_good(here, mr.iid, target) for target in TARGETS):
            break
        note = await site.gitlab.comment(mr, site.max, "/helm deploy --recover")
        assert note is not None
        done.ordered.append((mr, note))
        await at_last(here, lambda: not unrest(here, done), "the deploys after a command to end")
    assert mr.merge_commit is not None
    wrong = [
        f"{target}: after {TRIES} /helm deploy --recover it says {_titles(here, target, mr.iid, done)}"
        for target in TARGETS
        if not _good(here, mr.iid, target)
    ]
    for target in TARGETS:
        wrong += await unlike(here, target, mr.merge_commit)
    return wrong + await untrue(here, done)


def _good(here: Place, iid: int, target: str) -> bool:
    query = f"SELECT state FROM deployments WHERE iid = {iid} AND target = '{target}'"
    return rows(here, query) == [("succeeded",)]


def _titles(here: Place, target: str, iid: int, done: Done) -> list[str]:
    return [it.body for it in here.sites[target].deploy_notes(done.opened[iid][0])]


def _happened(here: Place, done: Done) -> Counter[str]:
    ended = rows(here, "SELECT state, count(*) FROM deployments GROUP BY state")
    found = {f"deploys {state}": number for state, number in ended}
    cuts = {"cluster faults": here.door.harmed}
    swept = {"found by the sweep": len(here.world.bot.facts("sweep.found"))}
    made = {"merge requests": len(done.opened), "merges": len(done.merged), "commands": len(done.ordered)}
    return Counter({**found, **cuts, **swept, **made})
