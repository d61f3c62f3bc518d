"""Which cluster a target means, by its kubeconfig, the environment or the pod."""

import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.cluster.api_server import KubernetesClusters
from bot.adapters.cluster.proxy import proxy_for
from bot.core.errors import AuthorError
from bot.core.model import Target
from tests.adapters.cluster_script import Script, kubeconfig, serving, target


@pytest.fixture
async def script() -> AsyncIterator[Script]:
    async with serving(Script()) as script:
        yield script


async def tokens_sent(script: Script, where: Target, environment: Mapping[str, str]) -> set[str]:
    async with KubernetesClusters(environment).open(where) as cluster:
        assert (await cluster.capabilities()).kube_version == "v1.36.3"
    return {request.headers.get("Authorization", "") for request in script.asked}


async def refusal(where: Target, environment: Mapping[str, str] | None = None) -> AuthorError:
    with pytest.raises(AuthorError) as error:
        async with KubernetesClusters(environment or {}).open(where):
            pass
    assert error.value.code == "cluster-config"
    assert error.value.fix
    assert "production" in error.value.what
    return error.value


def test_the_client_library_is_loaded_only_when_a_cluster_is_opened() -> None:
    code = "import bot.adapters.cluster.api_server, sys; print('kubernetes' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.strip() == "False"


async def test_a_targets_own_file_goes_before_the_environment(script: Script, tmp_path: Path) -> None:
    own = kubeconfig(tmp_path, script.url, {"token": "own"}, "own")
    other = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "other"}, "other")
    assert await tokens_sent(script, target(own), {"KUBECONFIG": str(other)}) == {"Bearer own"}


async def test_the_environments_files_go_before_the_pods_account(script: Script, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, script.url, {"token": "named"})
    environment = {
        "KUBECONFIG": os.pathsep.join([str(tmp_path / "none"), str(file)]),
        "KUBERNETES_SERVICE_HOST": "127.0.0.1",
        "KUBERNETES_SERVICE_PORT": "1",
    }
    assert await tokens_sent(script, target(None), environment) == {"Bearer named"}


async def test_without_any_of_these_it_is_the_file_in_the_home(script: Script, tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube", script.url, {"token": "at-home"}, "config")
    assert await tokens_sent(script, target(None), {"HOME": str(tmp_path)}) == {"Bearer at-home"}


async def test_a_token_may_be_in_a_file(script: Script, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("from-a-file", encoding="utf-8")
    file = kubeconfig(tmp_path, script.url, {"tokenFile": str(tmp_path / "token")})
    assert await tokens_sent(script, target(file, "main"), {}) == {"Bearer from-a-file"}


async def test_a_cloud_program_may_log_in(script: Script, tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, script.url, {"exec": plugin(tmp_path, 0, "from-a-program")})
    assert await tokens_sent(script, target(file), {}) == {"Bearer from-a-program"}


async def test_a_cloud_program_that_fails_is_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "http://127.0.0.1:1", {"exec": plugin(tmp_path, 3, "never")})
    assert f"logs in by the program {tmp_path / 'plugin'}, which failed" in (await refusal(target(file))).what


async def test_a_missing_file_is_named(tmp_path: Path) -> None:
    error = await refusal(target(tmp_path / "none"))
    assert str(tmp_path / "none") in error.what
    assert "cannot be read" in error.what


@pytest.mark.parametrize(
    ("content", "what"),
    [
        ("a: [", "is not YAML"),
        ("", "is empty"),
        ("- 1", "is empty or no mapping"),
        ("kind: Config", "is not complete"),
        ("kind: Config\ncurrent-context: a\ncontexts: 3\nclusters: 4\nusers: 5", "cannot be used"),
    ],
)
async def test_a_file_that_makes_no_sense_is_named(tmp_path: Path, content: str, what: str) -> None:
    (tmp_path / "broken").write_text(content, encoding="utf-8")
    error = await refusal(target(tmp_path / "broken"))
    assert what in error.what
    assert str(tmp_path / "broken") in error.what


async def test_a_missing_context_is_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "http://127.0.0.1:1", {"token": "t"})
    error = await refusal(target(file, "staging"))
    assert "context staging" in error.what
    assert "has no such context" in error.what


async def test_certificates_that_are_none_are_named(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "https://127.0.0.1:1", {"token": "t"})
    text = file.read_text(encoding="utf-8")
    server = "server: https://127.0.0.1:1"
    broken = text.replace(server, f"{server}\n    certificate-authority-data: bm9uZQ==")
    file.write_text(broken, encoding="utf-8")
    assert "names certificates or keys that cannot be used" in (await refusal(target(file))).what


async def test_a_password_in_the_servers_address_is_refused_unshown(tmp_path: Path) -> None:
    file = kubeconfig(tmp_path, "http://ann:hidden@127.0.0.1:1", {})
    assert "hidden" not in str(await refusal(target(file)))


@pytest.mark.parametrize(
    ("server", "exempt", "expected"),
    [
        ("https://api.example.com:6443", "", "http://proxy:3128"),
        ("http://api.example.com", "", None),
        ("https://api.example.com", "other.org,.example.com", None),
        ("https://example.com", "example.com:6443", "http://proxy:3128"),
        ("https://example.com:6443", "example.com:6443", None),
        ("https://10.96.0.1", "10.0.0.0/8, 192.168.0.0/16", None),
        ("https://10.96.0.1", "10.97.0.0/16", "http://proxy:3128"),
        ("https://10.96.0.1", "10.96.0.1", None),
        ("https://[fd00::1]:6443", "fd00::/8", None),
        ("https://127.0.0.1:6443", "", None),
        ("https://localhost:6443", "", None),
        ("https://api.example.com", "*", None),
    ],
)
def test_the_environments_proxy_is_used_as_kubectl_does(
    server: str, exempt: str, expected: str | None
) -> None:
    assert proxy_for(server, {"HTTPS_PROXY": "http://proxy:3128", "no_proxy": exempt}) == expected


async def test_nothing_to_go_by_is_said_with_where_it_was_looked_for(tmp_path: Path) -> None:
    error = await refusal(target(None), {"KUBECONFIG": str(tmp_path / "none")})
    assert str(tmp_path / "none") in error.what


async def test_a_pod_without_its_account_is_told_so(tmp_path: Path) -> None:
    environment = {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBECONFIG": str(tmp_path / "none")}
    with pytest.raises(AuthorError, match="service account of this pod cannot be used") as error:
        async with KubernetesClusters(environment).open(target(None)):
            pass
    assert error.value.code == "cluster-config"


def plugin(folder: Path, code: int, token: str) -> dict[str, Any]:
    credential = {
        "apiVersion": "client.authentication.k8s.io/v1",
        "kind": "ExecCredential",
        "status": {"token": token},
    }
    program = folder / "plugin"
    program.write_text(f"#!/bin/sh\necho '{json.dumps(credential)}'\nexit {code}\n", encoding="utf-8")
    program.chmod(stat.S_IRWXU)
    return {
        "apiVersion": credential["apiVersion"],
        "command": str(program),
        "interactiveMode": "Never",
    }
