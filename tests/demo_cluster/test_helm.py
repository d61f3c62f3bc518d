"""Helm itself, from processes of its own, on the simulated cluster."""

import asyncio
import json
import os
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from bot.demo.cluster import SimulatedCluster
from tests.demo_cluster.conversations import Step
from tests.demo_cluster.talking import Talk

Release = Callable[..., Awaitable[tuple[int, str]]]
"""Runs Helm with arguments; its exit code and what it said."""

HERE = Path(__file__).parent
CHART = HERE / "chart"


async def run(program: Path, *arguments: str, home: Path, cluster: SimulatedCluster) -> tuple[int, str]:
    environment = {"HOME": str(home), "KUBECONFIG": str(cluster.kubeconfig), "PATH": os.defpath}
    process = await asyncio.create_subprocess_exec(
        program,
        *arguments,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    async with asyncio.timeout(60):
        output, _ = await process.communicate()
    return process.returncode or 0, output.decode()


def shown(cluster: SimulatedCluster, kind: str) -> list[str]:
    return [one["metadata"]["name"] for one in cluster.objects(kind, "default")]


@pytest.fixture
def release(helm: Path, tmp_path: Path, simulated: SimulatedCluster) -> Release:
    async def command(*arguments: str) -> tuple[int, str]:
        return await run(helm, *arguments, home=tmp_path, cluster=simulated)

    return command


async def test_a_release_lives_its_life(release: Release, simulated: SimulatedCluster) -> None:
    wait = ("--wait", "--timeout", "20s")
    assert (await release("install", "web", str(CHART), *wait))[0] == 0
    assert (await release("upgrade", "web", str(CHART), "--set", "text=bye,replicas=3", *wait))[0] == 0
    changed = simulated.objects("ConfigMap", "default")[0]["data"]
    assert (await release("rollback", "web", "1", *wait))[0] == 0
    restored = simulated.objects("ConfigMap", "default")[0]["data"]
    _, history = await release("history", "web", "--output", "json")
    assert (await release("uninstall", "web", "--wait"))[0] == 0

    assert (changed, restored) == ({"text": "bye"}, {"text": "hello"})
    statuses = [one["status"] for one in json.loads(history)]
    assert statuses == ["superseded", "superseded", "deployed"]
    assert [shown(simulated, kind) for kind in ("Deployment", "Service", "ConfigMap", "Secret")] == [[]] * 4


async def test_waiting_for_a_broken_image_fails_the_release(release: Release) -> None:
    arguments = ("--set", "image=web:broken", "--wait", "--timeout", "2s")
    code, output = await release("install", "web", str(CHART), *arguments)

    assert code == 1
    assert "Deployment/default/web not ready" in output


async def test_helm_fails_on_what_was_changed_by_hand(release: Release, api: Talk) -> None:
    await release("install", "web", str(CHART))
    path = "/api/v1/namespaces/default/configmaps/web"
    edit = {"data": {"text": "hand"}}
    await api.say(Step("PATCH", path, edit, "application/merge-patch+json", "fieldManager=kubectl-edit"))

    code, output = await release("upgrade", "web", str(CHART), "--set", "text=other")

    assert code == 1
    assert 'conflict with "kubectl-edit" using v1: .data.text' in output


async def test_helm_finds_a_missing_namespace(release: Release, simulated: SimulatedCluster) -> None:
    failed, output = await release("install", "web", str(CHART), "--namespace", "new")
    made, _ = await release("install", "web", str(CHART), "--namespace", "new", "--create-namespace")

    assert (failed, made) == (1, 0)
    assert 'namespaces "new" not found' in output
    assert [one["metadata"]["name"] for one in simulated.objects("Service", "new")] == ["web"]


async def test_the_sdk_lives_the_same_life(simulated: SimulatedCluster, tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        str(Path(sys.executable).with_name("helm")),
        str(HERE / "sdk_release.py"),
        str(simulated.kubeconfig),
        str(CHART),
        executable=sys.executable,
        env={"HOME": str(tmp_path), "PATH": os.defpath},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(90):
        output, errors = await process.communicate()

    assert (process.returncode, errors) == (0, b"")
    assert json.loads(output) == ["superseded", "superseded", "deployed"]
    assert simulated.objects("Deployment", "sdk") == []
