"""A job that is cancelled: `purser apply` gets SIGTERM while Helm waits."""

import asyncio
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from bot.core.helm_record import stored_release
from bot.demo.cluster import SimulatedCluster

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: "registry.example.com/broken:1"}]}
"""
RELEASES = """\
version: 1
releases:
  - {name: web, namespace: shop, chart: ./chart, wait: true, timeout: 60}
"""


def checkout(folder: Path) -> Path:
    (folder / "chart" / "templates").mkdir(parents=True)
    (folder / "releases.yaml").write_text(RELEASES, encoding="utf-8")
    (folder / "chart" / "Chart.yaml").write_text(
        "apiVersion: v2\nname: web\nversion: 1.0.0\n", encoding="utf-8"
    )
    (folder / "chart" / "templates" / "web.yaml").write_text(DEPLOYMENT, encoding="utf-8")
    return folder


async def purser(folder: Path, kubeconfig: Path, *arguments: str) -> asyncio.subprocess.Process:
    environment = {
        "PATH": str(Path(sys.executable).parent),  # without the helm command: the library deploys
        "HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "KUBECONFIG": str(kubeconfig),
        "LANG": os.environ.get("LANG", "C.UTF-8"),
    }
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *arguments),
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )


def statuses(cluster: SimulatedCluster) -> list[str]:
    secrets = [one for one in cluster.objects("Secret", "shop") if one["type"].startswith("helm.sh/")]
    return [stored_release(secret).status for secret in secrets]


@pytest.mark.timeout(100)
async def test_a_cancelled_job_leaves_the_release_failed_and_not_pending(tmp_path: Path) -> None:
    async with SimulatedCluster(tmp_path / "cluster") as cluster:
        tree = checkout(tmp_path / "tree")
        planning = await purser(tree, cluster.kubeconfig, "plan", ".", "--output", "json")
        output, _ = await planning.communicate()
        job = await purser(tree, cluster.kubeconfig, "apply", ".", "--seal", json.loads(output)["seal"])
        async with asyncio.timeout(60):
            while not cluster.objects("Deployment", "shop"):
                await asyncio.wait({asyncio.ensure_future(job.wait())}, timeout=0.05)
                assert job.returncode is None
        job.send_signal(signal.SIGTERM)
        said, _ = await job.communicate()
        assert job.returncode == 1
        assert "Stopped from outside" in said.decode()
        assert (tree / "helm-output.log").is_file()
        assert statuses(cluster) == ["failed"]
