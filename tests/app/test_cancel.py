"""`/helm cancel` of a deploy that has not begun: it is held, and its note says so."""

from typing import Any, cast

import pytest

from bot.adapters.memory import MemoryQueue
from bot.app.commands.cancel import Cancel
from bot.app.commands.request import Answer, Request
from bot.app.deploy.reverting import Reverting
from bot.app.deploy.telling import Telling
from bot.app.ports import Deployment
from bot.core.command import Command
from bot.core.model import Target
from bot.core.notes.marks import deploy_marker
from bot.core.redact.masking import Masker
from bot.core.work import PlanWork
from tests.app.deploying import Deploying, Died
from tests.app.sweeping import PROJECT, note

TARGET = Target("production", PROJECT)


async def cancelled(story: Deploying, queue: MemoryQueue | None = None) -> Answer:
    """Said by ada, in another life of the bot where it died."""
    forge, runs, nobody = cast(Any, story.forge), cast(Any, story.runs), cast(Any, None)
    telling = Telling(forge, story.store, lambda: Masker(b"key"), Reverting(nobody, story.store))
    command = Cancel(queue or MemoryQueue(), forge, story.store, runs, telling)
    request = Request(Command("cancel"), story.forge.mr, note(5, "/helm cancel"), [TARGET], 40, {})
    while True:
        try:
            return await command(request)
        except Died:
            continue


async def waiting(due: int | None = None) -> Deploying:
    """A deploy that is to begin."""
    story = Deploying(TARGET)
    await story.store.put_deployment(Deployment(PROJECT, 1, "production", "c" * 40, "waiting", "sha256:1"))
    story.fate.writes.clear()
    story.fate.due = due
    return story


@pytest.mark.parametrize("due", [None, *range(3)])
async def test_the_deploy_note_says_that_it_was_cancelled_whatever_write_it_dies_before(
    due: int | None,
) -> None:
    story = await waiting(due)
    answer = await cancelled(story)
    assert story.fate.due is None
    assert "the deployment will not begin" in answer.text
    assert answer.good
    found = await story.store.deployment(PROJECT, 1, "production")
    assert found is not None
    assert (found.state, found.reason) == ("held", "ada cancelled it before it began.")
    assert "ada cancelled it before it began." in story.forge.notes[deploy_marker("production")]
    assert sorted(it["kind"] for it in await story.store.trail(PROJECT)) == ["cancel"]


async def test_a_deploy_that_begins_while_it_is_being_cancelled_is_stopped_and_followed() -> None:
    """Its own work keeps `running` between our look and our write."""
    story = await waiting()
    begun = Deployment(PROJECT, 1, "production", "c" * 40, "running", "sha256:1", 7, steps=("now",))
    stopped: list[int] = []

    class Store(type(story.store)):  # type: ignore[misc]
        async def deployment(self, project: str, iid: int, target: str) -> Deployment | None:
            found: Deployment | None = await super().deployment(project, iid, target)
            await self.put_deployment(begun)
            return found

    class Forge(type(story.forge)):  # type: ignore[misc]
        async def cancel_pipeline(self, project: str, pipeline_id: int) -> None:
            stopped.append(pipeline_id)

    story.store.__class__ = Store
    story.forge.__class__ = Forge
    answer = await cancelled(story)
    assert "GitLab was asked to cancel its pipeline" in answer.text
    assert stopped == [7]
    assert await story.store.deployment(PROJECT, 1, "production") == begun


@pytest.mark.parametrize("due", [None, *range(3)])
async def test_commands_whose_plans_are_taken_back_get_a_cross_and_pushes_have_none_to_get(
    due: int | None,
) -> None:
    story, queue = Deploying(TARGET), MemoryQueue()
    for note_id in (3, 4, None):
        await queue.submit(PlanWork(PROJECT, 1, "production", "a" * 40, f"why-{note_id}", note_id))
    story.fate.due = due
    answer = await cancelled(story, queue)
    assert story.fate.due is None
    assert "3 queued plans will not be made" in answer.text
    assert story.forge.reactions == {(3, "x"), (4, "x")}
    assert queue.take() is None
    [entry] = await story.store.trail(PROJECT)
    assert (entry["kind"], entry["facts"]["by"], entry["facts"]["plans"]) == ("cancel", "ada", 3)
    assert (await cancelled(story, queue)).text == answer.text  # the same note, whose answer was lost
