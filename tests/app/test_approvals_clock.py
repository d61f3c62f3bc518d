"""Which plan an approval saw, by GitLab's clock alone: ours is an hour wrong, or set between two plans."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from bot.adapters.gitlab.client import open_client
from bot.adapters.gitlab.forge import GitLabForge
from bot.adapters.memory import MemoryStore
from bot.app.gate import Gatekeeper
from bot.app.plan.merge_request import PlanMergeRequest
from bot.app.refresh import RefreshGate
from bot.core.gate.rules import GateRules
from bot.core.model import Target
from bot.core.work import Done, GateWork, PlanWork
from bot.demo.gitlab import GitLab, Level, MergeRequest, User
from tests.app.planning import World
from tests.contracts.gitlab_setting import MASKER, PATH, QUICK

TARGET = Target("production", PATH, gate=GateRules(approvals=1))
HOURS = [timedelta(), timedelta(hours=1), timedelta(hours=-1)]


@dataclass
class Clocks:
    """GitLab's, which goes on by a minute with each step, and ours, which is `wrong` by that much."""

    time: datetime = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
    wrong: timedelta = timedelta()

    def gitlab(self) -> datetime:
        return self.time

    def ours(self) -> datetime:
        return self.time + self.wrong

    def step(self) -> None:
        self.time += timedelta(minutes=1)


@dataclass
class Story:
    clocks: Clocks
    gitlab: GitLab
    forge: GitLabForge
    world: World
    mr: MergeRequest
    max: User
    store: MemoryStore = field(default_factory=MemoryStore)

    @asynccontextmanager
    async def at(self, project: str, ref: str, sha: str) -> AsyncIterator[Any]:
        yield self.world.checkout()

    def keeper(self) -> Gatekeeper:
        return Gatekeeper(self.forge, self.store, self.clocks.ours)

    async def plan(self, color: str) -> None:
        """Plans the same head; what the chart renders is of that color."""
        self.clocks.step()
        self.world.lay(web=color)
        plan = PlanMergeRequest(
            self.forge,
            cast(Any, self),
            self.world.planner(),
            self.store,
            self.clocks.ours,
            self.keeper(),
        )
        work = PlanWork(PATH, self.mr.iid, "production", self.mr.head, "command")
        assert await plan(work, TARGET) == Done()

    async def approve(self) -> None:
        self.clocks.step()
        await self.gitlab.approve(self.mr, self.max)

    async def bond(self) -> str:
        """Of the one approval, with the plan of now."""
        self.clocks.step()
        mr = await self.forge.merge_request(PATH, self.mr.iid)
        stored = await self.store.newest_plan(PATH, self.mr.iid, "production")
        assert mr is not None
        looked = await self.keeper().look(mr, TARGET, stored)
        [approval] = looked.facts.approvals
        return approval.bond


@pytest.fixture
async def story(tmp_path: Path) -> AsyncIterator[Story]:
    clocks = Clocks()
    async with GitLab(now=clocks.gitlab) as gitlab:
        ada, max_ = gitlab.add_user("ada"), gitlab.add_user("max")
        members = {ada: Level.DEVELOPER, max_: Level.MAINTAINER}
        project = await gitlab.add_project(PATH, {"releases.yaml": "version: 1\n"}, members)
        _, token = gitlab.project_bot(project)
        await gitlab.push(project, "change", {"more.yaml": "a: 1\n"}, ada)
        mr = await gitlab.open_merge_request(project, "change", ada)
        async with open_client(gitlab.url, lambda: token, mask=MASKER.text, patience=QUICK) as client:
            yield Story(clocks, gitlab, GitLabForge(client), World(tmp_path), mr, max_)


@pytest.mark.parametrize("wrong", HOURS, ids=str)
async def test_an_approval_is_of_the_plan_that_stood_there_however_wrong_our_clock_is(
    story: Story, wrong: timedelta
) -> None:
    story.clocks.wrong = wrong
    await story.plan("green")
    await story.approve()
    assert await story.bond() == "bound"


@pytest.mark.parametrize("wrong", HOURS, ids=str)
async def test_a_plan_that_came_after_the_approval_is_not_approved_however_our_clock_is_set(
    story: Story, wrong: timedelta
) -> None:
    await story.plan("green")
    await story.approve()
    story.clocks.wrong = wrong
    await story.plan("red")
    assert await story.bond() == "void"


@pytest.mark.parametrize("wrong", HOURS, ids=str)
async def test_an_approval_before_any_plan_is_of_none(story: Story, wrong: timedelta) -> None:
    await story.approve()
    story.clocks.wrong = wrong
    await story.plan("green")
    assert await story.bond() == "unplanned"


async def test_a_note_that_is_edited_for_the_gate_or_by_the_same_plan_moves_nothing(story: Story) -> None:
    await story.plan("green")
    await story.approve()
    story.clocks.step()
    refresh = RefreshGate(story.forge, story.store, story.keeper())
    await refresh(GateWork(PATH, story.mr.iid, "production", "approved-1"), TARGET)
    [note] = [it for it in await story.forge.own_notes(PATH, story.mr.iid) if "Approved by max" in it.body]
    assert note.updated_at == story.clocks.time
    await story.plan("green")
    assert await story.bond() == "bound"
