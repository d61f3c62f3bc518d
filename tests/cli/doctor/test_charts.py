"""What `purser doctor` says of chart hosts with a credential."""

import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.bootstrap.checkup_charts import chart_signs
from bot.config import load
from bot.core.diagnosis import Diagnosis
from tests.adapters.charts_script import Served, chart_files, packed, registry, serving
from tests.cli.doctor.examining import unused_port
from tests.test_config import ENVIRON, MINIMAL, write

PASSWORD = "pass-of-the-doctor"
BASIC = "Basic " + base64.b64encode(f"robot:{PASSWORD}".encode()).decode()


@pytest.fixture
async def served(tmp_path: Path) -> AsyncIterator[Served]:
    async with serving(tmp_path / "tls") as one:
        one.give("/index.yaml", "apiVersion: v1\nentries: {}\n")
        yield one


async def only(folder: Path, served: Served, **other: Any) -> Diagnosis:
    login = {"host": served.host, "username": "robot", "password": {"env": "CHARTS"}}
    charts = {"allowed_hosts": [served.host], "credentials": [{**login, "ca_file": str(served.ca_file)}]}
    file = write(folder, f"{MINIMAL}charts: {json.dumps({**charts, **other})}\n")
    (found,) = await chart_signs(load(file, {**ENVIRON, "CHARTS": PASSWORD}).charts)
    assert PASSWORD not in f"{found}"
    return found


async def test_a_repository_that_takes_its_credential_is_well(served: Served, tmp_path: Path) -> None:
    served.guard(BASIC)
    found = await only(tmp_path, served)
    assert (found.area, found.about, found.state) == ("charts", served.host, "well")


async def test_a_wrong_password_of_a_repository(served: Served, tmp_path: Path) -> None:
    served.guard("Basic of somebody else")
    found = await only(tmp_path, served)
    assert (found.state, "does not accept the bot's credential" in found.said) == ("ill", True)
    assert f"the entry of {served.host} in charts.credentials" in found.mend


@pytest.mark.parametrize(("status", "state"), [(200, "well"), (401, "ill"), (403, "ill")])
async def test_a_registrys_token_says_whether_the_password_is_right(
    served: Served, tmp_path: Path, status: int, state: str
) -> None:
    registry(served, packed(chart_files()), token="t0ken")
    served.answers["/v2/"] = served.answers["/v2/charts/web/manifests/1.2.3"]
    served.give("/token", '{"token": "t0ken"}', status)
    assert (await only(tmp_path, served)).state == state


async def test_a_host_that_shows_no_door_is_no_good_news_and_no_bad(served: Served, tmp_path: Path) -> None:
    served.answers.clear()
    served.give("/", "not here", 403)
    found = await only(tmp_path, served)
    assert found.state == "unsure"
    assert f"curl --head --user robot https://{served.host}/PATH/index.yaml" in found.mend


async def test_a_credential_for_a_host_that_is_not_allowed(served: Served, tmp_path: Path) -> None:
    found = await only(tmp_path, served, allowed_hosts=[])
    assert (found.state, served.asked) == ("ill", [])
    assert f"Add {served.host} to charts.allowed_hosts" in found.mend


async def test_a_private_host_that_does_not_answer(served: Served, tmp_path: Path) -> None:
    gone = Served(unused_port(), served.ca_file)
    found = await only(tmp_path, gone)
    assert (found.state, "does not answer" in found.said) == ("ill", True)
