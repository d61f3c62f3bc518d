"""Several targets in one project: a merge request concerns those whose files it changes."""

from dataclasses import replace

import pytest

from bot.core.notes.marks import plan_status
from bot.demo.gitlab import CommitStatus, MergeRequest
from tests.e2e.files import VALUES, project_files, values
from tests.e2e.site import Site, seal_of
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long

NOT_TOUCHED = "is not touched at"


async def two_targets(of: World, place: str) -> tuple[Site, Site]:
    """The project as `production` and as `quiet` see it."""
    quiet = {f"quiet/{path}": text for path, text in project_files(f"{place}-quiet").items()}
    site = await of.site(place, files=quiet)
    return site, replace(site, target="quiet")


def statuses(site: Site, mr: MergeRequest) -> list[CommitStatus]:
    pipelines = site.project.pipelines.values()
    mine = [it for one in pipelines for it in one.statuses if it.sha == mr.head and not it.retried]
    return [it for it in mine if it.name == plan_status(site.target)]


async def left_alone(site: Site, mr: MergeRequest) -> None:
    """Waits until the merge was looked at for a target that it does not touch."""

    def look() -> bool:
        prefix = f"deploy:{site.project.path}:{mr.iid}:{site.target}:"
        facts = site.bot.facts("gate.untouched")
        return any(str(it.get("work", "")).startswith(prefix) and it["merged"] for it in facts)

    await until(look, "the merge to be looked at", 90)


async def test_what_touches_nothing_of_a_target_gets_one_line_and_owes_nothing(several: World) -> None:
    site, quiet = await two_targets(several, "several-0")
    mr = await site.change(files={"README.md": "Words.\n", "values/notes.md": "More.\n"})
    line = await site.noted(mr, NOT_TOUCHED)
    assert "no changed file is one of `/releases.yaml`, `/values/`, `/charts/`, `!*.md`" in line
    assert "The merge deploys nothing to it." in line
    assert "Gate" not in line
    await until(lambda: statuses(site, mr), "the status")
    assert [it.status for it in statuses(site, mr)] == ["success"]
    await site.gitlab.merge(mr, site.max)
    await left_alone(site, mr)
    await left_alone(quiet, mr)
    assert (quiet.plan_notes(mr), statuses(quiet, mr)) == ([], [])
    assert (site.plans_made(), site.deploy_notes(mr), quiet.deploy_notes(mr)) == (0, [], [])
    assert site.apply_pipelines() == []


async def test_a_later_push_that_touches_a_target_plans_it_and_one_that_takes_that_back_says_so(
    several: World,
) -> None:
    site, quiet = await two_targets(several, "several-1")
    mr = await site.change(files={"README.md": "Words.\n"})
    await site.noted(mr, NOT_TOUCHED)
    await site.push("change", {VALUES: values(color="red")})
    assert "It has 0 of 1 approvals" in await site.noted(mr, "+  color: red")
    await site.push("change", {VALUES: values()})
    await site.noted(mr, f"{NOT_TOUCHED} `{mr.head[:12]}`")
    assert len(site.plan_notes(mr)) == 1
    assert quiet.plan_notes(mr) == []
    await site.gitlab.merge(mr, site.max)
    await left_alone(site, mr)
    assert site.deploy_notes(mr) == []


async def test_each_target_has_the_plan_of_its_own_files(several: World) -> None:
    site, quiet = await two_targets(several, "several-2")
    mr = await site.change(files={f"quiet/{VALUES}": values(color="green")})
    plan = await quiet.noted(mr, "+  color: green")
    assert "Plan for `quiet`" in plan
    await site.noted(mr, NOT_TOUCHED)
    await site.gitlab.merge(mr, site.max)
    await left_alone(site, mr)
    await quiet.deployed(mr)
    names = [job.name for pipeline in site.apply_pipelines() for job in site.jobs(pipeline)]
    assert names == [f"purser-apply quiet {seal_of(plan)}"]
    assert site.deploy_notes(mr) == []


async def test_a_target_that_is_not_touched_is_planned_for_who_asks_and_then_has_its_gate(
    several: World,
) -> None:
    site, _ = await two_targets(several, "several-3")
    mr = await site.change(files={"README.md": "Words.\n"})
    await site.noted(mr, NOT_TOUCHED)
    _, reply = await site.command(mr, site.ada, "/helm plan --target prodution")
    assert "there is `production`, `quiet`. Did you mean `production`?" in reply
    await site.command(mr, site.ada, "/helm plan --target production")
    assert "It has 0 of 1 approvals" in await site.noted(mr, "1 to install")
    await site.gitlab.merge(mr, site.max)
    assert "⏸️ Held" in await site.deployed(mr)


async def test_a_list_of_files_that_gitlab_cut_is_not_taken_for_all_of_them(several: World) -> None:
    site, quiet = await two_targets(several, "several-4")
    most, site.gitlab.world.diff_max_files = site.gitlab.world.diff_max_files, 1
    try:
        mr = await site.change(files={"README.md": "Words.\n", "another.md": "Words.\n"})
        assert "1 to install" in await site.planned(mr)
        assert "1 to install" in await quiet.noted(mr, "Plan for `quiet`")
    finally:
        site.gitlab.world.diff_max_files = most


async def test_a_fork_that_touches_nothing_is_not_refused(several: World) -> None:
    site, _ = await two_targets(several, "several-5")
    fork = await site.gitlab.fork(site.project, site.ada, "ada/several-5")
    await site.gitlab.push(fork, "change", {"README.md": "Words.\n"}, site.ada)
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, source=fork)
    assert "fork" not in await site.noted(mr, NOT_TOUCHED)
    await site.gitlab.merge(mr, site.max)
    await left_alone(site, mr)
    assert site.deploy_notes(mr) == []
