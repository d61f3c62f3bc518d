"""Secret values are only where they belong: all that one story printed and stored is searched."""

import base64
import zipfile
from collections.abc import AsyncIterator, Collection
from io import BytesIO
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.gitlab import MergeRequest
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.world import World, world

OLD, NEW = "correct-horse-7Qx2", "battery-staple-9Zk4"
IN_AN_ADDRESS = "tr0ub4dor-and-3"
IN_AN_ENVIRONMENT = "s3cr3t-0f-th3-env"
CHART = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-address
data:
  DATABASE_URL: {{ .Values.address | quote }}
---
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-environment
data:
  API_TOKEN: {{ .Values.apiToken | quote }}
{{ if .Values.say }}{{ fail (printf "the login is %s" .Values.password) }}{{ end }}
"""


@pytest_asyncio.fixture(loop_scope="session")
async def alone(tmp_path: Path) -> AsyncIterator[World]:
    """A world of its own: its files and its log hold nothing but this story."""
    async with world(tmp_path) as made:
        yield made


def _values(password: str, replicas: int = 0, **more: str) -> str:
    address = f"postgres://web:{IN_AN_ADDRESS}@db/web"
    return values(password=password, replicas=replicas, address=address, apiToken=IN_AN_ENVIRONMENT, **more)


async def test_no_secret_is_in_a_note_a_log_a_database_a_trace_or_an_artifact(alone: World) -> None:
    site = await alone.site()
    files = {"charts/web/templates/more.yaml": CHART, VALUES: _values(OLD)}
    opened = [await site.change("one", files)]
    await site.planned(opened[0])
    await site.command(opened[0], site.ada, "/helm plan web")
    await site.gitlab.merge(opened[0], site.max)
    assert "✅ Deployed" in await site.deployed(opened[0])

    opened.append(await site.change("two", {VALUES: _values(NEW)}))
    assert "‹masked:" in await site.planned(opened[1])
    waiting = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 1s\n")
    await site.push("two", {RELEASES: waiting, VALUES: _values(NEW, tag="broken", replicas=1)})
    await site.planned(opened[1])
    await site.gitlab.merge(opened[1], site.max)
    assert "❌" in await site.deployed(opened[1])

    opened.append(await site.change("three", {VALUES: _values(NEW, say="it")}))
    failing = await site.planned(opened[2])
    assert "the login is ‹masked" in failing
    await site.settled(opened[2])
    assert await alone.bot.stop() == 0

    secrets = {
        "a value of a Secret": OLD,
        "its new value": NEW,
        "a password in an address": IN_AN_ADDRESS,
        "a token in a ConfigMap": IN_AN_ENVIRONMENT,
        "GitLab's token": alone.secrets["GITLAB_TOKEN"],
        "the webhook's token": alone.secrets["HOOK_TOKEN"],
        "the cluster's token": alone.cluster.token if alone.cluster else "",
    }
    found = [
        f"{what} in {where}"
        for where, data in everything(alone, opened).items()
        for what, secret in secrets.items()
        for form in (secret.encode(), base64.b64encode(secret.encode()))
        if form in data
    ]
    assert found == []


EVERYWHERE = (
    "note ",
    "status ",
    "trace ",
    "data/purser.db",
    "data/purser-engine",
    "gitlab/artifacts",
    "jobs/",
)


def everything(
    alone: World, opened: list[MergeRequest], kinds: Collection[str] = EVERYWHERE
) -> dict[str, bytes]:
    """What was printed and stored, by where. Of each of `kinds` (how a place begins) there must be some.

    Git's objects and the copies of a project's own charts are the project's text as it stands: left out.
    """
    notes = {f"note {note.id}": note.body.encode() for mr in opened for note in mr.notes}
    pipelines = [p for project in alone.gitlab.world.projects.values() for p in project.pipelines.values()]
    statuses = {
        f"status {s.id}": str((s.name, s.description)).encode() for p in pipelines for s in p.statuses
    }
    traces = {f"trace of job {job.id}": job.trace for p in pipelines for job in p.jobs}
    stored = {
        where: data
        for where, data in alone.everything_stored().items()
        if "/repositories/" not in where and "/charts/trees/" not in where
    }
    archives = {
        f"{where}: {name}": archive.read(name)
        for where, data in stored.items()
        if where.endswith(".zip")
        for archive in [zipfile.ZipFile(BytesIO(data))]
        for name in archive.namelist()
    }
    log = {"the bot's log": "\n".join(alone.bot.lines).encode()}
    whole = {**notes, **statuses, **traces, **stored, **archives, **log}
    missing = [kind for kind in kinds if not any(where.startswith(kind) for where in whole)]
    if missing or ("gitlab/artifacts" in kinds and not archives):
        pytest.fail(f"nothing was searched of {missing}")
    return whole
