"""What makes a plan, what makes it anew, and what does not."""

import asyncio

import pytest

from bot.demo.gitlab import Delivery, twice
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import Site, seal_of
from tests.e2e.waiting import until


async def test_a_push_edits_the_same_note_with_the_new_plan(site: Site) -> None:
    mr = await site.change()
    first = await site.planned(mr)
    [before] = site.plan_notes(mr)
    await site.push("change", {VALUES: values(color="red")})
    second = await site.planned(mr)
    assert [note.id for note in site.plan_notes(mr)] == [before.id]
    assert "+  color: red" in second
    assert "green" not in second
    assert seal_of(first) != seal_of(second)


async def test_a_push_that_changes_nothing_says_that_the_plan_is_the_same(site: Site) -> None:
    mr = await site.change()
    first, old_head = await site.planned(mr), mr.head
    await site.push("change", {"README.md": "Words.\n"})
    second = await site.planned(mr)
    assert f"The same plan as for `{old_head[:12]}`" in second
    assert seal_of(first) == seal_of(second)


@pytest.mark.parametrize("edit", ["labels", "title", "description", "assignees", "reviewers"])
async def test_an_edit_of_what_no_plan_depends_on_does_nothing(site: Site, edit: str) -> None:
    mr = await site.change()
    await site.planned(mr)
    [before] = [(note.id, note.updated_at) for note in site.plan_notes(mr)]
    people = {"assignees": [site.max], "reviewers": [site.max], "labels": ["urgent"]}
    await site.gitlab.edit(mr, site.ada, **{edit: people.get(edit, "Another text")})
    await site.settled(mr)
    assert [(note.id, note.updated_at) for note in site.plan_notes(mr)] == [before]
    assert site.plans_made() == 1


async def test_a_draft_is_planned_and_says_so_and_again_when_it_is_ready(site: Site) -> None:
    mr = await site.change(title="Draft: green")
    await site.planned(mr, plan="This merge request is a draft")
    await site.gitlab.edit(mr, site.ada, title="Green")
    await until(lambda: "draft" not in site.plan_notes(mr)[0].body, "the plan of the ready merge request")
    assert len(site.plan_notes(mr)) == 1


async def test_a_new_target_branch_is_planned_when_it_is_one_that_deploys(site: Site) -> None:
    await site.gitlab.push(site.project, "side", {"notes.txt": "x"}, site.max)
    mr = await site.change(target="side")
    await site.settled(mr)
    assert site.plan_notes(mr) == []
    await site.gitlab.edit(mr, site.ada, target_branch="main")
    assert "1 to install" in await site.planned(mr)


async def test_a_closed_one_is_left_alone_until_it_is_reopened(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.close(mr, site.ada)
    await site.push("change", {VALUES: values(color="red")})
    await site.settled(mr)
    assert "color: red" not in site.plan_notes(mr)[0].body
    await site.gitlab.reopen(mr, site.ada)
    assert "+  color: red" in await site.planned(mr)


async def test_a_delivery_that_comes_twice_is_done_once(site: Site) -> None:
    site.gitlab.hooks.policy = twice
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.hooks.idle()
    opened = _opened(site)
    await site.gitlab.hooks.resend(opened)
    await site.settled(mr)
    assert [attempt.status for attempt in opened.attempts] == [202, 202, 202]
    assert site.plans_made() == 1
    assert len(site.plan_notes(mr)) == 1


def _opened(site: Site) -> Delivery:
    return next(
        it
        for it in site.gitlab.deliveries
        if it.kind == "merge_request" and it.payload["project"]["path_with_namespace"] == site.project.path
    )


async def test_two_hooks_at_the_same_time_end_in_one_note_with_the_newest_plan(site: Site) -> None:
    site.gitlab.hooks.hold()
    mr = await site.change()
    await site.push("change", {VALUES: values(color="red")})
    site.gitlab.hooks.release()
    assert "+  color: red" in await site.planned(mr)
    await site.settled(mr)
    assert len(site.plan_notes(mr)) == 1


async def test_hooks_in_the_wrong_order_end_in_the_newest_plan(site: Site) -> None:
    site.gitlab.hooks.hold()
    mr = await site.change()
    await site.push("change", {VALUES: values(color="red")})
    site.gitlab.hooks.release(reversed)
    assert "+  color: red" in await site.planned(mr)
    await site.settled(mr)
    assert "+  color: red" in site.plan_notes(mr)[0].body


async def test_merge_requests_of_one_target_have_a_note_each(site: Site) -> None:
    colors = ("red", "white", "black")
    opened = [await site.change(color, {VALUES: values(color=color)}) for color in colors]
    bodies = await asyncio.gather(*(site.planned(mr) for mr in opened))
    assert [f"+  color: {color}" in body for color, body in zip(colors, bodies, strict=True)] == [True] * 3
    assert [len(site.plan_notes(mr)) for mr in opened] == [1, 1, 1]


async def test_the_plan_is_made_of_the_tree_after_the_merge(site: Site) -> None:
    """What the target branch got meanwhile is part of the result."""
    await site.push("change", {VALUES: values(color="green")})
    files = {RELEASES: releases(site.namespace, "web", "extra"), "values/extra.yaml": values()}
    await site.push("main", files, by=site.max)
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada)
    note = await site.planned(mr)
    assert "2 to install" in note
    assert "<b>extra</b>" in note


async def test_a_lagging_merge_ref_is_waited_for(site: Site) -> None:
    site.gitlab.world.merge_ref_lag = 2
    mr = await site.change()
    assert "1 to install" in await site.planned(mr)


async def test_a_conflict_is_said_and_planned_once_it_is_resolved(site: Site) -> None:
    await site.push("change", {VALUES: values(color="green")})
    await site.push("main", {VALUES: values(color="red")}, by=site.max)
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada)
    note = await site.noted(mr, "has conflicts")
    assert "Resolve that and push." in note
    asked, _ = await site.command(mr, site.ada, "/helm plan")
    assert [award.name for award in asked.awards] == ["eyes", "x"]
    await site.gitlab.push(
        site.project, "change", {VALUES: values(color="green")}, site.ada, start="main", force=True
    )
    assert "+  color: green" in await site.planned(mr)
    assert len(site.plan_notes(mr)) == 1


async def test_a_fork_is_not_rendered_and_its_people_are_told_why(site: Site) -> None:
    fork = await site.gitlab.fork(site.project, site.ada, f"ada/{site.namespace}")
    await site.gitlab.push(fork, "change", {VALUES: values(color="green")}, site.ada)
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, source=fork)
    note = await site.noted(mr, "comes from a fork")
    assert "A maintainer who has read its last commit may have that one planned" in note
    assert "push the branch to this project." in note
    assert "green" not in note
    assert site.plans_made() == 0


async def test_a_plan_that_changes_nothing_deploys_nothing(site: Site) -> None:
    gone = releases(site.namespace).replace("- name: web\n", "- name: web\n  installed: false\n")
    mr = await site.change(files={RELEASES: gone})
    assert "no changes" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "✅ Nothing to deploy to `production`" in await site.deployed(mr)
    assert site.apply_pipelines() == []
