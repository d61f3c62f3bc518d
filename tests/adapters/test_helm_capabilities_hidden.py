"""What hides a question for API versions from the text is said."""

from pathlib import Path
from typing import Any

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from bot.core.release import Capabilities, RenderJob
from tests.contracts.renderer.charts import config_map, write

SERVED = Capabilities("v1.36.3", ("policy/v1", "v1", "v1/ConfigMap"))
HAS = 'Has "policy/v1beta1"'


async def codes(folder: Path, action: str, values: dict[str, Any], own: str = "{}") -> list[str]:
    chart = write(folder, {"templates/a.yaml": config_map("a", x=action), "values.yaml": own})
    async with SdkRenderer(1, read_paths=[str(folder)]) as renderer:
        rendered = await renderer.render(RenderJob(chart, "web", "shop", values, SERVED))
    return [finding.code for finding in rendered.findings]


@pytest.mark.parametrize(
    "action",
    [
        f"{{{{ with .Capabilities }}}}{{{{ .APIVersions.{HAS} | quote }}}}{{{{ end }}}}",
        f"{{{{ $c := .Capabilities }}}}{{{{ $c.APIVersions.{HAS} | quote }}}}",
        '{{ get (.Capabilities | toJson | fromJson) "APIVersions" | toJson | quote }}',
    ],
)
async def test_another_name_is_said(tmp_path: Path, action: str) -> None:
    assert await codes(tmp_path, action, {}) == ["api-versions-inexact"]


async def test_a_question_in_values_is_said(tmp_path: Path) -> None:
    asked = f"{{{{ .Capabilities.APIVersions.{HAS} }}}}"
    assert await codes(tmp_path, "{{ tpl .Values.t . | quote }}", {"t": asked}) == ["api-versions-inexact"]
    own = f"t: '{asked}'"
    assert await codes(tmp_path / "own", "{{ tpl .Values.t . | quote }}", {}, own) == ["api-versions-inexact"]


@pytest.mark.parametrize(
    "action",
    [
        f"{{{{ .Capabilities.APIVersions.{HAS} | quote }}}}",
        "{{ .Capabilities.KubeVersion.Version }}",
        "{{/* .APIVersions */}}{{ with .Capabilities }}{{ .KubeVersion.Version }}{{ end }}",
    ],
)
async def test_what_is_followed_is_not_said(tmp_path: Path, action: str) -> None:
    assert await codes(tmp_path, action, {"note": "APIVersions"}) == []
