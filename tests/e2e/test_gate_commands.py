"""Locks, freezes, owners, pushes past the merge requests, forks, and the commands that look."""

import pytest

from bot.demo.gitlab import Level, MergeRequest
from bot.demo.gitlab.state import Issue
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site, seal_of
from tests.e2e.test_gate_stories import approve
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long


async def goes(site: Site, mr: MergeRequest) -> str:
    """Waits for a deployment that was held before."""

    def look() -> str | None:
        return next((it.body for it in site.deploy_notes(mr) if "✅ Deployed" in it.body), None)

    return await until(look, "the deployment", 90)


async def test_a_lock_is_shown_holds_merges_and_is_taken_away(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    _, refused = await site.command(mr, site.ada, "/helm lock")
    assert "needs the role maintainer" in refused
    _, locked = await site.command(mr, site.max, "/helm lock the database moves @all")
    assert "`production` is locked" in locked
    plan = await site.noted(mr, "#### Gate: waits for an unlock")
    assert "max locked the target" in plan
    assert "@all" not in plan
    _, again = await site.command(mr, site.max, "/helm lock")
    assert "is locked already, by max" in again
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held" in note
    assert "/helm unlock" in note
    _, held = await site.command(mr, site.max, "/helm deploy")
    assert "Still held" in held
    _, status = await site.command(mr, site.rita, "/helm status")
    assert "🔒 Locked by max" in status
    await site.command(mr, site.max, "/helm unlock\n/helm deploy")
    assert seal_of(await goes(site, mr)) == seal_of(plan)
    _, none = await site.command(mr, site.max, "/helm unlock")
    assert "is not locked" in none


async def test_a_freeze_holds_the_merge_and_says_until_when(running: World) -> None:
    site = await running.site("frozen")
    mr = await site.change()
    plan = await site.planned(mr)
    assert "waits for the end of a freeze" in plan
    assert site.statuses(mr.head)[0].status == "success"
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "Nothing is deployed until" in note
    assert "(the fair)" in note.replace("&#40;", "(")
    assert site.apply_pipelines() == []


async def test_changes_of_an_owned_path_need_the_owner(running: World) -> None:
    site = await running.site("owned-0")
    mr = await site.change()
    assert "Changes below values/" in await site.planned(mr)
    await approve(site, mr, site.max)
    await site.noted(mr, "were approved by max.")
    free = await site.change("words", {"README.md": "Words.\n"})
    assert "Gate" not in await site.planned(free)


async def test_a_branch_that_lacks_commits_and_has_no_pipeline_is_held(running: World) -> None:
    site = await running.site("strict", ci="build:\n  script: [echo]\n  rules: [{if: $CI_COMMIT_TAG}]\n")
    mr = await site.change()
    await site.push("main", {"README.md": "Words.\n"}, by=site.max)
    plan = await site.planned(mr)
    assert "no pipeline, and one is required" in plan
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "lacked 1 commit of its target branch" in note


async def test_pushes_past_the_merge_requests_are_said_in_one_issue(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    await site.deployed(mr)
    assert site.project.issues == {}

    async def told(sha: str) -> Issue:
        def look() -> Issue | None:
            return next((it for it in site.project.issues.values() if sha[:12] in it.description), None)

        return await until(look, "the issue")

    first = await told(await site.push("main", {VALUES: values(color="red")}, by=site.max))
    assert first.author is site.purser
    assert "Nothing of it is deployed" in first.description
    second = await told(await site.push("main", {VALUES: values(color="blue")}, by=site.max))
    assert second is first
    assert len(site.project.issues) == 1


async def test_a_running_deployment_is_cancelled_and_taken_up_again(site: Site) -> None:
    with site.gitlab.runner.pausing():
        mr = await site.change()
        await site.planned(mr)
        _, nothing = await site.command(mr, site.ada, "/helm cancel")
        assert "There is nothing to cancel." in nothing
        await site.gitlab.merge(mr, site.max)
        await until(site.apply_pipelines, "the pipeline")
        await until(lambda: site.deploy_notes(mr), "the deploy note")
        _, reply = await site.command(mr, site.ada, "/helm cancel")
        assert "GitLab was asked to cancel its pipeline" in reply
        assert "its pipeline was cancelled." in await site.deployed(mr)
    await site.command(mr, site.max, "/helm deploy")
    await goes(site, mr)
    assert len(site.apply_pipelines()) == 2


async def test_diff_status_and_history_show_what_is_and_what_was(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    _, diff = await site.command(mr, site.ada, "/helm diff web --full")
    assert "+  color: green" in diff
    assert "not-a-real-password-1" not in diff
    _, wrong = await site.command(mr, site.ada, "/helm diff wbe")
    assert "No release is called `wbe`" in wrong
    _, before = await site.command(mr, site.rita, "/helm status")
    assert "None of its releases is in the cluster." in before
    await site.gitlab.merge(mr, site.max)
    await site.deployed(mr)
    _, after = await site.command(mr, site.rita, "/helm status\n/helm history web")
    assert f"| `web` | `{site.namespace}` | 1 | deployed |" in after
    assert "The deployment of this merge request: succeeded." in after
    assert f"Deployed by merge request {mr.iid} at " in after
    assert "`web 1.0.0`" in after
    _, unknown = await site.command(mr, site.rita, "/helm history wbe")
    assert "No release `wbe` is in the cluster." in unknown


async def test_a_fork_is_planned_for_the_very_commit_that_a_maintainer_names(site: Site) -> None:
    eve = site.gitlab.world.user("eve-outside") or site.gitlab.add_user("eve-outside")
    site.project.members[eve.id] = Level.REPORTER
    fork = await site.gitlab.fork(site.project, eve, f"eve-outside/{site.namespace}")
    await site.gitlab.push(fork, "change", {VALUES: values(color="green")}, eve)
    mr = await site.gitlab.open_merge_request(site.project, "change", eve, source=fork)
    await site.noted(mr, "comes from a fork")
    for who, text in [
        (site.max, "/helm plan"),
        (site.max, f"/helm plan {mr.head[:12]}"),
        (site.max, f"/helm plan {'0' * 40}"),
        (site.ada, f"/helm plan {mr.head}"),
    ]:
        _, reply = await site.command(mr, who, text)
        assert "Not planned: it comes from a fork." in reply
    assert site.plans_made() == 0
    await site.command(mr, site.max, f"/helm plan {mr.head}")
    await site.noted(mr, "+  color: green")
    await site.gitlab.merge(mr, site.max)
    assert "a fork never deploys" in await site.deployed(mr)
    _, refused = await site.command(mr, site.max, "/helm deploy")
    assert "Not deployed: the change came from a fork." in refused
    assert site.apply_pipelines() == []
