"""`purser doctor`: a good installation is well, and each broken one gets its own right diagnosis."""

import sqlite3
from typing import Any

import pytest

from bot.core.diagnosis import all_well, ill, to_document, unsure, well
from tests.cli.doctor.examining import examine, only_ill, unused_port
from tests.cli.installation import PROJECT, TOKEN, Installation


async def test_a_good_installation_is_well(site: Installation) -> None:
    code, checks = await examine(site, "--url", site.service.url)
    assert [it for it in checks if it["state"] != "well"] == []
    assert code == 0
    areas = {it["area"] for it in checks}
    assert areas == {
        *("configuration", "database", "helm", "cluster", "rights"),
        *("gitlab", "clock", "token", "role", "webhook"),
    }
    ran = await site.purser("doctor")
    assert ran.code == 0
    assert f"All well: {len(checks)} checks." in ran.out


async def test_a_mistake_in_the_configuration(site: Installation) -> None:
    site.config["helm"] = {"engin": "cli"}
    found = await only_ill(site)
    assert found["area"] == "configuration"
    assert "did you mean engine?" in found["said"]
    assert "purser config check" in found["mend"]


async def test_a_helm_that_is_not_installed(site: Installation) -> None:
    site.config["helm"] = {"engine": "cli", "binary": "helm-of-the-moon"}
    found = await only_ill(site)
    assert (found["area"], "no program helm-of-the-moon" in found["said"]) == ("helm", True)
    assert "Install Helm 4" in found["mend"]


@pytest.mark.long
async def test_a_database_that_is_none(site: Installation) -> None:
    file = site.folder / "data" / "purser.db"
    file.parent.mkdir(exist_ok=True)
    file.write_bytes(b"this is no database at all, whatever it is called" * 50)
    found = await only_ill(site)
    assert found["area"] == "database"
    assert "cannot be opened" in found["said"]


@pytest.mark.long
async def test_a_database_of_a_newer_version(site: Installation) -> None:
    (site.folder / "data").mkdir(exist_ok=True)
    database = sqlite3.connect(site.folder / "data" / "purser.db")
    database.execute("CREATE TABLE purser_version (version_num TEXT)")
    database.execute("CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT)")
    database.execute("INSERT INTO purser_version VALUES ('9999')")
    database.commit()
    found = await only_ill(site)
    assert "It is at step 9999" in found["said"]
    assert database.execute("SELECT count(*) FROM meta").fetchone() == (0,)
    database.close()


@pytest.mark.long
async def test_a_chart_host_that_does_not_answer(site: Installation) -> None:
    host = f"127.0.0.1:{unused_port()}"
    site.config["charts"] = {"allowed_hosts": [host, site.service.url.removeprefix("http://")]}
    found = await only_ill(site)
    assert (found["area"], found["about"]) == ("charts", host)
    assert f"curl --head https://{host}/" in found["mend"]


@pytest.mark.long
async def test_each_thing_that_is_wrong_is_told_and_how_to_mend_it(site: Installation) -> None:
    site.gitlab.world.hooks.clear()
    site.config["helm"] = {"engine": "cli", "binary": "helm-of-the-moon"}
    ran = await site.purser("doctor")
    assert ran.code == 1
    assert "FAIL  helm: deploying: There is no program helm-of-the-moon on PATH." in ran.out
    assert f"FAIL  webhook: {PROJECT}: There is no webhook to the service" in ran.out
    assert "        purser webhook install --config" in ran.out
    assert "2 of " in ran.out.splitlines()[-1]
    secrets = [TOKEN, (site.folder / "token").read_text(), site.cluster.token]
    assert [it for it in secrets if it in ran.out + ran.err] == []


def test_every_check_has_a_shape_that_scripts_rely_on() -> None:
    found = [well("a", "b", "c"), unsure("a", "b", "c"), ill("a", "b", "c", "d")]
    document: dict[str, Any] = to_document(found)
    assert document["checks"][2] == {"area": "a", "about": "b", "state": "ill", "said": "c", "mend": "d"}
    assert (document["schema"], document["well"]) == ("purser.doctor/v1", False)
    assert all_well(found[:2])
