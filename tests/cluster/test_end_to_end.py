"""The whole way on a real API server, with Helm's own command: from the hook to the verified note."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.core.document import from_document
from bot.core.planned import Plan
from bot.core.redact.masking import Masker
from tests.cluster.control_plane import ControlPlane
from tests.cluster.releases import revisions
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import Site
from tests.e2e.world import World, world

pytestmark = pytest.mark.timeout(240)
PLACES = {"ConfigMap": "configmaps", "Secret": "secrets"}
SERVERS = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "generation", "selfLink")
HOOK = """\
apiVersion: batch/v1
kind: Job
metadata:
  name: {{ .Release.Name }}-migration
  annotations: {helm.sh/hook: pre-upgrade}
spec:
  template:
    spec:
      restartPolicy: Never
      containers: [{name: migration, image: registry.example.com/migration:1.0.0}]
"""


@pytest.fixture
async def running(tmp_path: Path, kubeconfig: Path, helm: Path) -> AsyncIterator[World]:
    """A GitLab and the bot, before the real cluster; jobs have Helm's command."""
    async with world(tmp_path, kubeconfig, helm=helm.parent) as made:
        yield made


@pytest.fixture
async def site(running: World, namespace: str) -> Site:
    """A project that deploys into the test's namespace."""
    return await running.site(namespace=namespace)


async def stored(running: World, site: Site, iid: int) -> tuple[Plan, Masker]:
    """The plan as the bot keeps it, and the masker of its installation."""
    database = await open_database(f"sqlite:///{running.folder / 'data' / 'purser.db'}")
    try:
        store = SqlStore(database)
        found = await store.newest_plan(site.project.path, iid, site.target)
        assert found is not None
        return from_document(found.document), Masker(await store.key("fingerprint"))
    finally:
        await database.dispose()


def live(plane: ControlPlane, namespace: str, kind: str, name: str) -> dict[str, Any]:
    """One object as the API server has it."""
    group = "/apis/apps/v1" if kind == "Deployment" else "/api/v1"
    found: dict[str, Any] = plane.api.call(
        "GET", f"{group}/namespaces/{namespace}/{PLACES.get(kind, 'deployments')}/{name}"
    )
    return found


def settled(found: dict[str, Any]) -> dict[str, Any]:
    """The object without what the server and its controllers keep of their own."""
    metadata = {key: value for key, value in found["metadata"].items() if key not in SERVERS}
    notes = {
        k: v
        for k, v in metadata.pop("annotations", {}).items()
        if not k.startswith("deployment.kubernetes.io/")
    }
    whole = {key: value for key, value in found.items() if key not in ("status", "metadata")}
    return {**whole, "metadata": {**metadata, "annotations": notes}}


async def merged(site: Site, branch: str, files: dict[str, str]) -> tuple[int, str, str]:
    """The number of the merge request, its plan note and its deploy note."""
    mr = await site.change(branch, files)
    plan = await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    return mr.iid, plan, await site.deployed(mr)


async def assert_as_planned(
    running: World, site: Site, plane: ControlPlane, iid: int, kinds: set[str]
) -> None:
    plan, masker = await stored(running, site, iid)
    every = [item for release in plan.releases for item in release.objects]
    planned = [item for item in every if item.after is not None and item.ref.namespace]
    assert {item.ref.kind for item in planned} == kinds
    for item in planned:
        assert item.after is not None
        found = masker.manifest(live(plane, site.namespace, item.ref.kind, item.ref.name))
        assert settled(found) == settled(item.after)


async def test_what_was_planned_is_what_the_cluster_has(
    running: World, site: Site, control_plane: ControlPlane
) -> None:
    iid, plan, note = await merged(site, "install", {VALUES: values(color="green")})
    assert "1 to install" in plan
    assert "✅ Deployed to `production` and verified" in note
    [job] = site.jobs(site.apply_pipelines()[0])
    assert b"Deploying with helm-cli" in job.trace
    await assert_as_planned(running, site, control_plane, iid, {"ConfigMap", "Secret", "Deployment"})
    assert revisions(control_plane, site.namespace) == [("web", 1, "deployed")]

    changed = {VALUES: values(color="red", password="not-a-real-password-2")}
    iid, plan, note = await merged(site, "upgrade", changed)
    assert "1 to upgrade" in plan
    assert "-  color: green\n+  color: red" in plan
    assert "✅ Deployed to `production` and verified" in note
    await assert_as_planned(running, site, control_plane, iid, {"ConfigMap", "Secret", "Deployment"})
    assert revisions(control_plane, site.namespace) == [("web", 1, "superseded"), ("web", 2, "deployed")]

    gone = releases(site.namespace).replace("- name: web\n", "- name: web\n  installed: false\n")
    _, plan, note = await merged(site, "uninstall", {RELEASES: gone})
    assert "1 to uninstall" in plan
    assert f"{site.namespace}/web is uninstalled." in note
    assert revisions(control_plane, site.namespace) == []


async def test_a_chart_that_fails_is_found_before_the_merge_and_deploys_nothing(
    site: Site, control_plane: ControlPlane
) -> None:
    _, plan, note = await merged(site, "bad", {VALUES: values(refused="Nonsense")})
    assert "would fail" in plan
    assert "Nonsense" in plan
    assert "⏸️ Held: `production` was not deployed" in note
    assert site.apply_pipelines() == []
    assert revisions(control_plane, site.namespace) == []


async def test_a_hook_that_never_ends_fails_the_deploy_and_its_log_is_shown(
    site: Site, control_plane: ControlPlane
) -> None:
    """There is no node that could run it: no dry run can know."""
    _, _, note = await merged(site, "install", {VALUES: values(color="green")})
    assert "✅ Deployed" in note
    limited = releases(site.namespace).replace("- name: web\n", "- name: web\n  timeout: 3s\n")
    files = {RELEASES: limited, VALUES: values(color="red"), "charts/web/templates/hook.yaml": HOOK}
    _, plan, note = await merged(site, "migrate", files)
    assert "web-migration" in plan
    assert "❌ The deploy to `production` failed" in note
    assert f"not applied: {site.namespace}/web" in note
    assert "/artifacts/browse" in note
    assert live(control_plane, site.namespace, "ConfigMap", "web")["data"] == {"color": "green"}
    assert revisions(control_plane, site.namespace) == [("web", 1, "deployed"), ("web", 2, "failed")]


async def test_a_push_between_the_plan_and_the_merge_deploys_nothing(
    site: Site, control_plane: ControlPlane
) -> None:
    mr = await site.change(files={VALUES: values(color="green")})
    await site.planned(mr)
    await site.gitlab.approve(mr, site.max)
    planned = mr.head
    site.gitlab.hooks.hold()
    await site.push("change", {VALUES: values(color="red")})
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    site.gitlab.hooks.release(reversed)
    note = await site.deployed(mr)
    assert f"the plan was made for {planned[:8]}, but {mr.head[:8]} was merged." in note
    assert "Open another merge request" in note
    assert site.apply_pipelines() == []
    assert revisions(control_plane, site.namespace) == []
