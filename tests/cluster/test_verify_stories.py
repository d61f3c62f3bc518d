"""Verification on a real API server: pods come up, or never will, as a kubelet would say."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from tests.cluster.control_plane import ControlPlane
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World, world

pytestmark = pytest.mark.timeout(300)
PLACE = "by-bot"
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
NO_IMAGE = {
    "phase": "Pending",
    "containerStatuses": [
        {
            "name": "web",
            "image": "registry.example.com/web:1.0.0",
            "imageID": "",
            "ready": False,
            "restartCount": 0,
            "state": {"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}},
        }
    ],
}


@pytest.fixture
async def running(tmp_path: Path, kubeconfig: Path, helm: Path) -> AsyncIterator[World]:
    """A bot that deploys by itself."""
    targets = {PLACE: {"deploy": {"mode": "direct"}, "verify": {"deadline": "5m"}}}
    async with world(tmp_path, kubeconfig, helm=helm.parent, targets=targets) as made:
        yield made


@pytest.fixture
async def site(running: World, namespace: str) -> Site:
    """A project that deploys into the test's namespace."""
    return await running.site(PLACE, namespace=namespace)


async def kubelet_says(plane: ControlPlane, namespace: str, status: dict[str, Any]) -> None:
    """Waits for the one pod of the Deployment and sets its status."""
    pods = f"/api/v1/namespaces/{namespace}/pods"

    def look() -> str | None:
        names = [one["metadata"]["name"] for one in plane.api.call("GET", pods)["items"]]
        return names[0] if names else None

    name = await until(look, "the pod of the Deployment", 90)
    kind = "application/merge-patch+json"
    plane.api.call("PATCH", f"{pods}/{name}/status", {"status": status}, content_type=kind)


async def verifying(site: Site, files: dict[str, str]) -> Any:
    """A merge request that was merged, applied, and is not ready yet."""
    mr = await site.change(files=files)
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    await site.noted_deploy(mr, "0 of 1 pods are available")
    return mr


async def test_a_rollout_is_waited_for_and_its_end_is_seen(
    site: Site, control_plane: ControlPlane, namespace: str
) -> None:
    mr = await verifying(site, {VALUES: values(replicas=1)})
    await site.noted_deploy(mr, "A fresh plan is made when the rollouts are done.")
    await kubelet_says(control_plane, namespace, READY)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note
    assert f"✅ {namespace}/web runs web 1.0.0. (revision 1, " in note
    assert "✅ A fresh plan is empty." in note


async def test_a_pod_that_will_never_start_ends_it_with_the_reason(
    site: Site, control_plane: ControlPlane, namespace: str
) -> None:
    mr = await verifying(site, {VALUES: values(replicas=1)})
    await kubelet_says(control_plane, namespace, NO_IMAGE)
    note = await site.deployed(mr)
    assert f"it was applied, but not all came up: {namespace}/web." in note
    assert "ImagePullBackOff: Back-off pulling image" in note
    assert "No fresh plan was made." in note
