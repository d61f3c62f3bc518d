"""`purser doctor` about clusters: reached, known to them, and each permission."""

import pytest

from tests.cli.doctor.examining import examine, only_ill, unused_port
from tests.cli.installation import Installation


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
