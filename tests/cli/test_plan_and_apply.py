"""`purser plan` and `purser apply` in a checkout: exit codes, and what a person reads."""

import json
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.cli.conftest import Purser, write
from tests.e2e.files import RELEASES, VALUES, project_files, releases, values
from tests.e2e.site import SEAL

pytestmark = pytest.mark.asyncio(loop_scope="session")


def checkout(folder: Path, namespace: str, **more: str) -> Path:
    return write(folder / "checkout", {**project_files(namespace), **more})


async def test_plan_apply_and_plan_again(purser: Purser, cluster: SimulatedCluster, tmp_path: Path) -> None:
    """2 something would change, 0 applied and verified, 0 nothing would change, 0 nothing to do."""
    checkout(tmp_path, "cli-whole")
    first = await purser("plan", "checkout", "--output", "json")
    plan = json.loads(first.out)
    assert (first.code, first.err) == (2, "")
    assert (plan["schema"], plan["complete"], plan["target"]) == ("purser.plan/v1", True, "local")
    actions = {item["kind"]: item["action"] for item in plan["releases"][0]["objects"]}
    assert actions == {
        "Namespace": "create", "ConfigMap": "create", "Secret": "create", "Deployment": "create"
    }  # fmt: skip
    assert "not-a-real-password-1" not in first.out

    applied = await purser("apply", "checkout", "--seal", plan["seal"])
    assert applied.code == 0
    assert f"The seal holds: {plan['seal']}" in applied.out
    assert "[1/1] install cli-whole/web" in applied.out
    assert "Applied and verified: cli-whole/web." in applied.out
    assert not (tmp_path / "helm-output.log").exists()
    assert [it["data"] for it in cluster.objects("ConfigMap", "cli-whole")] == [{"color": "blue"}]

    again = await purser("plan", "checkout")
    assert again.code == 0
    assert "Plan for local: no changes" in again.out
    seal = SEAL.search(again.out)
    assert seal is not None
    nothing = await purser("apply", "checkout", "--seal", seal[0])
    assert (nothing.code, "Nothing to do: the cluster has all of it already." in nothing.out) == (0, True)


async def test_a_seal_that_no_longer_holds_is_refused_with_what_moved(
    purser: Purser, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    folder = checkout(tmp_path, "cli-moved")
    seal = json.loads((await purser("plan", "checkout", "--output", "json")).out)["seal"]
    write(folder, {VALUES: values(color="red", replicas=2)})
    refused = await purser("apply", "checkout", "--seal", seal)
    assert refused.code == 3
    assert "Refused: the seal no longer holds, so nothing was touched. What moved:" in refused.out
    assert f"It was sealed as {seal}." in refused.out
    assert "cli-moved/web: ConfigMap cli-moved/web would change otherwise" in refused.out
    assert cluster.objects(namespace="cli-moved") == []


async def test_a_seal_of_nowhere_is_refused(purser: Purser, tmp_path: Path) -> None:
    checkout(tmp_path, "cli-nowhere")
    refused = await purser("apply", "checkout", "--seal", "sha256:" + "0" * 64)
    assert refused.code == 3
    assert "The plan of now has sha256:" in refused.out


async def test_a_deploy_that_fails_says_what_was_applied_and_leaves_its_log(
    purser: Purser, cluster: SimulatedCluster, tmp_path: Path
) -> None:
    names = releases("cli-fails", "web", "late").replace(
        "- name: late\n", "- name: late\n  wait: true\n  timeout: 1s\n"
    )
    late = values(replicas=1, tag="broken", password="not-a-real-password-3")
    checkout(tmp_path, "cli-fails", **{RELEASES: names, "values/late.yaml": late})
    seal = json.loads((await purser("plan", "checkout", "--output", "json")).out)["seal"]
    failed = await purser("apply", "checkout", "--seal", seal)
    assert failed.code == 1
    assert "[2/2] install cli-fails/late" in failed.out
    assert "applied: cli-fails/web" in failed.out
    assert "not applied: cli-fails/late" in failed.out
    kept = (tmp_path / "helm-output.log").read_text(encoding="utf-8")
    assert "Failed: cli-fails/late:" in kept
    assert "not-a-real-password" not in kept + failed.out + failed.err


async def test_the_same_checkout_prints_the_same_seal_in_each_form(purser: Purser, tmp_path: Path) -> None:
    checkout(tmp_path, "cli-forms")
    printed = [
        await purser("plan", "checkout", "--output", form) for form in ("terminal", "json", "markdown")
    ]
    assert [ran.code for ran in printed] == [2, 2, 2]
    assert len({SEAL.findall(ran.out)[-1] for ran in printed}) == 1
    assert [
        ("+  color: blue" in ran.out, "\x1b[" in ran.out) for ran in printed if "{" not in ran.out[:2]
    ] == [
        (True, False),
        (True, False),
    ]


async def test_what_the_api_server_would_refuse_ends_with_4(purser: Purser, tmp_path: Path) -> None:
    checkout(tmp_path, "cli-refused", **{VALUES: values(replicas=-1)})
    ran = await purser("plan", "checkout")
    assert ran.code == 4
    assert "would fail: 1 error" in ran.out
    assert "No seal: this plan cannot be applied." in ran.out


async def test_an_unknown_release_is_said_with_those_that_are_known(purser: Purser, tmp_path: Path) -> None:
    checkout(tmp_path, "cli-only")
    ran = await purser("plan", "checkout", "--release", "wbe", "--output", "json")
    assert ran.code == 1
    assert json.loads(ran.out)["complete"] is False
    assert "No release is called wbe here. Did you mean web? Known are: cli-only/web." in ran.err


async def test_what_pods_say_after_the_deploy_is_masked(purser: Purser, tmp_path: Path) -> None:
    secret = "not-a-real-password-6"
    checkout(tmp_path, "cli-said", **{VALUES: values(replicas=1, tag=f"broken-{secret}", password=secret)})
    seal = json.loads((await purser("plan", "checkout", "--output", "json")).out)["seal"]
    applied = await purser("apply", "checkout", "--seal", seal, "--verify-seconds", "2")
    assert applied.code == 1
    assert "Deployment cli-said/web" in applied.out
    assert secret not in applied.out + applied.err
