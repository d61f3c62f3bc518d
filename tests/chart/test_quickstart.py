"""docs/quickstart.md done literally: its commands in a shell, on a real API server, a look-alike GitLab.

Only addresses and the token are put in. Three things cannot be had here and are played. No node runs the pod,
so the test says for it that it is ready (what `kubectl rollout status` then sees is the controllers' doing).
`kubectl exec` has no kubelet, so the same command runs here, with configuration and Secret as the cluster has
them and with the planning account's own token. The image is not built.
"""

import asyncio
import base64
import os
import re
import shutil
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from bot.demo.gitlab import GitLab, Level
from bot.demo.gitlab.state import Project
from tests.chart.conftest import Helm
from tests.cluster.api import ApiError
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import kubectl
from tests.e2e.bot_process import REPOSITORY, BotProcess

pytestmark = [pytest.mark.cluster, pytest.mark.timeout(300)]
PAGE = (REPOSITORY / "docs" / "quickstart.md").read_text(encoding="utf-8")
PROJECT = "platform/cluster"
KUBECTL = """\
#!/bin/sh
[ "$3" = exec ] || exec {program} "$@"
shift 5
exec "$@"
"""
PURSER = """\
#!/bin/sh
first=$1 second=$2
for word; do
  shift
  [ "$word" = /etc/purser/purser.yaml ] && word={folder}/pod/purser.yaml
  set -- "$@" "$word"
done
PYTHONPATH={repository} exec {python} -m bot "$@"
"""


