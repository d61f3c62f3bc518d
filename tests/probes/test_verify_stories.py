"""From the merge to the verified deploy with probes, in both modes: thread, status and trail."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.core.notes.marks import deploy_status
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world
from tests.probes.prometheus import LookAlike, look_alike, vector

pytestmark = [pytest.mark.long, pytest.mark.timeout(300)]
TOKEN = "not-a-real-token-of-prometheus"


@pytest.fixture
async def prometheus() -> AsyncIterator[LookAlike]:
    async with look_alike() as made:
        yield made


@pytest.fixture
async def probed(tmp_path: Path, prometheus: LookAlike) -> AsyncIterator[World]:
    """A bot whose targets have probes: one for each mode, and one that has no time."""
    token = tmp_path / "token"
    token.write_text(TOKEN)

    def verify(place: str, **more: object) -> dict[str, Any]:
        ask = {"pause": 0, "timeout": 30}
        drops = {
            **{"kind": "promql", "name": "drops", "prometheus": f"{prometheus.url}/prometheus"},
            **{"query": f"drops({place})", "expect": "<= 1", "compare": "before"},
            **{"token": {"file": str(token)}, **ask},
        }
        alerts = {**drops, "name": "alerts", "query": f"alerts({place})", "expect": "== 0", "compare": "none"}
        page = {"kind": "http", "name": "page", "url": f"{prometheus.url}/health", "contains": "is ok", **ask}
        return {"verify": {"probes": [page, drops, alerts], **more}}

    targets = {
        "by-job": verify("by-job"),
        "by-bot": {**verify("by-bot"), "deploy": {"mode": "direct"}},
        "hurried": {"verify": {"deadline": "0s"}, "deploy": {"mode": "direct"}},
    }
    async with world(tmp_path / "world", targets=targets) as made:
        yield made


@pytest.fixture(autouse=True)
def somewhere(tmp_path: Path) -> None:
    (tmp_path / "world").mkdir()


async def merged(site: Site, **change: Any) -> str:
    """The note of a merge that was deployed."""
    mr = await site.change(files={VALUES: values(**change)})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    return await site.deployed(mr)


async def verified(probed: World, site: Site) -> list[Any]:
    """What the trail says of verifications."""
    database = await open_database(f"sqlite:///{probed.folder / 'data' / 'purser.db'}")
    try:
        trail = await SqlStore(database).trail(site.project.path)
        return [entry["facts"] for entry in trail if entry["kind"] == "verified"]
    finally:
        await database.dispose()


@pytest.mark.parametrize("place", ["by-job", "by-bot"])
async def test_a_deploy_is_verified_by_values_from_before_and_after(
    probed: World, prometheus: LookAlike, place: str
) -> None:
    prometheus.answers = {f"drops({place})": [vector("40"), vector("40.5")], f"alerts({place})": vector("0")}
    site = await probed.site(place)
    note = await merged(site, color="green")
    assert "✅ Deployed to `production` and verified" in note
    assert f"✅ {place}/web runs web 1.0.0. (revision 1, 2 of 2 objects are ready)" in note
    assert "✅ A fresh plan is empty." in note
    assert "| `drops` | `growth <= 1` | `40 → 40.5` | ✅ passed |" in note
    assert "| `alerts` | `== 0` | `0` | ✅ passed |" in note
    assert "| `page` | `HTTP 200 with 'is ok'` | `HTTP 200` | ✅ passed |" in note
    assert {sent for _, query, sent in prometheus.asked if query} == {f"Bearer {TOKEN}"}
    [facts] = await verified(probed, site)
    assert [(it["name"], it["before"], it["after"], it["state"]) for it in facts["probes"]] == [
        ("page", "", "HTTP 200", "passed"),
        ("drops", "40", "40.5", "passed"),
        ("alerts", "", "0", "passed"),
    ]
    assert facts["left"] == []
    assert not [name for name, kept in probed.everything_stored().items() if TOKEN.encode() in kept]


async def test_a_probe_that_fails_fails_the_verification_and_what_is_unknown_is_said(
    probed: World, prometheus: LookAlike
) -> None:
    """Nobody answers the second query: that alone would not fail it."""
    prometheus.answers = {"drops(by-job)": [vector("0"), vector("9")]}
    site = await probed.site("by-job")
    note = await merged(site, color="green")
    assert "❌ The deploy to `production` failed" in note
    assert "it was applied and the cluster is as planned, but not all probes passed: drops." in note
    assert "`0 → 9` | ❌ failed: it has grown by 9, expected" in note
    assert "`unknown` | ❔ unknown: Prometheus says: invalid parameter" in note
    assert "Everything is applied and stays so." in note
    [pipeline] = site.apply_pipelines()

    def ended() -> list[str]:
        return [it.status for it in pipeline.statuses if it.name == deploy_status(site.target)]

    assert await until(ended, "the status of the deploy") == ["failed"]
    assert probed.cluster is not None
    assert len(probed.cluster.objects("ConfigMap", site.namespace)) == 1


async def test_what_is_not_ready_until_the_deadline_is_named(probed: World) -> None:
    site = await probed.site("hurried")
    note = await merged(site, color="green", replicas=2, tag="broken-slow")
    assert "it was applied, but not all is ready after 0 seconds: hurried/web." in note
    assert "⏳ hurried/web (revision 1, 1 of 2 objects are ready):" in note
    assert "Deployment hurried/web: 0 of 2 pods are available" in note
    assert "✅ A fresh plan is empty." in note
    assert "raise verify.deadline" in note
    [facts] = await verified(probed, site)
    assert not facts["good"]
