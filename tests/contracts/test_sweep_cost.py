"""What a sweep asks of a real API: the figures that docs/architecture.md names."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest

from bot.adapters.gitlab.merges import GitLabMerges
from bot.adapters.memory import MemoryQueue, MemoryStore
from bot.adapters.memory_sweep import MemorySweeps
from bot.app.sweep.projects import Sweep
from bot.core.gate.rules import GateRules
from bot.core.model import Target
from tests.contracts.gitlab_setting import PATH, Setting, setting

TARGET = Target("production", PATH)


@dataclass
class Swept:
    """A sweep of a GitLab over HTTP; `finds` are the kinds of what was news."""

    gitlab: Setting
    sweep: Sweep
    finds: list[str]

    async def costs(self) -> int:
        """Sweeps, and gives how many requests that took."""
        before = len(self.gitlab.sent("GET"))
        await self.sweep()
        assert self.gitlab.sent("POST") == []
        return len(self.gitlab.sent("GET")) - before


@pytest.fixture
async def swept() -> AsyncIterator[Swept]:
    async with setting() as gitlab:
        finds: list[str] = []
        target = replace(TARGET, gate=GateRules(approvals=1))
        sweep = Sweep(
            gitlab.forge,
            GitLabMerges(gitlab.client),
            MemoryStore(),
            MemorySweeps(),
            MemoryQueue(),
            lambda: datetime.now(UTC),
            [target],
            reach=timedelta(hours=72),
            found=finds.append,
        )
        yield Swept(gitlab, sweep, finds)


async def test_a_quiet_project_costs_one_request_a_sweep(swept: Swept) -> None:
    assert [await swept.costs() for _ in range(3)] == [1, 1, 1]
    await swept.gitlab.open()
    await swept.sweep()
    assert [await swept.costs() for _ in range(3)] == [1, 1, 1]
    assert swept.finds == ["opened"]


async def test_a_merge_request_that_moved_costs_one_more_and_a_merge_two(swept: Swept) -> None:
    await swept.costs()
    mr = await swept.gitlab.open()
    # Beside the list and its discussions: the project for its default branch, and who we are.
    assert await swept.costs() == 4
    await swept.gitlab.gitlab.comment(mr, swept.gitlab.ada, "/helm status")
    assert await swept.costs() == 2
    for number in range(3):
        await swept.gitlab.open(f"more-{number}")
    assert await swept.costs() == 4
    await swept.gitlab.gitlab.merge(mr, swept.gitlab.ada)
    assert await swept.costs() == 3
    assert swept.finds == ["opened", "command", "opened", "opened", "opened", "merged"]


async def test_what_nobody_calls_a_merge_has_no_moment(swept: Swept) -> None:
    merges = GitLabMerges(swept.gitlab.client)
    mr = await swept.gitlab.open()
    assert await merges.merged_at(PATH, mr.iid) is None
    assert await merges.merged_at(PATH, 999) is None
    await swept.gitlab.gitlab.merge(mr, swept.gitlab.ada)
    found = await merges.merged_at(PATH, mr.iid)
    assert mr.merged_at is not None
    assert found is not None
    assert abs(found - mr.merged_at) < timedelta(seconds=1)
