"""What a sweep finds that moves without a merge request being updated, and gates that are judged again."""

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.app.sweep.watch import MOST_FAILED
from bot.core.gate.rules import GateRules, Window
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.planned import EngineInfo, Plan
from bot.core.trail.chain import Happening
from bot.core.work import DeployWork, GateWork, PlanWork, key
from tests.app.sweeping import ADA, ASKING, HEAD, MAX, ME, PROJECT, TARGET, Story, at, change, note

APPROVED, UNAPPROVED = "approved this merge request", "unapproved this merge request"
PIPELINE = replace(TARGET, gate=GateRules(pipeline=True))
FREEZES = replace(TARGET, gate=GateRules(freeze=(Window("0 12 * * *", 60),)))


async def told(story: Story, once: str) -> None:
    """A hook told of it, and it is done."""
    work = GateWork(PROJECT, 1, "production", once)
    facts = {"event": "Merge Request Hook", "work": key(work)}
    await story.store.record_all([Happening("delivery", PROJECT, 1, facts, once=once)])


async def test_an_approval_that_no_hook_told_is_judged_once() -> None:
    story = Story(ASKING)
    await story.plan()
    await story.deploy("held")
    await story.swept(0)
    story.forge.put(change(), note(60, APPROVED, system=True, author_id=MAX))
    assert await story.swept(11) == ["approval"]
    assert story.work() == [GateWork(PROJECT, 1, "production", "swept-60")]
    story.forge.put(change(minutes=12), note(61, "Thanks", minutes=12))
    assert await story.swept(13) == []


async def test_approvals_that_hooks_told_are_no_finds_but_one_more_or_one_taken_back_is() -> None:
    story = Story(ASKING)
    await story.plan()
    await story.deploy("held")
    await story.swept(0)
    await told(story, f"approved-{MAX}-2026-05-04081000UTC")
    await told(story, f"approval-{ADA}-2026-05-04081000UTC")
    approvals = [note(60 + who, APPROVED, system=True, author_id=who) for who in (ADA, MAX)]
    story.forge.put(change(), *approvals)
    assert await story.swept(11) == []
    story.forge.put(change(minutes=12), note(70, UNAPPROVED, system=True, author_id=MAX))
    assert await story.swept(13) == ["approval"]
    assert story.work() == [GateWork(PROJECT, 1, "production", "swept-70")]


async def test_approvals_count_for_nothing_where_no_gate_asks_for_them() -> None:
    story = Story()
    await story.plan()
    await story.swept(0)
    story.forge.put(change(), note(60, APPROVED, system=True, author_id=MAX))
    assert await story.swept(11) == []


async def test_what_was_a_draft_is_planned_again_once_when_it_is_ready() -> None:
    story = Story()
    await story.plan()
    await story.swept(0)
    plan = Plan("production", HEAD, True, "sha256:1", EngineInfo("helm-sdk", "4.2.3"), "v1.36.3", ())
    body = plan_notes(plan, PlanContext(HEAD, draft=True)).parts[0]
    story.forge.put(change(draft=True), note(60, body, author=ME, author_id=1))
    assert await story.swept(11) == []
    story.forge.put(change(minutes=12))
    assert await story.swept(13) == ["ready"]
    assert story.work() == [PlanWork(PROJECT, 1, "production", HEAD, "ready", once="swept-1")]
    story.forge.put(change(minutes=14))
    assert await story.swept(15) == []


async def test_a_pipeline_that_a_gate_waits_for_is_followed_to_its_end() -> None:
    story = Story(PIPELINE)
    await story.swept(0)
    await story.plan()
    story.forge.put(change(head_pipeline_id=9))
    story.forge.statuses[9] = "running"
    assert await story.swept(11) == []
    story.forge.statuses[9] = "success"
    assert await story.swept(30) == ["pipeline"]
    assert story.work() == [GateWork(PROJECT, 1, "production", "swept-9-success")]
    story.forge.asked.clear()
    assert await story.swept(60) == []
    assert story.forge.asked == {"list": 1}


async def test_every_gate_is_judged_again_at_the_start_and_when_a_freeze_begins_and_ends() -> None:
    story = Story(FREEZES)
    for iid in (1, 2, 3):
        await story.plan(iid)
    await story.deploy("succeeded", 2)

    async def judged(minutes: float) -> list[int]:
        assert await story.swept(minutes) == []
        works = story.work()
        assert all(isinstance(it, GateWork) for it in works)
        return sorted(it.iid for it in works if isinstance(it, GateWork))

    assert await judged(0) == [1, 3]
    assert await judged(60) == []
    assert await judged(4 * 60 + 1) == [1, 3]
    assert await judged(4 * 60 + 30) == []
    assert await judged(5 * 60 + 1) == [1, 3]
    story.restarted()
    assert await judged(5 * 60 + 2) == [1, 3]


