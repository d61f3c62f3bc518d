"""A plan asks GitLab little: limits of requests are shared by everybody who works there."""

from tests.e2e import api_requests
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

FIRST, UNCHANGED = 20, 12


async def test_a_first_plan_and_an_unchanged_one_keep_to_their_budget_of_requests(site: Site) -> None:
    assert await api_requests.of_first_plan(site) <= FIRST
    assert await api_requests.of_unchanged_plan(site) <= UNCHANGED


async def test_a_gate_with_an_approval_costs_a_few_more_and_keeps_to_the_budget(running: World) -> None:
    site = await running.site("counted")
    assert await api_requests.of_first_plan(site) <= FIRST
    [mr] = site.project.merge_requests.values()
    await site.gitlab.approve(mr, site.max)
    await until(lambda: [it.status for it in site.statuses(mr.head)] == ["success"], "the approval to count")
    # The approval's own work ends with that status. Each plan after it looks again who may approve.
    assert await api_requests.of_unchanged_plan(site) <= UNCHANGED + 4
