"""The gate: what holds a merge, what approvals are worth, and how it is opened."""

import pytest

from bot.demo.gitlab import CommitStatus, Level, MergeRequest, Settings, User
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site, call, seal_of
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long


async def approve(site: Site, mr: MergeRequest, by: User) -> None:
    await call(site, "POST", f"merge_requests/{mr.iid}/approve", by=by)


async def gate_says(site: Site, mr: MergeRequest, text: str) -> str:
    """Waits until the plan note holds this text."""
    return await site.noted(mr, text)


async def status_is(site: Site, sha: str, state: str) -> CommitStatus:
    def look() -> CommitStatus | None:
        return next((it for it in site.statuses(sha) if it.status == state), None)

    return await until(look, f"the status {state} on {sha[:8]}")


async def test_an_approval_opens_the_gate_and_the_merge_deploys(running: World) -> None:
    site = await running.site("reviewed-0")
    mr = await site.change()
    plan = await site.planned(mr)
    assert "#### Gate: waits for approvals" in plan
    assert "It has 0 of 1 approvals by maintainer." in plan
    [status] = site.statuses(mr.head)
    assert (status.status, "gate: waits for approvals" in (status.description or "")) == ("failed", True)
    await approve(site, mr, site.max)
    assert seal_of(await gate_says(site, mr, "Approved by max (1 of 1).")) == seal_of(plan)
    await status_is(site, mr.head, "success")
    assert len(site.plan_notes(mr)) == 1
    assert site.plans_made() == 1
    await site.gitlab.merge(mr, site.max)
    assert "✅ Deployed" in await site.deployed(mr)


async def test_a_push_voids_the_approval_and_shows_what_is_different(running: World) -> None:
    site = await running.site("reviewed-1")
    mr = await site.change()
    await site.planned(mr)
    await approve(site, mr, site.max)
    await gate_says(site, mr, "Approved by max")
    await site.push("change", {VALUES: values(color="red")})
    plan = await site.planned(mr)
    assert "void, max must look again." in plan
    assert "What is different from what max approved" in plan
    different = plan.partition("What is different")[2]
    assert "ConfigMap" in different
    assert "-  color: green\n+  color: red" in different
    assert site.statuses(mr.head)[0].status == "failed"
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held" in note
    assert "max must look again" in note
    assert "Not as max approved:" in note
    assert site.apply_pipelines() == []


async def test_the_same_plan_at_another_head_keeps_the_approval_and_says_so(running: World) -> None:
    site = await running.site("reviewed-2")
    mr = await site.change()
    first = await site.planned(mr)
    await approve(site, mr, site.max)
    await gate_says(site, mr, "Approved by max")
    old = mr.head
    await site.push("change", {"README.md": "Words.\n"})
    plan = await site.planned(mr)
    assert seal_of(plan) == seal_of(first)
    assert f"max approved the same plan at {old[:8]}, so that approval stands." in plan
    assert site.statuses(mr.head)[0].status == "success"
    await site.gitlab.merge(mr, site.max)
    assert "✅ Deployed" in await site.deployed(mr)


async def test_an_approval_by_the_author_a_committer_or_a_developer_does_not_count(running: World) -> None:
    site = await running.site("reviewed-3")
    mr = await site.change()
    await site.planned(mr)
    await approve(site, mr, site.ada)
    await gate_says(site, mr, "ada is the author, whose approval does not count.")
    eve = site.gitlab.world.user("eve") or site.gitlab.add_user("eve")
    site.project.members[eve.id] = Level.DEVELOPER
    await approve(site, mr, eve)
    await gate_says(site, mr, "eve is not maintainer (any more), so the approval does not count.")
    await site.push("change", {VALUES: values(color="red")}, by=site.max)
    await site.planned(mr)
    await approve(site, mr, site.max)
    await gate_says(site, mr, "max committed to it and does not count.")
    await site.gitlab.merge(mr, site.max)
    assert "⏸️ Held" in await site.deployed(mr)


