"""Helm's own command works against the control plane, so that it can serve as the yardstick."""

import os
import subprocess
from pathlib import Path

import pytest

from tests.cluster.control_plane import ControlPlane

_CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-greeting
data:
  greeting: {{ .Values.greeting | quote }}
"""


@pytest.fixture
def chart(tmp_path: Path) -> Path:
    folder = tmp_path / "hello"
    (folder / "templates").mkdir(parents=True)
    (folder / "Chart.yaml").write_text("apiVersion: v2\nname: hello\nversion: 0.1.0\n")
    (folder / "values.yaml").write_text("greeting: good morning\n")
    (folder / "templates" / "greeting.yaml").write_text(_CONFIG_MAP)
    return folder


def test_an_install_creates_the_objects_and_the_release_secret(
    control_plane: ControlPlane, helm: Path, namespace: str, chart: Path, tmp_path: Path
) -> None:
    environment = {"HOME": str(tmp_path), "KUBECONFIG": str(control_plane.kubeconfig), "PATH": os.defpath}
    command = [str(helm), "install", "hello", str(chart), "--namespace", namespace, "--set", "greeting=moin"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    path = f"/api/v1/namespaces/{namespace}"
    greeting = control_plane.api.call("GET", f"{path}/configmaps/hello-greeting")
    assert greeting["data"] == {"greeting": "moin"}
    releases = control_plane.api.call("GET", f"{path}/secrets?labelSelector=owner%3Dhelm,status%3Ddeployed")
    assert [secret["metadata"]["name"] for secret in releases["items"]] == ["sh.helm.release.v1.hello.v1"]
