"""A private chart from hook to verified deploy, in both modes: the bot has the credential, or its job."""

import base64
import json
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
import yaml

from tests.adapters.charts_script import Served, chart_files, packed, serving
from tests.e2e.files import RELEASES
from tests.e2e.site import Site
from tests.e2e.world import World, world

pytestmark = pytest.mark.long
PASSWORD = "pass-of-the-private-charts"
ENCODED = base64.b64encode(f"robot:{PASSWORD}".encode()).decode()
MANIFEST = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {said: {{ .Values.said | quote }}}\n"
)


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def served(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Served]:
    async with serving(tmp_path_factory.mktemp("private") / "tls") as one:
        one.chart("web", "1.2.3", packed({**chart_files(), "templates/cm.yaml": MANIFEST}))
        one.guard(f"Basic {ENCODED}")
        yield one


def login(served: Served, password: object) -> dict[str, object]:
    return {"host": served.host, "username": "robot", "password": password, "ca_file": str(served.ca_file)}


@pytest_asyncio.fixture(loop_scope="session", scope="module")
async def private(tmp_path_factory: pytest.TempPathFactory, served: Served) -> AsyncIterator[World]:
    folder = tmp_path_factory.mktemp("charts")
    file = folder / "password"
    file.write_text(PASSWORD)
    charts = {"allowed_hosts": [served.host], "credentials": [login(served, {"file": str(file)})]}
    modes = {mode: {"deploy": {"mode": mode}} for mode in ("direct", "pipeline")}
    modes["missing"] = modes["direct"]
    async with world(folder / "world", targets=modes, charts=charts) as made:
        yield made


def release(site: Site, served: Served, version: str = "1.2.3") -> dict[str, str]:
    """One release of the private chart, with a value that holds the password."""
    entry = {
        **{"name": "web", "namespace": site.namespace, "chart": "private/web", "version": version},
        **{"createNamespace": True, "inline": {"said": f"it is {PASSWORD} here"}},
    }
    repositories = [{"name": "private", "url": f"{served.url}/charts"}]
    text = yaml.safe_dump({"version": 1, "repositories": repositories, "releases": [entry]})
    return {RELEASES: text}


def everything(world: World, site: Site) -> list[tuple[str, bytes]]:
    """All that was said, logged or stored; not what people wrote into the project themselves."""
    notes = [note.body for mr in site.project.merge_requests.values() for note in mr.notes]
    said = {"notes": "\n".join(notes), "log": "\n".join(world.bot.lines)}
    stored = {name: data for name, data in world.everything_stored().items() if "/repositories/" not in name}
    return [*((name, text.encode()) for name, text in said.items()), *stored.items()]


@pytest.mark.parametrize("mode", ["direct", "pipeline"])
async def test_it_is_planned_deployed_and_verified(private: World, served: Served, mode: str) -> None:
    site = await private.site(mode)
    if mode == "pipeline":
        entries = json.dumps({"credentials": [login(served, {"env": "CHARTS_PASSWORD"})]})
        private.gitlab.set_variable(site.project, "PURSER_CHART_CREDENTIALS", entries, file=True)
        private.gitlab.set_variable(site.project, "CHARTS_PASSWORD", PASSWORD)
    mr = await site.change(files=release(site, served))
    plan = await site.planned(mr)
    assert "1 to install" in plan
    for kept in (private.folder / "data" / "charts" / "sha256").iterdir():
        kept.unlink()  # what applies has to fetch it by itself
    before = len(served.asked)
    await site.gitlab.merge(mr, site.max)
    assert "✅ Deployed to `production` and verified" in await site.deployed(mr)
    assert "/charts/web-1.2.3.tgz" in served.paths[before:]
    assert private.cluster is not None
    [found] = private.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"said": f"it is {PASSWORD} here"}
    for secret in (PASSWORD, ENCODED):
        assert [name for name, data in everything(private, site) if secret.encode() in data] == []


async def test_a_version_that_is_not_there_is_said_without_the_login(private: World, served: Served) -> None:
    site = await private.site("missing")
    note = await site.planned(await site.change(files=release(site, served, "9.9.9")))
    assert "9.9.9" in note
    assert [it for it in (PASSWORD, ENCODED) if it in note] == []
