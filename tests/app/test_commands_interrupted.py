"""The bot dies between any two writes of a command: said again by the queue, it does the rest, once."""

from collections.abc import Awaitable, Callable
from typing import Any, cast

import pytest

from bot.adapters.memory import MemoryQueue
from bot.app.commands.deploy import DeployAgain
from bot.app.commands.lock import LockTarget
from bot.app.commands.request import Answer, Request
from bot.app.commands.unlock import UnlockTarget
from bot.app.plan.keeping import to_keep
from bot.app.ports import Consent, Deployment, StoredPlan
from bot.core.command import Command
from bot.core.gate.decision import Lock
from bot.core.model import Target
from bot.core.work import DeployWork, GateWork, Work
from tests.app.deploying import NOW, SEALED, Deploying, Died
from tests.app.sweeping import ADA, HEAD, PROJECT, note

TARGET = Target("production", PROJECT)
NOBODY = cast(Any, None)


class Queue(MemoryQueue):
    """One whose taking of work is a write like others."""

    def __init__(self, story: Deploying) -> None:
        super().__init__()
        self._fate = story.fate

    async def submit(self, work: Work) -> bool:
        self._fate.write("work")
        return await super().submit(work)

    def all_work(self) -> list[Work]:
        found = []
        while (it := self.take()) is not None:
            found.append(it)
        return found


def said(story: Deploying, text: str, number: int = 5) -> Request:
    return Request(Command(text), story.forge.mr, note(number, f"/helm {text}"), [TARGET], 40, {})


async def answered(command: Callable[[Request], Awaitable[Answer]], request: Request) -> Answer:
    while True:
        try:
            return await command(request)
        except Died:
            continue


async def begun(due: int | None) -> tuple[Deploying, Queue]:
    story = Deploying(TARGET)
    plan: StoredPlan = to_keep(SEALED, story.forge.mr, TARGET, HEAD, NOW)
    await story.store.add_plan(plan)
    story.fate.due = due
    return story, Queue(story)


@pytest.mark.parametrize("due", [None, 0, 1, 2])
async def test_a_lock_that_died_half_way_is_one_lock_with_its_entry_and_the_gates_told(
    due: int | None,
) -> None:
    story, queue = await begun(due)
    answer = await answered(LockTarget(queue, story.store, lambda: NOW), said(story, "lock"))
    assert answer.good
    assert story.fate.due is None
    assert await story.store.lock(PROJECT, "production") is not None
    assert await story.told() == ["lock"]
    assert [type(it) for it in queue.all_work()] == [GateWork]


async def test_a_lock_of_somebody_else_and_a_second_one_of_his_own_are_said_to_be_there() -> None:
    story, queue = await begun(None)
    command = LockTarget(queue, story.store, lambda: NOW)
    await command(said(story, "lock"))
    again = await command(said(story, "lock", 6))
    assert not again.good
    assert "is locked already, by ada" in again.text


@pytest.mark.parametrize("due", [None, 0, 1, 2])
async def test_an_unlock_that_died_half_way_is_done_with_its_entry_and_the_gates_told(
    due: int | None,
) -> None:
    story, queue = await begun(None)
    await story.store.put_lock(PROJECT, "production", Lock("max", "", NOW))
    story.fate.writes.clear()
    story.fate.due = due
    answer = await answered(UnlockTarget(queue, story.store), said(story, "unlock"))
    assert (answer.good, story.fate.due) == (True, None)
    assert await story.store.lock(PROJECT, "production") is None
    assert await story.told() == ["unlock"]
    assert [type(it) for it in queue.all_work()] == [GateWork]


@pytest.mark.parametrize("locked", [True, False], ids=["locked", "open"])
async def test_a_lock_that_is_heard_of_after_a_later_unlock_does_not_lock(locked: bool) -> None:
    story, queue = await begun(None)
    if locked:
        await story.store.put_lock(PROJECT, "production", Lock("max", "", NOW))
    await UnlockTarget(queue, story.store)(said(story, "unlock", 6))
    late = await LockTarget(queue, story.store, lambda: NOW)(said(story, "lock", 5))
    assert not late.good
    assert "ada said `/helm unlock` after this" in late.text
    assert await story.store.lock(PROJECT, "production") is None
    assert (await LockTarget(queue, story.store, lambda: NOW)(said(story, "lock", 7))).good


async def test_an_unlock_that_is_heard_of_after_a_later_lock_does_not_unlock() -> None:
    story, queue = await begun(None)
    await LockTarget(queue, story.store, lambda: NOW)(said(story, "lock", 6))
    late = await UnlockTarget(queue, story.store)(said(story, "unlock", 5))
    assert not late.good
    assert "stays locked: ada said `/helm lock` after this" in late.text
    assert await story.store.lock(PROJECT, "production") is not None
    assert (await UnlockTarget(queue, story.store)(said(story, "unlock", 7))).good


async def test_a_lock_in_vain_counts_against_an_unlock_before_it_that_is_heard_of_later() -> None:
    story, queue = await begun(None)
    await story.store.put_lock(PROJECT, "production", Lock("max", "", NOW))
    assert not (await LockTarget(queue, story.store, lambda: NOW)(said(story, "lock", 7))).good
    late = await UnlockTarget(queue, story.store)(said(story, "unlock", 6))
    assert "stays locked: ada said `/helm lock` after this" in late.text
    assert await story.store.lock(PROJECT, "production") is not None
    assert (await UnlockTarget(queue, story.store)(said(story, "unlock", 8))).good


async def test_a_deploy_that_died_before_its_work_was_queued_queues_it_and_no_other_note_does() -> None:
    story, queue = await begun(None)
    seal = SEALED.seal or ""
    await story.store.add_consent(Consent(PROJECT, 1, "production", ADA, "ada", seal, 5))
    await story.store.put_deployment(Deployment(PROJECT, 1, "production", "c" * 40, "waiting", seal))
    forge = cast(Any, story.forge)
    command = DeployAgain(queue, forge, NOBODY, NOBODY, NOBODY, story.store, NOBODY, lambda: NOW)
    other = await command(said(story, "deploy", 6))
    assert not other.good
    assert "it is under way" in other.text
    assert queue.all_work() == []
    answer = await command(said(story, "deploy"))
    assert answer.good
    assert f"deploying `{seal}`" in answer.text
    assert queue.all_work() == [DeployWork(PROJECT, 1, "production", once="note-5")]