@pytest.mark.parametrize("state", ["running", "verifying"])
async def test_a_deployment_whose_work_was_given_up_goes_on_when_its_pipeline_ends(state: str) -> None:
    story = Story()
    await story.swept(0)
    work = DeployWork(PROJECT, 1, "production")
    await story.queue.submit(work)
    assert story.queue.take() == work
    story.queue.end(work, failed=True)
    await story.deploy(state)
    story.forge.statuses[7] = "running"
    assert await story.swept(5) == []
    story.forge.statuses[7] = "success"
    assert await story.swept(10) == ["run"]
    assert story.work() == [work]


async def test_a_deployment_that_somebody_follows_is_only_woken() -> None:
    story = Story()
    await story.swept(0)
    work = DeployWork(PROJECT, 1, "production")
    await story.queue.submit(work)
    assert story.queue.take() == work
    story.queue.wait(work)
    await story.deploy("running")
    story.forge.statuses[7] = "success"
    assert await story.swept(5) == []
    assert story.work() == [work]


async def test_a_deployment_that_nobody_follows_any_more_is_taken_up_after_a_while() -> None:
    """The work of the merge itself has ended well: it was held; then came a /helm deploy, and died."""
    story = Story()
    await story.swept(0)
    await story.queue.submit(DeployWork(PROJECT, 1, "production"))
    story.work()
    await story.deploy("running")
    story.forge.statuses[7] = "success"
    assert await story.swept(5) == []
    assert await story.swept(10) == []
    assert await story.swept(21) == ["run"]
    assert story.work() == [DeployWork(PROJECT, 1, "production", "swept-7")]
    await story.deploy("succeeded")
    assert await story.swept(26) == []
    assert story.forge.asked["pipeline"] == 3


async def test_the_pipelines_of_gates_are_followed_over_a_restart() -> None:
    story = Story(PIPELINE, reach=timedelta(hours=1))
    await story.plan()
    story.forge.put(change(head_pipeline_id=9, minutes=-300))
    story.forge.statuses[9] = "running"
    assert await story.swept(0) == []
    story.work()
    story.forge.statuses[9] = "failed"
    assert await story.swept(5) == ["pipeline"]
    assert story.work() == [GateWork(PROJECT, 1, "production", "swept-9-failed")]
    assert story.now == at(5)


async def failed(story: Story, *pipelines: int, name: str = "") -> None:
    """Deployments whose job with the pipeline's number times ten failed."""
    for number in pipelines:
        steps = ("10", f"{number}0", "2026-05-04T08:00:00+00:00")
        by_job = (f"job:{name}", "unchecked", *steps[1:])
        await story.deploy("failed", number, number, by_job if name else steps)
        story.forge.tries[number] = [(number * 10, name or "purser-apply")]


async def test_a_job_that_was_tried_again_and_no_hook_told_is_taken_up_once() -> None:
    story = Story()
    await failed(story, 7)
    assert await story.swept(1) == []
    story.forge.tries[7] = [(75, "purser-apply")]
    assert await story.swept(6) == ["retried"]
    assert story.work() == [DeployWork(PROJECT, 7, "production", "retried-7-75")]
    assert await story.swept(11) == []
    await story.deploy("succeeded", 7)
    story.forge.asked.clear()
    assert await story.swept(16) == []
    assert story.forge.asked == {"list": 1}


async def test_another_job_of_the_pipeline_is_no_other_try_of_a_project_s_own_job() -> None:
    story = Story()
    await failed(story, 7, name="sync")
    story.forge.tries[7] += [(76, "report")]
    assert await story.swept(1) == []
    story.forge.tries[7] += [(77, "sync")]
    assert await story.swept(6) == ["retried"]


async def test_failed_deployments_are_all_asked_about_at_the_start_and_then_one_by_one() -> None:
    story = Story(reach=timedelta(hours=1))
    await failed(story, *range(1, 31))
    assert await story.swept(1) == []
    assert story.forge.asked["jobs"] == MOST_FAILED
    story.forge.tries[30] = [(305, "purser-apply")]
    for sweep in range(2, 5):
        await story.swept(sweep)
        assert story.forge.asked["jobs"] == MOST_FAILED + sweep - 1
    story.restarted()
    await story.swept(10)
    assert {it.iid for it in story.work() if isinstance(it, DeployWork)} == {30}
    story.forge.asked.clear()
    await story.swept(90)
    assert story.forge.asked == {"list": 1}


async def test_a_failed_deployment_whose_pipeline_is_gone_stands_in_nobody_s_way() -> None:
    story = Story()
    await failed(story, 7, 8)
    del story.forge.tries[7]
    story.forge.tries[8] = [(85, "purser-apply")]
    assert await story.swept(1) == ["retried"]
