"""Mode `direct` before the real API server: who is at work, how it is killed, and what is held afterwards."""

import contextlib
import os
import signal
import sqlite3
from collections import Counter
from pathlib import Path

from bot.adapters.store.database import open_database
from bot.adapters.store.sql import SqlStore
from bot.core.trail.chain import heads_in
from bot.core.trail.check import Chain
from bot.demo.gitlab import MergeRequest
from tests.cluster.api import ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.releases import revisions
from tests.crash.test_kill_direct import processes
from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

DIRECT = {f"direct-{number}": {"deploy": {"mode": "direct"}} for number in range(8)}
READY = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
PATIENCE = 120.0
DEPLOYED = "✅ Deployed to `production` and verified"
ENDED = ("held", "succeeded", "failed")


def waits(site: Site, color: str, seconds: int = 300, replicas: int = 1) -> dict[str, str]:
    """Files with which Helm waits for a pod that runs nowhere, until somebody says that it is ready."""
    text = releases(site.namespace)
    text = text.replace("- name: web\n", f"- name: web\n  wait: true\n  timeout: {seconds}s\n")
    return {RELEASES: text, VALUES: values(color=color, replicas=replicas)}


def at_once(site: Site, color: str, replicas: int = 0) -> dict[str, str]:
    """Files with which Helm waits for nothing."""
    return {RELEASES: releases(site.namespace), VALUES: values(color=color, replicas=replicas)}


async def merged(site: Site, branch: str, files: dict[str, str]) -> MergeRequest:
    """A merge request that was planned and is merged."""
    mr = await site.change(branch, files)
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    return mr


async def deployed(site: Site, branch: str, files: dict[str, str]) -> MergeRequest:
    """One that is in the cluster."""
    mr = await merged(site, branch, files)
    note = await site.deployed(mr)
    assert DEPLOYED in note, note
    return mr


async def helm_is_at(plane: ControlPlane, site: Site, revision: int, status: str) -> None:
    """Waits until Helm's own record says that it is at this revision."""
    wanted = ("web", revision, status)
    await until(lambda: wanted in revisions(plane, site.namespace), f"revision {revision} {status}", PATIENCE)


def run_at_work(running: World) -> Path:
    """The directory of the one run that holds its lock."""
    [run] = [it for it in (running.folder / "data" / "runs").glob("run-*") if processes(it)]
    return run


def kill(run: Path, word: str = "") -> None:
    """SIGKILL to what holds the run's lock: all of it, or that with the word in its command line."""
    for pid, line in processes(run).items():
        if word in line:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def controllers_are_back(plane: ControlPlane, site: Site) -> None:
    """After an API server was away: its controllers look for it less and less often, up to once a minute."""
    labels = {"app": "canary"}
    spec = {"containers": [{"name": "canary", "image": "canary"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    canary = {
        "metadata": {"name": "canary"},
        "spec": {"selector": {"matchLabels": labels}, "template": template},
    }
    plane.api.call("POST", f"/apis/apps/v1/namespaces/{site.namespace}/deployments", canary)
    await pods_are_ready(plane, site, "canary")


async def pods_are_ready(plane: ControlPlane, site: Site, name: str = "web") -> None:
    """As a kubelet says it, of each pod of the newest template that comes until one was seen to be ready."""
    pods = f"/api/v1/namespaces/{site.namespace}/pods"
    place = f"/apis/apps/v1/namespaces/{site.namespace}/deployments/{name}"

    def look() -> bool:
        for pod in plane.api.call("GET", pods)["items"]:
            if pod["status"].get("phase") == "Pending":
                path = f"{pods}/{pod['metadata']['name']}/status"
                kind = "application/merge-patch+json"
                plane.api.call("PATCH", path, {"status": READY}, content_type=kind)
        status = plane.api.call("GET", place)["status"]
        return int(status.get("availableReplicas", 0)) >= 1

    def ready() -> bool:
        try:
            return look()
        except (ApiError, OSError):  # it is not there yet, or the server is away
            return False

    await until(ready, "the pod to be ready", PATIENCE)


def color(plane: ControlPlane, site: Site) -> str:
    """What the cluster has."""
    path = f"/api/v1/namespaces/{site.namespace}/configmaps/web"
    return str(plane.api.call("GET", path)["data"]["color"])


def kinds(running: World, site: Site, mr: MergeRequest) -> Counter[str]:
    """How often each kind stands in the trail of the merge request."""
    file = f"file:{running.folder / 'data' / 'purser.db'}?mode=ro"
    query = "SELECT kind FROM trail WHERE project = ? AND iid = ?"
    with contextlib.closing(sqlite3.connect(file, uri=True, timeout=30)) as opened:
        return Counter(kind for (kind,) in opened.execute(query, (site.project.path, mr.iid)))


async def ended(running: World, site: Site, mr: MergeRequest) -> str:
    """Waits until the bot holds the deployment for ended, which its note says a moment before; the note."""
    await until(lambda: state(running, site, mr) in ENDED, "the deployment to be kept as ended", 2 * PATIENCE)
    return await site.deployed(mr)


def state(running: World, site: Site, mr: MergeRequest) -> str:
    """What the bot holds its deployment for; empty where it knows of none."""
    file = f"file:{running.folder / 'data' / 'purser.db'}?mode=ro"
    query = "SELECT state FROM deployments WHERE project = ? AND iid = ?"
    with contextlib.closing(sqlite3.connect(file, uri=True, timeout=30)) as opened:
        found = opened.execute(query, (site.project.path, mr.iid)).fetchone()
    return str(found[0]) if found else ""


async def trail(running: World, site: Site, mr: MergeRequest, **wanted: int) -> None:
    """Waits until the last of it is written down (the note comes first): so often each, `_` for a dot.

    Then the trail is verified, with every head that a note names.
    """
    counts = {kind.replace("_", "."): number for kind, number in wanted.items()}
    await until(
        lambda: kinds(running, site, mr)["deploy.ended"] >= counts["deploy.ended"], "the end in the trail"
    )
    found = kinds(running, site, mr)
    assert {kind: found[kind] for kind in counts} == counts
    chain = Chain(heads_in("\n".join(note.body for note in mr.notes)))
    database = await open_database(f"sqlite:///{running.folder / 'data' / 'purser.db'}")
    try:
        async for entry in SqlStore(database).stream():
            chain.add(entry)
    finally:
        await database.dispose()
    assert chain.verdict().problems == ()


async def awake(running: World, starts: int) -> None:
    """Waits until the bot was started so often and answers."""
    await until(lambda: running.bot.answers and running.bot.starts == starts, "the bot to run", PATIENCE)
