"""What becomes of a deploy's pipeline besides success and failure: each has its sentence in the thread."""

import pytest

from tests.e2e.files import CI_WITHOUT_INPUTS
from tests.e2e.site import call
from tests.e2e.world import World

pytestmark = pytest.mark.long


async def test_a_job_that_no_runner_takes_is_said_to_be_stuck_and_goes_on_when_one_does(
    running: World,
) -> None:
    site = await running.site("impatient")
    site.gitlab.runner.pause()
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.noted_deploy(mr, "No runner has taken")
    assert "may it run jobs of protected branches?" in note
    site.gitlab.runner.resume()
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