def blocks() -> list[tuple[str, str]]:
    """Language and text of each block of the page, in order."""
    return re.findall(r"^```(sh|yaml)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)


class Person:
    """Somebody with a shell. What they export stays; `put` replaces addresses in what they type."""

    def __init__(self, folder: Path, environment: Mapping[str, str]) -> None:
        self.folder = folder
        self.put: dict[str, str] = {}
        self._environment = {**environment, "PWD": str(folder)}
        (folder / "exports").touch()

    def text(self, block: str) -> str:
        for written, meant in self.put.items():
            block = block.replace(written, meant)
        return block

    async def types(self, block: str) -> str:
        script = f"set -eu\n. ./exports\n{self.text(block)}\nexport -p >exports\n"
        process = await asyncio.create_subprocess_exec(
            *("/bin/sh", "-c", script),
            cwd=self.folder,
            env=self._environment,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        out, _ = await process.communicate()
        assert process.returncode == 0, f"{block}\n{out.decode()}"
        return out.decode()


def program(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture
def person(plane: ControlPlane, helm: Helm, tmp_path: Path) -> Person:
    """Helm, kubectl, the administrator's kubeconfig and the checkout."""
    real = kubectl()
    if real is None:
        pytest.skip("no kubectl")
    program(tmp_path / "bin" / "kubectl", KUBECTL.format(program=real))
    words = {"folder": tmp_path, "repository": REPOSITORY, "python": sys.executable}
    program(tmp_path / "bin" / "purser", PURSER.format(**words))
    shutil.copytree(REPOSITORY / "helm", tmp_path / "helm")
    environment = {
        "PATH": f"{tmp_path / 'bin'}:{helm.program.parent}:{Path(sys.executable).parent}:{os.defpath}",
        "HOME": str(tmp_path),
        "KUBECONFIG": str(plane.kubeconfig),
        "LANG": "C.UTF-8",
    }
    return Person(tmp_path, environment)


@pytest.fixture
async def gitlab(tmp_path: Path) -> AsyncIterator[GitLab]:
    async with GitLab(tmp_path / "gitlab") as running:
        yield running


async def a_node(plane: ControlPlane) -> None:
    """Says of each new pod that it runs and is ready, as a kubelet would."""
    pods = "/api/v1/namespaces/purser/pods"
    conditions = [{"type": it, "status": "True"} for it in ("Initialized", "Ready", "ContainersReady")]
    while True:
        with suppress(ApiError):
            found = await asyncio.to_thread(plane.api.call, "GET", pods)
            for pod in found["items"]:
                if pod["status"].get("phase") == "Pending":
                    path = f"{pods}/{pod['metadata']['name']}/status"
                    body = {"status": {"phase": "Running", "conditions": conditions}}
                    await asyncio.to_thread(
                        plane.api.call, "PATCH", path, body, content_type="application/merge-patch+json"
                    )
        await asyncio.sleep(0.2)


def mount(plane: ControlPlane, folder: Path) -> tuple[Path, str]:
    """What the pod would find in its volumes, in `pod`; the configuration, and the webhook's token."""
    pod = folder / "pod"
    pod.mkdir()
    path = "/api/v1/namespaces/purser"
    for key, value in plane.api.call("GET", f"{path}/secrets/purser")["data"].items():
        (pod / key).write_bytes(base64.b64decode(value))
    text = plane.api.call("GET", f"{path}/configmaps/purser-config")["data"]["purser.yaml"]
    for there, here in {
        "/etc/purser/secrets": str(pod),
        "/var/lib/purser": str(pod / "data"),
        "0.0.0.0:8080": "127.0.0.1:0",
        "0.0.0.0:9090": "127.0.0.1:0",
    }.items():
        assert there in text
        text = text.replace(there, here)
    (pod / "purser.yaml").write_text(text, encoding="utf-8")
    return pod / "purser.yaml", (pod / "webhook-token").read_text()


async def installed(person: Person, plane: ControlPlane, commands: list[str]) -> None:
    node = asyncio.create_task(a_node(plane))
    try:
        for block in commands:
            said = await person.types(block)
    finally:
        node.cancel()
    assert "successfully rolled out" in said


def planning(plane: ControlPlane) -> Path:
    """The pod's own account as a kubeconfig."""
    return plane.kubeconfig_for("pod", plane.service_account_token("purser", "purser-plan"))


async def world(gitlab: GitLab) -> tuple[Project, str]:
    ada = gitlab.add_user("ada")
    files = {"releases.yaml": "version: 1\nreleases: []\n"}
    project = await gitlab.add_project(PROJECT, files, {ada: Level.OWNER})
    return project, gitlab.project_bot(project)[1]


async def test_whoever_follows_the_page_has_a_purser_that_is_well(
    person: Person, plane: ControlPlane, gitlab: GitLab, tmp_path: Path
) -> None:
    _, token = await world(gitlab)
    person.put = {"glpat-…": token, "https://gitlab.example.com": gitlab.url}
    [values] = [text for language, text in blocks() if language == "yaml"]
    commands = [text for language, text in blocks() if language == "sh"]
    (tmp_path / "purser-values.yaml").write_text(person.text(values), encoding="utf-8")
    within = [it for it in commands if " exec " in it]
    assert len(within) == 2
    await installed(person, plane, [it for it in commands if it not in within])
    label = plane.api.call("GET", "/api/v1/namespaces/purser")["metadata"]["labels"]
    assert label["pod-security.kubernetes.io/enforce"] == "restricted"

    config, secret = mount(plane, tmp_path)
    assert len(secret) == 64
    environment = {"KUBECONFIG": str(planning(plane)), "HOME": str(tmp_path)}
    bot = BotProcess(config, environment)
    try:
        url = await bot.start()
        person.put |= {"https://purser.example.com": url}
        await person.types(f"export KUBECONFIG='{environment['KUBECONFIG']}'")
        assert "The service accepts the secret." in await person.types(within[0])
        [hook] = gitlab.world.hooks.values()
        assert (hook.url, hook.token) == (f"{url}/hooks/gitlab", secret)
        said = await diagnosed(person, within[1])
    finally:
        await bot.close()
    areas = {line.split()[1].rstrip(":") for line in said}
    assert {"configuration", "database", "helm", "cluster", "rights", "token", "role", "webhook"} <= areas
    # Whether the hosts of charts answer is for the installer's network to say.
    assert [it for it in said if it.startswith("FAIL") and not it.startswith("FAIL  charts:")] == []


async def diagnosed(person: Person, block: str) -> list[str]:
    """The lines of the doctor, whatever it found."""
    said = await person.types(f"{block.rstrip()} || true")
    found = [line for line in said.splitlines() if re.match(r"ok  |look|FAIL", line)]
    assert found, said
    return found


def test_each_command_of_the_page_is_one_that_the_test_knows() -> None:
    words: list[Any] = [
        line.split()[0] for _, text in blocks() for line in text.splitlines() if text[0] in "ekh"
    ]
    assert {"export", "kubectl", "helm"} <= set(words)
