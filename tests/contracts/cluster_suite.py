"""What every API server must do for the adapter, whether it is a real one or a simulated one.

Whoever runs the suite gives the fixtures `kubeconfig` (a file of an administrator) and `namespace` (one that
exists and is the test's own).
"""

import base64
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.core.model import ObjectRef, Target
from bot.core.question import Answer, Question
from tests.cluster.api import Api

APPLY = "application/apply-patch+yaml"


def target(kubeconfig: Path) -> Target:
    return Target(name="test", project="group/project", kubeconfig=str(kubeconfig))


def api_of(kubeconfig: Path, folder: Path) -> Api:
    """A client of its own that really writes."""
    content = yaml.safe_load(kubeconfig.read_text(encoding="utf-8"))
    cluster, user = content["clusters"][0]["cluster"], content["users"][0]["user"]
    ca = cluster.get("certificate-authority")
    if ca is None:
        ca = folder / "ca.crt"
        ca.write_bytes(base64.b64decode(cluster["certificate-authority-data"]))
    return Api(cluster["server"], Path(ca), user["token"])


def config_map(namespace: str, name: str = "settings", **data: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": data,
    }


def deployment(namespace: str, app: str = "web") -> dict[str, Any]:
    labels = {"app": app}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "web", "namespace": namespace},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": "web", "image": "web:1"}]},
            },
        },
    }


def ref_of(manifest: dict[str, Any]) -> ObjectRef:
    metadata = manifest["metadata"]
    return ObjectRef(
        manifest["apiVersion"], manifest["kind"], metadata.get("namespace", ""), metadata["name"]
    )


class OnACluster:
    """The fixtures that both halves of the contract need."""

    @pytest.fixture
    def api(self, kubeconfig: Path, tmp_path: Path) -> Api:
        return api_of(kubeconfig, tmp_path)

    @pytest.fixture
    async def cluster(self, kubeconfig: Path) -> AsyncIterator[KubernetesCluster]:
        async with KubernetesClusters({}).open(target(kubeconfig)) as cluster:
            assert isinstance(cluster, KubernetesCluster)
            yield cluster

    @pytest.fixture
    def config_maps(self, namespace: str) -> str:
        """The path of the namespace's ConfigMaps."""
        return f"/api/v1/namespaces/{namespace}/configmaps"


async def one(cluster: KubernetesCluster, question: Question) -> Answer:
    (answer,) = await cluster.ask([question])
    return answer
