"""Hooks that never come: a sweep brings what they would have brought, and nothing twice."""

import asyncio
import random
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import aiohttp
import pytest
import yaml

from bot.adapters.clock import utc_now
from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.core.notes.marks import reply_marker
from bot.demo.gitlab import Delivery, MergeRequest, Note
from tests.e2e.retrying import failed, retry
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

SITES = 6


@asynccontextmanager
async def sweeping_world(folder: Path, every: int, places: int) -> AsyncIterator[World]:
    """A world whose bot sweeps."""
    async with world(folder, places=places) as made:
        await made.bot.stop()
        config = yaml.safe_load(made.bot.config.read_text(encoding="utf-8"))
        config["sweep"] = {"every": every}
        made.bot.config.write_text(yaml.safe_dump(config), encoding="utf-8")
        await made.start_bot()
        yield made


@dataclass
class Lossy:
    """Loses one of each three deliveries of each kind; the seed says which."""

    seed: int = 20261123
    lost: list[Delivery] = field(default_factory=list)
    _seen: Counter[str] = field(default_factory=Counter)
    _which: defaultdict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, delivery: Delivery) -> Sequence[float]:
        kind = kind_of(delivery)
        number, place = divmod(self._seen[kind], 3)
        self._seen[kind] += 1
        if number == len(self._which[kind]):
            self._which[kind].append(random.Random(f"{self.seed} {kind} {number}").randrange(3))
        if self._which[kind][number] != place:
            return (0.0,)
        self.lost.append(delivery)
        return ()


def kind_of(delivery: Delivery) -> str:
    """The delivery's kind, with the action of a merge request."""
    attributes = delivery.payload.get("object_attributes", {})
    action = attributes.get("action", "") if delivery.kind == "merge_request" else ""
    return f"{delivery.kind} {'push' if 'oldrev' in attributes else action}".strip()


@dataclass
class Told:
    """What one site's people did, to be held against what the bot said."""

    site: Site
    deployed: MergeRequest
    open: MergeRequest
    commands: list[tuple[MergeRequest, Note]] = field(default_factory=list)

    async def say(self, mr: MergeRequest, text: str) -> str:
        note, reply = await self.site.command(mr, self.site.ada, text)
        self.commands.append((mr, note))
        return reply


async def story(site: Site, number: int) -> Told:
    """Two merge requests: one is planned, pushed to, talked about; the other one is merged."""
    told = Told(site, await site.change("one"), await site.change("two", {"README.md": "Words.\n"}))
    await site.planned(told.deployed)
    await site.planned(told.open)
    await site.push("two", {"README.md": "More words.\n"})
    await site.planned(told.open)
    assert "production" in await told.say(told.open, "/helm status")
    assert "/helm plan" in await told.say(told.deployed, "/helm help")
    await site.gitlab.merge(told.deployed, site.max)
    assert "✅ Deployed" in await site.deployed(told.deployed)
    if number % 2:
        await site.gitlab.close(told.open, site.ada)
        await told.say(told.open, "/helm help")
    return told


def check(told: Told) -> None:
    """Every note once, every command answered once, every deploy once."""
    site = told.site
    for mr in (told.deployed, told.open):
        assert len(site.plan_notes(mr)) == 1
        assert [it.status for it in site.statuses(mr.head)] == ["success"]
    assert (len(site.deploy_notes(told.deployed)), len(site.deploy_notes(told.open))) == (1, 0)
    assert len(site.apply_pipelines()) == 1
    for mr, note in told.commands:
        answers = [it for it in mr.notes if it.body.startswith(reply_marker(note.id))]
        assert len(answers) == 1
        assert [it.name for it in note.awards] == ["eyes", "white_check_mark"]


async def metrics(url: str) -> str:
    """What Prometheus would read."""
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        return await answer.text()


