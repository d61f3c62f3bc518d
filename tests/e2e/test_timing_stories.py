"""Where the seconds of a plan went, as an operator sees it: on the page of metrics, and in the log."""

import re
from collections.abc import Mapping
from typing import Any

import aiohttp

from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

PLAN = {"checkout", "files", "releases", "charts", "render", "compare", "gate", "note"}
DEPLOY = {"checkout", "files", "releases", "charts", "render", "compare", "gate", "rollouts", "note"}
_PHASE = re.compile(r'^purser_phase_seconds_sum\{kind="(\w+)",phase="(\w+)"\} (\S+)$', re.MULTILINE)


async def measured(running: World) -> Mapping[str, Mapping[str, float]]:
    """Kind of work -> phase -> seconds, of all that the bot did so far."""
    url = running.bot.facts("service.started")[-1]["metrics"]
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        text = await answer.text()
    found: dict[str, dict[str, float]] = {}
    for kind, phase, seconds in _PHASE.findall(text):
        found.setdefault(kind, {})[phase] = float(seconds)
    return found


def said(running: World, site: Site, kind: str) -> list[dict[str, Any]]:
    """The lines of the log about work of that kind on this project."""
    lines = [it for it in running.bot.facts("work.timed") if it["kind"] == kind]
    return [it for it in lines if f":{site.project.path}:" in it["work"]]


async def test_a_plan_and_a_deploy_say_where_their_seconds_went(running: World, site: Site) -> None:
    mr = await site.change()
    note = await site.planned(mr)
    line = (await until(lambda: said(running, site, "PlanWork"), "the seconds of the plan"))[-1]
    seconds = (await measured(running))["PlanWork"]
    assert seconds.keys() >= PLAN
    assert all(line[phase] <= seconds[phase] + 0.001 for phase in PLAN)
    assert line.keys() >= PLAN
    assert sum(line[phase] for phase in PLAN) <= line["seconds"] + 0.01  # each is rounded
    assert line["trace"] in note
    await site.gitlab.merge(mr, site.max)
    await site.deployed(mr)
    await until(lambda: said(running, site, "DeployWork"), "the seconds of the deploy")
    assert (await measured(running))["DeployWork"].keys() >= DEPLOY
