"""What becomes of a deploy's pipeline besides success and failure: each has its sentence in the thread."""

import pytest

from bot.demo.gitlab.pipelines import ended
from tests.e2e.files import CI_WITHOUT_INPUTS
from tests.e2e.site import call
from tests.e2e.world import World

pytestmark = pytest.mark.long


async def test_a_job_that_no_runner_takes_is_said_to_be_stuck_and_goes_on_when_one_does(
    running: World,
) -> None:
    site = await running.site("impatient")
    with site.gitlab.runner.pausing():
        mr = await site.change()
        await site.planned(mr)
        await site.gitlab.merge(mr, site.max)
        note = await site.noted_deploy(mr, "No runner has taken")
        assert "may it run jobs of protected branches?" in note
    assert "✅ Deployed" in await site.deployed(mr)


async def test_a_manual_job_is_waited_for_and_followed_once_somebody_starts_it(running: World) -> None:
    manual = CI_WITHOUT_INPUTS.replace(
        "    - if: $PURSER_SEAL\n", "    - if: $PURSER_SEAL\n      when: manual\n"
    )
    site = await running.site(ci=manual)
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.noted_deploy(mr, "is manual")
    assert "The job purser-apply is manual: somebody who may has to start it" in note
    [pipeline] = site.apply_pipelines()
    [job] = site.jobs(pipeline)
    await call(site, "POST", f"jobs/{job.id}/play")
    assert "✅ Deployed" in await site.deployed(mr)
    assert len(site.apply_pipelines()) == 1


async def test_a_job_without_the_protected_kubeconfig_is_told_where_it_may_be(running: World) -> None:
    site = await running.site()
    site.gitlab.set_variable(site.project, "KUBECONFIG", "/nowhere/config")
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "❌ The deploy to `production` failed" in note
    assert "The job had no kubeconfig." in note
    assert "has to be protected too" in note.replace("\n", " ")


async def test_a_job_that_waits_for_its_resource_group_is_said_to(running: World) -> None:
    """A job of a person's pipeline has the group; ours is made and waits."""
    smoke = "smoke:\n  resource_group: purser-production\n  script: [echo smoke]\n  rules: [{if: '$SMOKE'}]\n"
    ci = CI_WITHOUT_INPUTS.replace('"purser-$PURSER_TARGET"', "purser-production") + smoke
    site = await running.site(ci=ci)
    mr = await site.change()
    await site.planned(mr)
    with site.gitlab.runner.pausing():
        await call(site, "POST", "pipeline", ref="main", variables=[{"key": "SMOKE", "value": "yes"}])
        await site.gitlab.merge(mr, site.max)
        await site.noted_deploy(mr, "waits for another job of its resource group to end.")
    assert "✅ Deployed" in await site.deployed(mr)


async def test_a_pipeline_whose_jobs_are_all_skipped_is_said(running: World) -> None:
    rules = "    - if: $PURSER_SEAL\n"
    site = await running.site(ci=CI_WITHOUT_INPUTS.replace(rules, rules + "      when: on_failure\n"))
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "its pipeline was skipped." in note
    assert "GitLab ran none of its jobs" in note


async def test_a_pipeline_that_failed_before_a_job_ran_is_said(running: World) -> None:
    """As one that is over a limit of the instance."""
    site = await running.site()
    mr = await site.change()
    await site.planned(mr)
    with site.gitlab.runner.pausing():
        await site.gitlab.merge(mr, site.max)
        await site.noted_deploy(mr, "pending")
        [pipeline] = site.apply_pipelines()
        pipeline.jobs.clear()
        pipeline.status = "failed"
        note = await site.deployed(mr)
    assert "its pipeline failed before a job ran." in note
    assert "The pipeline&#39;s page says why" in note


async def test_a_job_that_gitlab_gave_up_is_said_with_gitlab_s_reason(running: World) -> None:
    site = await running.site()
    mr = await site.change()
    await site.planned(mr)
    with site.gitlab.runner.pausing():
        await site.gitlab.merge(mr, site.max)
        await site.noted_deploy(mr, "pending")
        [pipeline] = site.apply_pipelines()
        await ended(site.gitlab.world, site.jobs(pipeline)[0], "failed", "stuck_or_timeout_failure")
        note = await site.deployed(mr)
    assert "failed: no runner took it" in note
    assert "retry the job there, which is followed" in note
