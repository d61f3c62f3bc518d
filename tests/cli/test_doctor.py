"""`purser doctor`: a good installation is well, and each broken one gets its own right diagnosis."""

import json
import socket
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from bot.core.diagnosis import all_well, ill, to_document, unsure, well
from bot.demo.cluster import SimulatedCluster
from bot.demo.gitlab import Level
from tests.cli.installation import PROJECT, TOKEN, Installation, installation

Checks = list[dict[str, str]]


@pytest.fixture
async def site(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> AsyncIterator[Installation]:
    """An installation in which all is well."""
    async with SimulatedCluster(tmp_path / "cluster") as kubernetes, installation(tmp_path, capsys) as made:
        made.cluster = kubernetes
        kubernetes.rights.denied.add(("delete", "nodes"))  # not everything: that would be looked at
        made.target["kubeconfig"] = str(kubernetes.kubeconfig)
        await made.purser("webhook", "install", "--url", made.service.url, "--test")
        yield made


async def examine(site: Installation, *flags: str) -> tuple[int, Checks]:
    ran = await site.purser("doctor", "--output", "json", *flags)
    found = json.loads(ran.out)
    assert found["well"] == (ran.code == 0)
    return ran.code, found["checks"]


async def only_ill(site: Installation, *flags: str) -> dict[str, str]:
    """The one thing that is wrong; fails where there is none, or another."""
    code, checks = await examine(site, *flags)
    bad = [it for it in checks if it["state"] == "ill"]
    assert (code, [it["area"] for it in bad]) == (1, [bad[0]["area"]] if bad else "nothing")
    assert bad[0]["mend"]
    return bad[0]


def unused_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


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


@pytest.mark.long
async def test_a_gitlab_that_does_not_answer(site: Installation) -> None:
    site.config["gitlab"]["url"] = f"http://127.0.0.1:{unused_port()}"
    found = await only_ill(site)
    assert (found["area"], "does not answer" in found["said"]) == ("gitlab", True)
    assert found["mend"].startswith("curl --include http://127.0.0.1:")


@pytest.mark.long
async def test_something_else_than_gitlab_at_the_address(site: Installation) -> None:
    site.config["gitlab"]["url"] = site.service.url
    code, checks = await examine(site)
    assert code == 1
    assert next(it["area"] for it in checks if it["state"] == "ill") in ("gitlab", "token")


@pytest.mark.long
async def test_a_token_that_was_revoked(site: Installation) -> None:
    site.gitlab.revoke((site.folder / "token").read_text())
    found = await only_ill(site)
    assert found["area"] == "token"
    assert "The token is not valid" in found["said"]
    assert "scope api" in found["mend"]


@pytest.mark.long
async def test_a_token_without_the_scope(site: Installation) -> None:
    site.secret("token", site.gitlab.token_for(site.bot, ["read_api"]))
    found = await only_ill(site)
    assert found["said"] == "The token lacks the scope api; it has read_api."


@pytest.mark.long
async def test_a_token_that_will_expire_is_told_and_is_no_failure(site: Installation) -> None:
    soon = (datetime.now(UTC) + timedelta(days=3)).date()
    site.secret("token", site.gitlab.token_for(site.bot, ["api"], expires=soon))
    code, checks = await examine(site)
    [token] = [it for it in checks if it["area"] == "token"]
    assert (code, token["state"]) == (0, "unsure")
    assert soon.isoformat() in token["said"]


@pytest.mark.long
async def test_a_role_that_is_too_low(site: Installation) -> None:
    site.project.members[site.bot.id] = Level.DEVELOPER
    code, checks = await examine(site)
    bad = {it["area"]: it for it in checks if it["state"] == "ill"}
    assert (code, set(bad)) == (1, {"role", "webhook"})
    assert "The bot is developer here" in bad["role"]["said"]
    assert bad["role"]["mend"].endswith(f"/{PROJECT}/-/project_members")


@pytest.mark.long
async def test_a_project_that_is_misspelt(site: Installation) -> None:
    site.config["projects"][0]["path"] = "platform/clutser"
    code, checks = await examine(site)
    bad = {it["area"]: it for it in checks if it["state"] == "ill"}
    assert (code, set(bad)) == (1, {"role", "webhook"})
    assert "There is no such project" in bad["role"]["said"]


@pytest.mark.long
async def test_no_webhook(site: Installation) -> None:
    site.gitlab.world.hooks.clear()
    found = await only_ill(site, "--url", "https://purser.example.com")
    assert found["said"] == "There is no webhook to the service: it hears nothing."
    assert "purser webhook install" in found["mend"]
    assert found["mend"].endswith("--url https://purser.example.com/hooks/gitlab")


@pytest.mark.long
async def test_a_webhook_that_does_not_send_what_is_needed(site: Installation) -> None:
    [hook] = site.gitlab.world.hooks.values()
    hook.events.discard("job_events")
    found = await only_ill(site)
    assert (found["area"], found["said"]) == ("webhook", "It does not send job.")


@pytest.mark.long
async def test_a_webhook_whose_secret_is_another(site: Installation) -> None:
    site.service.accept("changed-behind-our-back")
    for number in range(3):
        await site.gitlab.push(site.project, "main", {"a": f"{number}"}, site.ada)
    await site.gitlab.hooks.idle()
    found = await only_ill(site)
    assert found["said"] == "Of the last 4 deliveries 3 failed: 3 with 401."
    assert "purser webhook install" in found["mend"]
    site.service.accept(TOKEN)


@pytest.mark.long
async def test_a_webhook_that_gitlab_switched_off(site: Installation) -> None:
    [hook] = site.gitlab.world.hooks.values()
    hook.disabled = True
    found = await only_ill(site)
    assert "switched it off after failures" in found["said"]


@pytest.mark.long
async def test_a_clock_that_is_wrong(site: Installation) -> None:
    wrong = format_datetime(datetime.now(UTC) + timedelta(minutes=10), usegmt=True)

    def later(request: web.Request, response: web.StreamResponse) -> web.StreamResponse | None:
        response.headers["Date"] = wrong
        return None

    site.gitlab.plant_fault(after=later)
    found = await only_ill(site)
    assert found["area"] == "clock"
    assert "behind GitLab's. Signed deliveries are refused." in found["said"]


@pytest.mark.long
async def test_a_kubeconfig_that_is_not_there(site: Installation) -> None:
    site.target["kubeconfig"] = "/nowhere/kubeconfig"
    found = await only_ill(site)
    assert found["area"] == "cluster"
    assert "/nowhere/kubeconfig" in found["said"]


@pytest.mark.long
async def test_a_cluster_that_does_not_answer(site: Installation) -> None:
    await site.cluster.stop()
    elsewhere = site.folder / "kubeconfig"
    await site.cluster.start()
    text = site.cluster.kubeconfig.read_text()
    elsewhere.write_text(text.replace(site.cluster.url, f"https://127.0.0.1:{unused_port()}"))
    site.target["kubeconfig"] = str(elsewhere)
    found = await only_ill(site)
    assert (found["area"], "cannot be reached" in found["said"]) == ("cluster", True)
    assert found["mend"].startswith(f"kubectl --kubeconfig {elsewhere} version")


@pytest.mark.long
async def test_a_cluster_that_does_not_know_us(site: Installation) -> None:
    elsewhere = site.folder / "kubeconfig"
    elsewhere.write_text(site.cluster.kubeconfig.read_text().replace(site.cluster.token, "an-old-token"))
    site.target["kubeconfig"] = str(elsewhere)
    found = await only_ill(site)
    assert "does not accept our credentials" in found["said"]
    assert "auth whoami" in found["mend"]


async def test_a_permission_that_planning_lacks(site: Installation) -> None:
    site.cluster.rights.denied |= {("patch", "deployments.apps"), ("patch", "services")}
    found = await only_ill(site)
    assert (found["area"], found["about"]) == ("rights", "production (plan)")
    assert found["said"] == "It may not patch services, deployments.apps."
    assert found["mend"].splitlines() == [
        "kubectl create clusterrole purser-plan-1 --verb=patch --resource=services,deployments.apps",
        "kubectl create clusterrolebinding purser-plan-1 --clusterrole=purser-plan-1 --user=USER",
    ]


@pytest.mark.long
async def test_a_permission_that_deploying_lacks(site: Installation) -> None:
    site.cluster.rights.denied.add(("update", "secrets"))
    assert (await examine(site))[0] == 0
    site.target["deploy"] = {"mode": "direct"}
    found = await only_ill(site, "--namespace", "web")
    assert found["about"] == "production (deploy)"
    assert found["said"] == "It may not update secrets in the namespace web."
    assert "--namespace web" in found["mend"]


@pytest.mark.long
async def test_a_planner_that_may_do_anything_is_told(site: Installation) -> None:
    site.cluster.rights.denied.clear()
    code, checks = await examine(site)
    [sign] = [it for it in checks if it["state"] == "unsure"]
    assert (code, sign["said"]) == (0, "The planning identity may do anything in this cluster.")


@pytest.mark.long
async def test_a_planner_whose_real_write_is_not_refused(site: Installation) -> None:
    found = await only_ill(site, "--try-write")
    assert found["area"] == "write"
    assert "deleted again at once" in found["said"]
    assert "rbac.plan.admissionPolicy" in found["mend"]
    assert (await examine(site))[0] == 0  # it is tried only where it is asked for


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
