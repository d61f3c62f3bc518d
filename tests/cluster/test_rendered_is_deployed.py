"""What a renderer says about texts and numbers is what Helm then really makes of them."""

import secrets
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.helm.cli import CliRenderer
from bot.adapters.helm.cli_deploy import CliDeployer
from bot.adapters.helm.sdk import SdkRenderer
from bot.app.ports import DeployJob
from bot.core.model import ChartInCheckout, DesiredRelease
from bot.core.release import Capabilities, Rendered, RenderJob
from tests.cluster.control_plane import ControlPlane
from tests.contracts.renderer.charts import config_map, of_kind, write

BLOCK = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata:\n  text: |CHOMP\n    one\n    two\n"
RICH = {
    "templates/blocks.yaml": "---\n".join(
        BLOCK.replace("NAME", name).replace("CHOMP", chomp)
        for name, chomp in (("clip", ""), ("strip", "-"), ("keep", "+"), ("keep-at-the-end", "+"))
    ),
    "templates/list.yaml": "apiVersion: v1\nkind: ConfigMapList\nitems:\n"
    "- {apiVersion: v1, kind: ConfigMap, metadata: {name: in-a-list}, data: {a: b}}\n",
    "templates/text.yaml": config_map("text", value="{{ .Values.text | quote }}", n='"{{ .Values.number }}"'),
    "templates/words.yaml": of_kind("Secret", "words") + "stringData: {a: 'yes', b: '0755', c: '1e3'}\n",
    "templates/binary.yaml": of_kind("ConfigMap", "binary") + "binaryData: {a: !!binary YVdKag==}\n",
    "templates/port.yaml": of_kind("Service", "port")
    + "spec: {clusterIP: None, ports: [{port: 0x50, targetPort: 0120}]}\n",
}
VALUES = {"text": "ü 🚀 \u2028 \\n", "number": 1234567}


def written(rendered: Rendered) -> dict[str, Any]:
    return {
        one["metadata"]["name"]: {key: one[key] for key in ("data", "binaryData") if key in one}
        for one in rendered.objects
        if one["kind"] == "ConfigMap"
    }


@pytest.mark.parametrize("engine", ["sdk", "cli"])
async def test_texts_come_to_the_cluster_as_they_were_rendered(
    engine: str, control_plane: ControlPlane, namespace: str, helm: Path, kubeconfig: Path, tmp_path: Path
) -> None:
    chart = write(tmp_path, RICH)
    release = DesiredRelease("web", namespace, ChartInCheckout("demo"), VALUES)
    job = RenderJob(chart, "web", namespace, VALUES, Capabilities("v1.36.3", ()))
    renderer = (
        SdkRenderer(1, read_paths=[str(tmp_path)])
        if engine == "sdk"
        else CliRenderer(str(helm), 1, read_paths=[str(tmp_path)])
    )
    async with renderer:
        rendered = await renderer.render(job)
    run = secrets.token_hex(4)
    await CliDeployer(str(helm), str(kubeconfig)).deploy(DeployJob(release, chart, True, run), print)
    for name, data in written(rendered).items():
        found = control_plane.api.call("GET", f"/api/v1/namespaces/{namespace}/configmaps/{name}")
        assert {key: found[key] for key in data} == data, name
    service = control_plane.api.call("GET", f"/api/v1/namespaces/{namespace}/services/port")
    (port,) = [one for one in rendered.objects if one["kind"] == "Service"]
    assert port["spec"]["ports"][0] == {"port": 80, "targetPort": 80}
    assert service["spec"]["ports"][0]["targetPort"] == 80
