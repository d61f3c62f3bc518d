"""Drift on a real API server: an edit by hand opens the issue, Helm's way back closes it."""

import asyncio
from pathlib import Path

import pytest

from bot.core.notes.marks import drift_marker
from bot.demo.gitlab.state import Issue
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import find
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.test_drift_stories import drifted, looking_world

pytestmark = [pytest.mark.long, pytest.mark.timeout(600)]
STRATEGIC = "application/strategic-merge-patch+json"


def edit(plane: ControlPlane, namespace: str, color: str, manager: str) -> None:
    """As `kubectl edit` does it."""
    place = f"/api/v1/namespaces/{namespace}/configmaps/web?fieldManager={manager}"
    plane.api.call("PATCH", place, {"data": {"color": color}}, content_type=STRATEGIC)


async def set_back(plane: ControlPlane, namespace: str) -> None:
    """As the issue says to do it."""
    helm = [str(find("helm")), "--kubeconfig", str(plane.kubeconfig), "rollback", "web", "1"]
    done = await asyncio.create_subprocess_exec(*helm, "--namespace", namespace, "--force-conflicts")
    assert await done.wait() == 0


def issues(site: Site) -> list[Issue]:
    """There should never be two."""
    return [it for it in site.project.issues.values() if it.description.startswith(drift_marker(site.target))]


async def test_an_edit_by_hand_comes_and_goes_in_one_issue(
    tmp_path: Path, kubeconfig: Path, helm: Path, namespace: str, control_plane: ControlPlane
) -> None:
    async with looking_world(tmp_path, kubeconfig, helm.parent) as running:
        site = await running.site(namespace=namespace)
        mr = await site.change(files={VALUES: values(color="green")})
        await site.planned(mr)
        await site.gitlab.merge(mr, site.max)
        note = await site.deployed(mr)
        assert "✅ Deployed" in note, note

        edit(control_plane, namespace, "magenta", "kubectl-edit")
        issue = await drifted(site, "opened", "magenta")
        assert "written by `kubectl-edit`, last at 20" in issue.description
        assert '- /data/color: "green"' in issue.description

        await set_back(control_plane, namespace)
        assert (await drifted(site, "closed", "The drift is gone")) is issue

        edit(control_plane, namespace, "orange", "terraform")
        assert (await drifted(site, "opened", "orange")) is issue
        assert "`terraform`" in issue.description
        assert issues(site) == [issue]