async def test_a_third_of_the_hooks_is_lost_and_nothing_is_missing_or_doubled(tmp_path: Path) -> None:
    async with sweeping_world(tmp_path, every=1, places=SITES) as made:
        lossy = made.gitlab.hooks.policy = Lossy()
        at_once = asyncio.Semaphore(2)

        async def one(number: int) -> Told:
            async with at_once:
                return await story(await made.site(), number)

        told = await asyncio.gather(*(one(number) for number in range(SITES)))
        kinds = {kind_of(it) for it in lossy.lost}
        assert kinds >= {"merge_request open", "merge_request push", "merge_request merge", "note", "push"}
        assert kinds >= {"pipeline", "job"}
        found = {it["kind"] for it in made.bot.facts("sweep.found")}
        assert found >= {"opened", "pushed", "command", "merged"}
        # What was lost comes after all, long after the sweep found it.
        made.gitlab.hooks.policy = lambda delivery: (0.0,)
        for late in lossy.lost:
            assert await made.gitlab.hooks.resend(late) == 202
        for each in told:
            await each.site.settled(each.open)
        commands = sum(len(each.commands) for each in told)
        assert len(made.bot.facts("command.answered")) == commands + SITES
        for each in told:
            check(each)
        assert made.bot.facts("work.failed") == made.bot.facts("sweep.failed") == []


async def test_a_bot_that_was_down_finds_at_its_start_what_happened_meanwhile(tmp_path: Path) -> None:
    async with sweeping_world(tmp_path, every=3600, places=1) as made:
        site = await made.site()
        merged, pushed = await site.change("one"), await site.change("two", {"README.md": "Words.\n"})
        for mr in (merged, pushed):
            await site.planned(mr)
        assert made.bot.facts("sweep.found") == []
        await made.bot.stop()
        opened = await site.change("three", {"docs.md": "Words.\n"})
        await site.push("two", {"README.md": "More words.\n"})
        note = await site.gitlab.comment(pushed, site.ada, "/helm status")
        assert note is not None
        await site.gitlab.merge(merged, site.max)
        await made.start_bot()
        for mr in (opened, pushed):
            await site.planned(mr)
        await site.replied(pushed, note)
        assert "✅ Deployed" in await site.deployed(merged)
        await until(lambda: len(made.bot.facts("sweep.found")) == 4, "four finds")
        found = sorted(str(it["kind"]) for it in made.bot.facts("sweep.found"))
        assert found == ["command", "merged", "opened", "pushed"]
        assert [len(site.plan_notes(mr)) for mr in (opened, pushed, merged)] == [1, 1, 1]
        assert len(site.apply_pipelines()) == 1
        counted = await metrics(made.bot.facts("service.started")[-1]["metrics"])
        assert 'purser_sweep_found_total{kind="merged"} 1.0' in counted


async def endings(made: World, site: Site, mr: MergeRequest) -> list[str]:
    """What the trail says of the ends of a merge request's deployments, oldest first."""
    engine = await open_database(f"sqlite:///{made.bot.config.parent}/data/purser.db")
    try:
        entries = await SqlStore(engine, utc_now).trail(site.project.path, mr.iid)
    finally:
        await engine.dispose()
    told = [it for it in entries if it["kind"] in ("verified", "deploy.ended")]
    return [f"{it['kind']} {it['facts'].get('state', '')}".strip() for it in told]


async def test_a_job_that_was_tried_again_while_the_bot_was_down_is_found_at_its_start(
    tmp_path: Path,
) -> None:
    """Each of its hooks is lost for good."""
    async with sweeping_world(tmp_path, every=3600, places=1) as made:
        site = await made.site()
        mr = await failed(site)
        await made.bot.stop()
        made.gitlab.hooks.policy = lambda delivery: ()
        pipeline = await retry(site, made.kubeconfig.read_text(encoding="utf-8"))
        await made.gitlab.runner.idle()
        assert [job.status for job in site.jobs(pipeline)] == ["failed", "success"]
        await made.start_bot()
        await site.noted_deploy(mr, "✅ Deployed to `production` and verified")
        assert [it["kind"] for it in made.bot.facts("sweep.found")] == ["retried"]
        assert (len(site.deploy_notes(mr)), len(site.apply_pipelines())) == (1, 1)
        good = "succeeded"  # the note comes first, the trail after it
        await until(lambda: made.bot.facts("deploy.ended")[-1]["state"] == good, "the end of the deployment")
        assert await endings(made, site, mr) == ["deploy.ended failed", "verified", "deploy.ended succeeded"]
