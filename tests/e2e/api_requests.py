"""How many requests to GitLab's API one plan costs."""

from tests.e2e.site import Site
from tests.e2e.waiting import PATIENCE, until


async def of_first_plan(site: Site) -> int:
    """From the opened merge request to its note and status."""
    before = len(site.gitlab.requests)
    mr = await site.change()
    await site.planned(mr)
    await _ended(site, 1)
    return _sent(site, before)


async def of_unchanged_plan(site: Site) -> int:
    """A push that changes nothing of the plan, on the branch of the first one."""
    made, before = site.plans_made(), len(site.gitlab.requests)
    await site.push("change", {"README.md": f"Round {made}.\n"})
    await _ended(site, made + 1)
    return _sent(site, before)


async def _ended(site: Site, plans: int) -> None:
    await until(lambda: site.plans_made() >= plans, f"plan {plans} to end", PATIENCE)


def _sent(site: Site, since: int) -> int:
    """Of this project, and of none, by the bot."""
    place = site.project.path.replace("/", "%2F")
    mine = [it for it in site.gitlab.requests[since:] if it.agent.startswith("purser")]
    paths = [it.path for it in mine if it.path.startswith("/api/v4/")]
    return sum(f"/projects/{place}" in path or "/projects/" not in path for path in paths)