async def test_who_lost_the_role_or_was_blocked_before_the_merge_does_not_count(running: World) -> None:
    for place, state in (("reviewed-4", "role"), ("reviewed-5", "blocked")):
        site = await running.site(place)
        zoe = site.gitlab.world.user("zoe") or site.gitlab.add_user("zoe")
        site.project.members[zoe.id] = Level.MAINTAINER
        mr = await site.change()
        await site.planned(mr)
        await approve(site, mr, zoe)
        await gate_says(site, mr, "Approved by zoe")
        if state == "role":
            site.project.members[zoe.id] = Level.DEVELOPER
        else:
            zoe.state = "blocked"
        await site.gitlab.merge(mr, site.max)
        note = await site.deployed(mr)
        words = {"role": "is not maintainer (any more)", "blocked": "is blocked or no member any more"}
        assert f"zoe {words[state]}" in note
        assert site.apply_pipelines() == []


async def test_a_merge_without_approval_is_held_and_goes_when_a_maintainer_says_so(running: World) -> None:
    site = await running.site("reviewed-6")
    mr = await site.change()
    plan = await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held" in note
    assert "It has 0 of 1 approvals by maintainer." in note
    _, refused = await site.command(mr, site.ada, "/helm deploy")
    assert "needs the role maintainer" in refused
    _, reply = await site.command(mr, site.max, "/helm deploy")
    assert f"deploying `{seal_of(plan)}`" in reply

    def deployed() -> str | None:
        return next((it.body for it in site.deploy_notes(mr) if "✅ Deployed" in it.body), None)

    await until(deployed, "the deployment", 90)
    assert len(site.deploy_notes(mr)) == 1
    _, again = await site.command(mr, site.max, "/helm deploy")
    assert "it is deployed already" in again


async def test_another_plan_after_the_merge_is_shown_first_and_goes_when_said_again(running: World) -> None:
    site = await running.site("reviewed-7")
    mr = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(mr)
    await site.push("main", {VALUES: values(color="red")}, by=site.max)
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    assert "⏸️ Held" in await site.deployed(mr)
    _, offer = await site.command(mr, site.max, "/helm deploy\n/helm deploy")
    assert offer.count("not deployed yet.") == 2
    assert "What is different from the plan before:" in offer
    assert site.apply_pipelines() == []
    _, reply = await site.command(mr, site.max, "/helm deploy")
    assert f"deploying `{seal_of(offer)}`" in reply

    def deployed() -> str | None:
        return next((it.body for it in site.deploy_notes(mr) if "✅ Deployed" in it.body), None)

    assert seal_of(await until(deployed, "the deployment", 90)) == seal_of(offer)


async def test_where_pipelines_must_succeed_the_status_joins_the_one_that_is_there(running: World) -> None:
    ci = "build:\n  script: [echo]\n"
    site = await running.site(ci=ci, settings=Settings(only_allow_merge_if_pipeline_succeeds=True))
    mr = await site.change()
    await site.planned(mr)
    [pipeline] = [it for it in site.project.pipelines.values() if it.sha == mr.head]
    assert pipeline.source != "external"
    assert [it.name for it in pipeline.statuses] == ["purser/plan/production"]
    await until(lambda: pipeline.status == "success", "the pipeline to end well")
    await site.gitlab.merge(mr, site.max)
    assert mr.state == "merged"


async def test_a_configuration_in_a_merge_request_opens_no_gate(running: World) -> None:
    site = await running.site("reviewed-8")
    wide = f"version: 1\nprojects:\n  - path: {site.project.path}\n    targets:\n"
    wide += "      - {name: production, lookup: all, gate: {approvals: 0, required: false}}\n"
    wide += "commands: {roles: {deploy: reporter, plan: reporter}}\n"
    names = ("purser.yaml", ".purser.yaml", "config/purser.yaml", ".gitlab/purser.yaml")
    mr = await site.change(files={VALUES: values(color="green"), **dict.fromkeys(names, wide)})
    assert "It has 0 of 1 approvals by maintainer." in await site.planned(mr)
    _, refused = await site.command(mr, site.rita, "/helm plan")
    assert "needs the role" in refused
    await site.gitlab.merge(mr, site.max)
    assert "⏸️ Held" in await site.deployed(mr)
    _, refused = await site.command(mr, site.rita, "/helm deploy")
    assert "needs the role maintainer" in refused
    assert site.apply_pipelines() == []
