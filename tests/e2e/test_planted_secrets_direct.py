"""The story of planted secrets in mode `direct`, with more places: variables, addresses, events, spans."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp import web

from bot.demo.gitlab import MergeRequest
from tests.e2e.bot_process import REPOSITORY
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.planted import PLACES, REPEATED, STRING_DATA, secret, template, written
from tests.e2e.site import Site
from tests.e2e.test_drift_stories import by_hand
from tests.e2e.test_planted_secrets import LAST, PLANTED, exported, found_in, served
from tests.e2e.test_secrets import everything
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
VARIABLE, OTHER_VARIABLE = "a target's variable", "another target's variable"
EVENT, IN_EVENT = "an event's pair", "the login in an event"
ADDRESSES = (
    "a repository's address",
    "a chart's address",
    "a registry's address",
    "a repository with a port",
    "an address of no repository",
)
MORE = (VARIABLE, OTHER_VARIABLE, EVENT, IN_EVENT, *ADDRESSES)
KINDS = ("note ", "status ", "trace ", "data/purser.db", "data/purser-engine", "data/runs/")
JOB = "ends:\n  stage: deploy\n  script: ['echo \"connects with {said}\"; exit 1']\n"
TARGETS = {
    "direct": {
        "deploy": {"mode": "direct"},
        "variables": {"DB_PASSWORD": secret(VARIABLE, 1)},
    },
    "job": {"deploy": {"job": "ends"}, "variables": {"API_TOKEN": secret(OTHER_VARIABLE, 1)}},
}


@asynccontextmanager
async def collecting(folder: Path) -> AsyncIterator[tuple[str, list[bytes]]]:
    """A collector of OpenTelemetry's: its address, and what it was sent."""
    sent: list[bytes] = []

    async def take(request: web.Request) -> web.Response:
        sent.append(await request.read())
        return web.Response(content_type="application/x-protobuf")

    app = web.Application(client_max_size=16 * 1024 * 1024)
    app.router.add_post("/v1/traces", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    try:
        yield f"http://127.0.0.1:{runner.addresses[0][1]}", sent
    finally:
        await runner.cleanup()


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def texts(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[dict[str, bytes]]:
    """Deployed, failed with a warning, addresses that hold logins, a job that says a variable."""
    folder = tmp_path_factory.mktemp("planted-direct")
    async with collecting(folder) as (url, sent), world(folder, targets=TARGETS) as alone:
        assert await alone.bot.stop() == 0
        alone.bot.environment["OTEL_EXPORTER_OTLP_ENDPOINT"] = url
        alone.bot.environment["OTEL_EXPORTER_OTLP_COMPRESSION"] = "none"
        await alone.start_bot()
        site = await alone.site("direct")
        mrs = [await _deployed(site), await _failed(alone, site), await _addressed(site)]
        mrs.append(await _job_says(await alone.site("job", ci=JOB.format(said=secret(OTHER_VARIABLE, 1)))))
        pages = await served(alone)
        assert await alone.bot.stop() == 0
        found = everything(alone, mrs, KINDS) | pages | await exported(alone) | await _logs(alone)
        spans = {f"spans {number}": body for number, body in enumerate(sent)}
        assert any(b"GitLab GET" in body for body in spans.values())
        # What the job printed stands in GitLab as it is, and is the project's own.
        traces = [it for it in found if it.startswith("trace ")]
        yield {where: data for where, data in (found | spans).items() if where not in traces}


async def _deployed(site: Site) -> MergeRequest:
    mr = await site.change("one", {PLANTED: template(1), VALUES: values(password=_login(1))})
    assert "‹masked:" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "and verified" in await site.deployed(mr)
    return mr


def _login(turn: int) -> str:
    return secret("the login in values", turn)


async def _failed(alone: World, site: Site) -> MergeRequest:
    """It crashes; containers and warnings say secrets, of the target's variables too."""
    cluster = alone.cluster
    assert cluster is not None
    said = (f"it is {written(REPEATED, STRING_DATA[REPEATED], 2)}", f"connects with {secret(VARIABLE, 1)}")
    words = (*said, f"password={secret(LAST, 2)}")
    cluster.logs[site.namespace, "web"] = "".join(f"{line}\n" for line in words)
    text = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 8s\n")
    crash = values(replicas=1, tag="broken-crash", password=_login(2))
    mr = await site.change("two", {PLANTED: template(2), RELEASES: text, VALUES: crash})
    assert "‹masked:" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    [event] = await until(lambda: cluster.objects("Event", site.namespace), "the warning")
    name = event["metadata"]["name"]
    message = f"Back-off: {_login(2)} of password={secret(EVENT, 2)} for {secret(VARIABLE, 1)}"
    await by_hand(alone, f"/api/v1/namespaces/{site.namespace}/events/{name}", {"message": message})
    failed = await site.deployed(mr)
    assert "❌" in failed
    assert "Back-off: ‹masked:" in failed, failed
    assert "connects with ‹masked:" in failed, failed
    for line in ("/helm status", "/helm history web", "/helm diff", "/helm verify", "/helm rollback web 1"):
        await site.command(mr, site.max, line)
    return mr


async def _addressed(site: Site) -> MergeRequest:
    """Repositories and charts whose addresses hold a login, each of them wrong in its own way."""
    logins = [f"web:{secret(place, 3)}" for place in ADDRESSES]
    mr = await site.change("three")
    for text in _files(site.namespace, logins):
        await site.push("three", {RELEASES: text})
        assert "This plan has no seal" in await site.planned(mr)
        await site.command(mr, site.max, "/helm diff")
    return mr


def _files(namespace: str, logins: list[str]) -> list[str]:
    listed, chart, registry, port, odd = logins
    head = "version: 1\nrepositories:\n  - {{name: x, url: '{}'}}\nreleases:\n"
    release = f"  - {{{{name: web, namespace: {namespace}, version: 1.0.0, chart: '{{}}'}}}}\n"
    return [
        head.format(f"https://{listed}@charts.example.com") + release.format("x/web"),
        head.format("https://charts.example.com") + release.format(f"https://{chart}@charts.example.com/web"),
        head.format("https://charts.example.com")
        + release.format(f"oci://{registry}@registry.example.com/web"),
        head.format(f"http://{port}@127.0.0.1:9/charts") + release.format("x/web"),
        head.format(f"git+ssh://{odd}@charts.example.com/x.git") + release.format("x/web"),
    ]


async def _job_says(site: Site) -> MergeRequest:
    mr = await site.change("four")
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    failed = await site.deployed(mr)
    assert "connects with ‹masked:" in failed, failed
    return mr


async def _logs(alone: World) -> dict[str, bytes]:
    """What the store keeps of each run's log, and what `purser trail log` says of it."""
    found: dict[str, bytes] = {}
    runs = list((alone.folder / "data" / "runs").glob("*/log"))
    assert len(runs) == 2
    for log in runs:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "trail", "log", str(log), cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        found[f"trail log {log}"], _ = await process.communicate()
        assert b"sha256:" in found[f"trail log {log}"]
    return found


async def test_no_place_has_its_secret_in_anything_that_was_said_or_stored(texts: dict[str, bytes]) -> None:
    assert found_in(texts, (*PLACES, *MORE)) == []
