"""What somebody does to the cluster past Git becomes one issue, closes with it, and opens with it again."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from bot.core.notes.marks import drift_marker, drift_reply_marker
from bot.demo.gitlab import MergeRequest, Note
from bot.demo.gitlab.state import Issue
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]

EVERY = 10
CONFIG = "/api/v1/namespaces/{}/configmaps/web"


@asynccontextmanager
async def looking_world(
    folder: Path, kubeconfig: Path | None = None, helm: Path | None = None
) -> AsyncIterator[World]:
    """A world whose bot looks for drift every few seconds."""
    async with world(folder, kubeconfig, places=1, helm=helm) as made:
        await made.bot.stop()
        config = yaml.safe_load(made.bot.config.read_text(encoding="utf-8"))
        config["drift"] = {"every": EVERY}
        made.bot.config.write_text(yaml.safe_dump(config), encoding="utf-8")
        await made.start_bot()
        yield made


async def by_hand(running: World, path: str, body: dict[str, Any], manager: str = "kubectl-edit") -> None:
    """A change past Git, as kubectl makes it."""
    await _call(running, "PATCH", f"{path}?fieldManager={manager}", body)


async def _call(running: World, method: str, path: str, body: dict[str, Any] | None = None) -> None:
    assert running.cluster is not None
    headers = {"Authorization": f"Bearer {running.cluster.token}"}
    headers |= {"Content-Type": "application/merge-patch+json"} if body else {}
    async with (
        aiohttp.ClientSession() as session,
        session.request(
            method,
            running.cluster.url + path,
            data=json.dumps(body) if body else None,
            headers=headers,
            ssl=False,
        ) as answer,
    ):
        assert answer.status < 300, await answer.text()


def drift_issues(site: Site) -> list[Issue]:
    """There should never be two."""
    mark = drift_marker(site.target)
    return [it for it in site.project.issues.values() if it.description.startswith(mark)]


async def drifted(site: Site, state: str, text: str) -> Issue:
    """Waits for the issue in this state and with this text."""

    def look() -> Issue | None:
        found = [it for it in drift_issues(site) if it.state == state and text in it.description]
        return found[0] if found else None

    return await until(look, f"a drift issue that is {state} and says {text}", 90)


async def deployed(site: Site, branch: str = "change", color: str = "green") -> MergeRequest:
    mr = await site.change(branch, {VALUES: values(color=color)})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed" in note, note
    return mr


async def found_reply(site: Site, mr: MergeRequest, note: Note) -> str:
    """Waits for what a look that a command asked for has found."""
    mark = drift_reply_marker(site.target, note.id)

    def look() -> str | None:
        done = {award.name for award in note.awards} & {"white_check_mark", "x"}
        return next((it.body for it in mr.notes if done and it.body.startswith(mark)), None)

    return await until(look, "what the look found", 90)


async def test_a_change_by_hand_is_one_issue_that_closes_and_opens_with_it(tmp_path: Path) -> None:
    async with looking_world(tmp_path) as looking:
        site = await looking.site()
        await deployed(site)
        place = CONFIG.format(site.namespace)
        await by_hand(looking, place, {"data": {"color": "magenta"}})
        issue = await drifted(site, "opened", "magenta")
        assert "written by `kubectl-edit`, last at 20" in issue.description
        assert '- /data/color: "green"' in issue.description

        await by_hand(looking, place, {"data": {"color": "green"}})
        assert (await drifted(site, "closed", "The drift is gone")) is issue

        await _call(looking, "DELETE", place)
        assert (await drifted(site, "opened", "is gone. Kubernetes keeps no record")) is issue
        assert len(drift_issues(site)) == 1


async def test_drift_and_verify_answer_in_the_thread(running: World) -> None:
    site = await running.site()
    mr = await deployed(site)
    note, reply = await site.command(mr, site.ada, "/helm drift")
    assert "Holding `production` against `main` as it is now." in reply
    assert "No drift: 1 releases are as `main` says" in await found_reply(site, mr, note)
    assert drift_issues(site) == []
    _, verified = await site.command(mr, site.ada, "/helm verify")
    assert f"✅ As deployed by merge request {mr.iid}" in verified

    await by_hand(running, CONFIG.format(site.namespace), {"data": {"color": "magenta"}})
    note, _ = await site.command(mr, site.ada, "/helm drift")
    found = await found_reply(site, mr, note)
    [issue] = drift_issues(site)
    assert "`kubectl-edit`" in found
    assert "1 object changed by hand" in found
    assert f"/issues/{issue.iid}" in found


async def test_a_deployment_that_sets_it_right_closes_the_issue(running: World) -> None:
    site = await running.site()
    mr = await deployed(site)
    await by_hand(running, CONFIG.format(site.namespace), {"data": {"color": "magenta"}})
    note, _ = await site.command(mr, site.ada, "/helm drift")
    await found_reply(site, mr, note)
    await deployed(site, "as-it-is", "magenta")
    await drifted(site, "closed", "The drift is gone")


async def test_an_issue_that_somebody_closed_stays_closed_while_nothing_is_new(running: World) -> None:
    site = await running.site()
    mr = await deployed(site)
    await by_hand(running, CONFIG.format(site.namespace), {"data": {"color": "magenta"}})
    note, _ = await site.command(mr, site.ada, "/helm drift")
    await found_reply(site, mr, note)
    [issue] = drift_issues(site)
    await close(site, issue)
    note, _ = await site.command(mr, site.ada, "/helm drift")
    await found_reply(site, mr, note)
    assert issue.state == "closed"
    await by_hand(running, CONFIG.format(site.namespace), {"data": {"color": "orange"}})
    note, _ = await site.command(mr, site.ada, "/helm drift")
    await found_reply(site, mr, note)
    assert (issue.state, "orange" in issue.description) == ("opened", True)


async def close(site: Site, issue: Issue) -> None:
    headers = {"PRIVATE-TOKEN": site.gitlab.token_for(site.max)}
    url = f"{site.gitlab.url}/api/v4/projects/{site.project.id}/issues/{issue.iid}"
    async with (
        aiohttp.ClientSession() as session,
        session.put(url, headers=headers, json={"state_event": "close"}) as answer,
    ):
        assert answer.status == 200, await answer.text()
