"""`purser plan` and `purser apply` with private charts, as in a job that has no configuration."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bot.demo.cluster import SimulatedCluster
from tests.adapters.charts_script import Served, chart_files, packed, serving
from tests.cli.conftest import Purser, write

pytestmark = pytest.mark.asyncio(loop_scope="session")
PASSWORD = "pass-of-the-private-charts"
BASIC = "Basic " + base64.b64encode(f"job:{PASSWORD}".encode()).decode()
MANIFEST = (
    "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: web}\ndata: {said: {{ .Values.said | quote }}}\n"
)


@pytest_asyncio.fixture(loop_scope="session")
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "tls") as one:
        one.chart("web", "1.2.3", packed({**chart_files(), "templates/cm.yaml": MANIFEST}))
        one.guard(BASIC)
        yield one


def arranged(folder: Path, served: Served) -> dict[str, str]:
    """A checkout and a file of credentials; what the job's CI variables are."""
    releases = (
        f"version: 1\nrepositories:\n  - {{name: private, url: '{served.url}/charts'}}\n"
        "releases:\n  - {name: web, namespace: private-charts, chart: private/web, version: 1.2.3,"
        f" createNamespace: true, inline: {{said: 'it is {PASSWORD} here'}}}}\n"
    )
    login = {
        "host": served.host,
        "username": "job",
        "password": {"env": "CHARTS_PASSWORD"},
        "ca_file": str(served.ca_file),
    }
    write(folder, {"checkout/releases.yaml": releases, "charts.yaml": json.dumps({"credentials": [login]})})
    return {"PURSER_CHART_CREDENTIALS": "charts.yaml", "CHARTS_PASSWORD": PASSWORD}


async def test_a_job_plans_and_applies_with_the_credentials_of_its_variables(
    purser: Purser, cluster: SimulatedCluster, served: Served, tmp_path: Path
) -> None:
    variables = arranged(tmp_path, served)
    planned = await purser("plan", "checkout", "--output", "json", environment=variables)
    plan = json.loads(planned.out)
    assert (planned.code, plan["complete"]) == (2, True), plan["findings"]
    flag = ("--chart-credentials", "charts.yaml", "--keep", "kept")
    only = {"CHARTS_PASSWORD": PASSWORD}
    applied = await purser("apply", "checkout", "--seal", plan["seal"], *flag, environment=only)
    assert "Applied and verified: private-charts/web." in applied.out, applied.out + applied.err
    assert len(cluster.objects("ConfigMap", "private-charts")) == 1
    kept = "".join(it.read_text() for it in (tmp_path / "kept").rglob("*") if it.is_file())
    said = planned.out + planned.err + applied.out + applied.err + kept
    assert [it for it in (PASSWORD, BASIC.removeprefix("Basic ")) if it in said] == []


async def test_without_them_the_job_says_what_is_missing(
    purser: Purser, served: Served, tmp_path: Path
) -> None:
    variables = {**arranged(tmp_path, served), "CHARTS_PASSWORD": "another-password"}
    planned = await purser("plan", "checkout", "--output", "json", environment=variables)
    (finding,) = json.loads(planned.out)["releases"][0]["findings"]
    assert (planned.code, finding["code"]) == (1, "chart-credential")
    assert f"{served.host} does not accept the bot's credential" in finding["message"]
    assert "another-password" not in planned.out + planned.err
