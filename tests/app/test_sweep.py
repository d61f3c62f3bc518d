"""What a sweep finds that no hook told, and what it leaves alone."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.core.errors import ForgeRefused, TransientError
from bot.core.notes.marks import reply_marker
from bot.core.work import CommandWork, DeployWork, PlanWork
from tests.app.sweeping import HEAD, ME, PROJECT, TARGET, Story, at, change, note

PUSHED = note(90, "added 1 commit", system=True)
STAGING = replace(TARGET, name="staging", branch="staging")


def planned(why: str = "opened", iid: int = 1, target: str = "production") -> PlanWork:
    return PlanWork(PROJECT, iid, target, HEAD, why)


async def begun(*targets: object) -> Story:
    """A story whose first sweep was at its beginning."""
    story = Story(*targets)  # type: ignore[arg-type]
    assert await story.swept(0) == []
    return story


async def test_what_was_opened_and_what_was_pushed_to_is_planned_under_the_key_of_the_hook() -> None:
    story = await begun()
    story.forge.put(change(1))
    story.forge.put(change(2), PUSHED)
    assert await story.swept(11) == ["opened", "pushed"]
    assert story.work() == [planned(), planned("pushed", 2)]
    assert not await story.queue.submit(planned())
    assert not await story.queue.submit(planned("pushed", 2))


async def test_what_a_hook_told_is_no_find() -> None:
    story = await begun()
    await story.queue.submit(planned())
    story.forge.put(change())
    assert await story.swept(11) == []
    assert story.work() == [planned()]


async def test_a_new_target_branch_is_planned_for_the_targets_of_now() -> None:
    story = await begun(TARGET, STAGING)
    story.forge.put(change())
    await story.swept(11)
    story.work()
    await story.plan()
    story.forge.put(change(minutes=20, target_branch="staging"))
    assert await story.swept(21) == ["opened"]
    assert story.work() == [planned(target="staging")]


async def test_a_plan_of_the_head_is_enough_and_one_of_another_head_is_not() -> None:
    story = await begun()
    await story.plan(1)
    await story.plan(2, head="f" * 40)
    story.forge.put(change(1))
    story.forge.put(change(2), PUSHED)
    assert await story.swept(11) == ["pushed"]
    assert story.work() == [planned("pushed", 2)]


async def test_a_head_whose_plan_somebody_took_back_is_let_be_and_the_next_one_is_not() -> None:
    story = await begun()
    facts = {"target": "production", "state": "queued", "head": HEAD, "by": "ada"}
    await story.store.record("cancel", PROJECT, 1, facts, once="one")
    story.forge.put(change())
    assert await story.swept(11) == []
    story.forge.put(change(minutes=20, head="f" * 40), PUSHED)
    assert await story.swept(21) == ["pushed"]
    assert [it.sha for it in story.work() if isinstance(it, PlanWork)] == ["f" * 40]


async def test_what_happened_before_the_first_start_is_let_be() -> None:
    story = Story()
    story.forge.put(change(1, minutes=-60), note(50, "/helm plan", minutes=-60))
    story.forge.put(change(2, minutes=-60, state="merged", merge_sha="c" * 40))
    story.forge.merges[2] = at(-60)
    assert await story.swept(0) == []
    # A comment brings both up again: now they are seen, but the old command and the old merge are not ours.
    story.forge.put(change(1, minutes=5), note(51, "Well?", minutes=5))
    story.forge.put(change(2, minutes=5, state="merged", merge_sha="c" * 40), note(52, "Thanks", minutes=5))
    assert await story.swept(6) == ["opened"]
    assert story.work() == [planned()]


async def test_merges_without_a_deployment_are_deployed_in_the_order_in_which_they_happened() -> None:
    story = await begun()
    for iid, merged, updated in ((1, 20, 40), (2, 10, 30), (3, 15, 20)):
        story.forge.put(change(iid, minutes=updated, state="merged", merge_sha="c" * 40))
        story.forge.merges[iid] = at(merged)
    await story.deploy("succeeded", 3)
    assert await story.swept(41) == ["merged", "merged"]
    assert story.work() == [DeployWork(PROJECT, 2, "production"), DeployWork(PROJECT, 1, "production")]
    assert story.forge.asked["merged at"] == 2


async def test_a_merge_is_let_be_when_it_is_older_than_the_reach_or_the_target() -> None:
    story = await begun()
    long_ago = timedelta(hours=72).total_seconds() / 60
    story.forge.put(change(1, minutes=10, state="merged", merge_sha="c" * 40))
    story.forge.merges[1] = at(10)
    assert await story.swept(long_ago + 11) == []
    story.targets = (TARGET, replace(TARGET, name="another"))
    story.restarted()
    for iid, minutes in ((2, long_ago + 15), (3, long_ago + 25)):
        story.forge.put(change(iid, minutes=minutes, state="merged", merge_sha="c" * 40))
        story.forge.merges[iid] = at(minutes)
    del story.forge.listed[1]
    assert await story.swept(long_ago + 20) == ["merged"] * 3
    assert story.work() == [
        DeployWork(PROJECT, 2, "production"),
        DeployWork(PROJECT, 3, "production"),
        DeployWork(PROJECT, 3, "another"),
    ]


async def test_commands_without_an_answer_are_done_once() -> None:
    story = await begun()
    story.forge.put(
        change(state="closed"),
        note(50, "/helm status"),
        note(51, f"{reply_marker(50)}\n\nHere.", author=ME, author_id=1),
        note(52, "/helm diff"),
        note(53, "/helm help", edited=True),
        note(54, "/helm help", internal=True),
        note(55, "/helm help", author=ME, author_id=1),
        note(56, "Nothing to do here."),
        note(57, "added 1 commit", system=True),
    )
    assert await story.swept(11) == ["command"]
    assert story.work() == [CommandWork(PROJECT, 1, 52, "d52")]
    story.forge.put(change(state="closed", minutes=12), note(58, "/helm help", minutes=12))
    assert await story.swept(13) == ["command"]
    assert not await story.queue.submit(CommandWork(PROJECT, 1, 58, "d58"))


async def test_internal_notes_and_descriptions_count_where_they_do_for_hooks() -> None:
    story = await begun(replace(TARGET, internal_notes=True, description=True))
    story.forge.put(change(), note(54, "/helm help", internal=True))
    assert await story.swept(11) == ["opened", "command", "command"]
    assert story.work()[1:] == [CommandWork(PROJECT, 1, 0, ""), CommandWork(PROJECT, 1, 54, "d54")]


async def test_plans_that_wait_for_a_closed_merge_request_are_withdrawn() -> None:
    story = await begun()
    await story.queue.submit(planned())
    story.forge.put(change(state="closed"))
    assert await story.swept(11) == ["closed"]
    assert story.work() == []


async def test_a_quiet_project_costs_one_request() -> None:
    story = await begun()
    story.forge.put(change(), note(50, "Words."))
    await story.swept(11)
    story.forge.asked.clear()
    for minutes in (16, 21, 26):
        assert await story.swept(minutes) == []
    assert story.forge.asked == {"list": 3}


async def test_a_new_process_goes_on_where_the_last_one_was() -> None:
    story = await begun()
    story.forge.put(change())
    await story.swept(11)
    story.work()
    await story.plan()
    story.restarted()
    story.forge.put(change(2, minutes=60))
    assert await story.swept(300) == ["opened"]
    assert story.forge.since[-1] == at(10) - timedelta(minutes=5)


@pytest.mark.parametrize(
    "down", [TransientError("GitLab sleeps"), ForgeRefused("no", status=404), LookupError("a bug")]
)
async def test_what_fails_is_looked_at_again_and_loses_nothing(down: Exception) -> None:
    story = await begun()
    story.forge.put(change())
    story.forge.down = down
    assert await story.swept(11) == []
    story.forge.down = None
    assert await story.swept(30) == ["opened"]


async def test_one_merge_request_that_fails_does_not_stand_in_the_way_of_the_others() -> None:
    story = await begun()
    story.forge.broken[1] = LookupError("a bug")
    for iid, minutes in ((1, 10), (2, 20)):
        story.forge.put(change(iid, minutes=minutes))
    assert await story.swept(21) == ["opened"]
    assert story.work() == [planned(iid=2)]
    del story.forge.broken[1]
    assert await story.swept(60) == ["opened"]
    assert story.work() == [planned(iid=1)]


async def test_a_merge_that_was_found_is_deployed_though_the_next_one_cannot_be_looked_at() -> None:
    story = await begun()
    story.forge.put(change(1, state="merged", merge_sha="c" * 40))
    story.forge.merges[1] = at(10)
    story.forge.put(change(2, minutes=11))
    story.forge.broken[2] = TransientError("GitLab sleeps")
    assert await story.swept(12) == ["merged"]
    del story.forge.broken[2]
    assert await story.swept(17) == ["opened"]
