"""One story with a secret in each of many places; then all that was said and stored is searched for each."""

import asyncio
import json
import sys
from collections.abc import AsyncIterator, Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio

from bot.demo.gitlab import MergeRequest
from tests.e2e.bot_process import REPOSITORY
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.planted import PLACES, REPEATED, STRING_DATA, S, forms, secret, template, written
from tests.e2e.site import Site
from tests.e2e.test_drift_stories import by_hand
from tests.e2e.test_secrets import everything
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(400)]
PLANTED = "charts/web/templates/planted.yaml"
FAILS = "charts/web/templates/fails.yaml"
LAST = "a container's last lines"
TURNS = (1, 2, 3)
PICKLED = ("gAJ", "gAN", "gAR", "gAS", "gAV", "gAW", "\x80\x02", "\x80\x03", "\x80\x04", "\x80\x05")
"""How a pickle begins, as it is and in base64."""
WRITTEN = {
    "workflow_input.inputs",
    "workflow_output.output",
    "operation_outputs.output",
    "notifications.message",
}
"""Where the engine keeps what work was given, gave, and was told."""
COMMANDS = ("/helm status", "/helm history web", "/helm diff", "/helm drift")


@dataclass(frozen=True, slots=True)
class Told:
    """All that the story left, by where, and the engine's own file."""

    texts: dict[str, bytes]
    engine: Path


def _files(turn: int) -> dict[str, str]:
    return {PLANTED: template(turn), VALUES: values(password=secret("the login in values", turn))}


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def told(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Told]:
    """The story: deployed, changed by hand, changed, failed, gone back, and a template that fails."""
    folder = tmp_path_factory.mktemp("planted")
    async with world(folder) as alone:
        site = await alone.site()
        mrs = [await _deployed(site), await _failed(alone, site)]
        mrs.append(await _template_fails(site))
        pages = await served(alone)
        assert await alone.bot.stop() == 0
        texts = everything(alone, mrs) | pages | await exported(alone)
        issues = site.project.issues.values()
        texts |= {f"issue {it.iid}": f"{it.title}\n{it.description}".encode() for it in issues}
        yield Told(texts, next((folder / "data").glob("purser-engine*.db")))


async def _deployed(site: Site) -> MergeRequest:
    mr = await site.change("one", _files(1))
    assert "‹masked:" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "and verified" in await site.deployed(mr)
    return mr


async def _failed(alone: World, site: Site) -> MergeRequest:
    """The second turn crashes and says its secrets with its last breath."""
    assert alone.cluster is not None
    last = f"it is {written(REPEATED, STRING_DATA[REPEATED], 2)}\n"
    alone.cluster.logs[site.namespace, "web"] = last + _last_words()
    text = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 2s\n")
    crash = values(replicas=1, tag="broken-crash", password=secret("the login in values", 2))
    mr = await site.change("two", {PLANTED: template(2), RELEASES: text, VALUES: crash})
    assert "‹masked:" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    failed = await site.deployed(mr)
    assert "❌" in failed
    assert "The last lines of pod" in failed, failed
    by = {"data": {"a.properties": written("a line of properties", f"db.password={S}", 3)}}
    await by_hand(alone, f"/api/v1/namespaces/{site.namespace}/configmaps/planted", by)
    for line in COMMANDS:
        await site.command(mr, site.max, line)
    _, reply = await site.command(mr, site.max, "/helm rollback web 1")
    assert "Preview:" in reply, reply
    return mr


def _last_words() -> str:
    return f"cannot connect with password={secret(LAST, 2)}\n"


async def _template_fails(site: Site) -> MergeRequest:
    login, pair = secret("a failing template", 3), secret("a failing template's pair", 3)
    fails = f'{{{{ fail (printf "no %s for password={pair}" .Values.password) }}}}'
    mr = await site.change("three", {FAILS: fails, VALUES: values(password=login)})
    note = await site.planned(mr)
    assert "no ‹masked" in note, note
    await site.settled(mr)
    return mr


async def served(alone: World) -> dict[str, bytes]:
    """What the service answers to anybody who asks."""
    [*_, started] = alone.bot.facts("service.started")
    pages = {}
    async with aiohttp.ClientSession() as session:
        paths = [f"{started['url']}/{path}" for path in ("", "healthz", "readyz", "metrics")]
        for page in (f"{started['metrics']}/metrics", started["metrics"], *paths):
            async with session.get(page) as answer:
                pages[f"page {page}"] = await answer.read()
    assert any(b"purser_" in page for page in pages.values())
    return pages


async def exported(alone: World) -> dict[str, bytes]:
    """The trail as auditors get it."""
    found: dict[str, bytes] = {}
    for form in ("jsonl", "markdown"):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", "trail", "export",
            "--config", str(alone.bot.config), "--format", form,
            env=alone.bot.environment, cwd=REPOSITORY,
            stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        out, err = await process.communicate()
        assert process.returncode == 0, err
        assert len(out) > 500
        found |= {f"trail as {form}": out, f"what its export said ({form})": err}
    return found


async def test_no_place_has_its_secret_in_anything_that_was_said_or_stored(told: Told) -> None:
    assert found_in(told.texts, PLACES) == []
    assert len(PLACES) > 50


def found_in(texts: Mapping[str, bytes], places: Collection[str]) -> list[str]:
    """Which secret of these places is where."""
    return [
        f"{place} (turn {turn}) in {where}"
        for place in places
        for turn in TURNS
        for form in forms(secret(place, turn))
        for where, data in texts.items()
        if form in data
    ]


def _stored(engine: Path) -> Iterator[tuple[str, str]]:
    """Each text and each blob of the engine's tables, by table and column."""
    sqlite = import_module("pysqlite3.dbapi2")  # what the engine writes with
    with closing(sqlite.connect(str(engine))) as database:
        tables = [name for (name,) in database.execute("select name from sqlite_master where type = 'table'")]
        for table in tables:
            rows = database.execute(f'select * from "{table}"')
            columns = [it[0] for it in rows.description]
            for row in rows:
                for column, value in zip(columns, row, strict=True):
                    if isinstance(value, str | bytes):
                        text = value if isinstance(value, str) else value.decode("latin-1")
                        yield f"{table}.{column}", text


async def test_what_the_engine_has_stored_is_json_and_no_pickle(told: Told) -> None:
    stored = list(_stored(told.engine))
    pickled = [where for where, text in stored if text.startswith(PICKLED)]
    assert pickled == []
    serialized = [it for it in stored if it[0].endswith((".inputs", ".output", ".error", ".message"))]
    assert {where for where, _ in serialized} >= WRITTEN
    for _, text in serialized:
        json.loads(text)
