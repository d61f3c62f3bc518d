"""A planning identity that lacks rights: the note names what was forbidden, and nothing is sealed."""

from pathlib import Path

from tests.cluster.control_plane import ControlPlane
from tests.e2e.world import world


async def test_a_namespace_that_may_not_be_read_is_named(
    tmp_path: Path, control_plane: ControlPlane, namespace: str
) -> None:
    accounts = f"/api/v1/namespaces/{namespace}/serviceaccounts"
    control_plane.api.call("POST", accounts, {"metadata": {"name": "planner"}})
    token = control_plane.service_account_token(namespace, "planner")
    kubeconfig = control_plane.kubeconfig_for(f"planner-{namespace}", token)
    async with world(tmp_path, kubeconfig) as running:
        site = await running.site(namespace=namespace)
        mr = await site.change()
        note = await site.planned(mr)
        assert "The cluster refused to be read" in note
        assert namespace in note
        assert "Give the planning identity this right, then plan again." in note
        assert "This plan has no seal" in note
        await site.gitlab.merge(mr, site.max)
        assert "⏸️ Held" in await site.deployed(mr)
        assert site.apply_pipelines() == []
