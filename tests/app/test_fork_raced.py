"""A fork that is pushed to while the commit that a maintainer named is about to be planned."""

from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

import pytest

from bot.adapters.memory import MemoryStore
from bot.app.plan.merge_request import PlanMergeRequest
from bot.app.ports import MergeRequest
from bot.core.model import Target
from bot.core.work import Done, PlanWork
from tests.app.sweeping import HEAD, PROJECT, change

TARGET = Target("production", PROJECT)
MERGED, PUSHED = "d" * 40, "e" * 40


class CheckedOut(Exception):
    """It came as far as the checkout."""


class Repositories:
    def at(self, project: str, ref: str, sha: str) -> Any:
        raise CheckedOut


@dataclass
class Forge:
    """Says of the merge request that its head is HEAD, and has merged the commit `second` already."""

    second: str
    notes: list[str] = field(default_factory=list)
    reactions: list[str] = field(default_factory=list)

    async def merge_request(self, project: str, iid: int) -> MergeRequest:
        mr = change(1)
        return replace(mr, source_project_id=mr.project_id + 1)

    async def merge_ref(self, project: str, iid: int) -> str:
        return MERGED

    async def parents(self, project: str, sha: str) -> tuple[str, ...]:
        assert sha == MERGED
        return ("0" * 40, self.second)

    async def upsert_note(self, project: str, iid: int, marker: str, body: str) -> int:
        self.notes.append(body)
        return 1

    async def react(self, project: str, iid: int, note_id: int, name: str) -> None:
        self.reactions.append(name)


async def _plan(forge: Forge) -> Any:
    plan = PlanMergeRequest(
        cast(Any, forge),
        cast(Any, Repositories()),
        cast(Any, None),
        MemoryStore(lambda: datetime(2026, 5, 4, tzinfo=UTC)),
        lambda: datetime(2026, 5, 4, tzinfo=UTC),
        cast(Any, None),
    )
    return await plan(PlanWork(PROJECT, 1, "production", HEAD, "command", note_id=5, commit=HEAD), TARGET)


async def test_the_commit_that_was_named_is_checked_out() -> None:
    with pytest.raises(CheckedOut):
        await _plan(Forge(second=HEAD))


async def test_a_commit_that_nobody_named_is_not_even_checked_out() -> None:
    forge = Forge(second=PUSHED)
    assert await _plan(forge) == Done()
    assert "comes from a fork" in forge.notes[0]
    assert forge.reactions == ["x"]
