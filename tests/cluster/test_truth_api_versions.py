"""A plan renders with the API versions that a deploy sees, so that charts choose the same branch in both."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.control_plane import ControlPlane
from tests.cluster.truth_bench import Bench, Story, tell

GUARD = """
{{- if .Capabilities.APIVersions.Has "policy/v1beta1" }}
apiVersion: policy/v1beta1
{{- else }}
apiVersion: policy/v1
{{- end }}
kind: PodDisruptionBudget
metadata: {name: guard}
spec: {minAvailable: %d, selector: {matchLabels: {app: x}}}
"""
SEEN = """
apiVersion: v1
kind: ConfigMap
metadata: {name: seen}
data:
  every: {{ .Capabilities.APIVersions | sortAlpha | join " " | sha256sum }}
"""
STORIES = (
    Story(
        "a version that only Helm knows is not chosen",
        before={"guard.yaml": GUARD % 1},
        after={"guard.yaml": GUARD % 2},
        actions={"PodDisruptionBudget/guard": "update"},
    ),
    Story(
        "templates see every version that the deploy sees",
        before=None,
        after={"seen.yaml": SEEN},
        actions={"ConfigMap/seen": "create"},
    ),
)


@pytest.fixture
async def renderer(tmp_path: Path) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(workers=1, read_paths=[str(tmp_path)]) as made:
        yield made


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.says_what)
async def test_the_plan_takes_the_branch_of_the_deploy(
    control_plane: ControlPlane,
    kubeconfig: Path,
    helm: Path,
    namespace: str,
    tmp_path: Path,
    renderer: SdkRenderer,
    story: Story,
) -> None:
    bench = Bench(control_plane.api, kubeconfig, helm, namespace, tmp_path)
    plan = await tell(bench, story, renderer)
    assert {one.action for one in plan.objects} <= {"create", "update"}
