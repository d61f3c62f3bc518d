"""What a plan says of plain objects is what Helm then does to them."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.control_plane import ControlPlane
from tests.cluster.truth_bench import Bench, Story, tell
from tests.cluster.truth_stories import STORIES


@pytest.fixture
async def renderer(tmp_path: Path) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(workers=1, read_paths=[str(tmp_path)]) as made:
        yield made


@pytest.fixture
def bench(control_plane: ControlPlane, kubeconfig: Path, helm: Path, namespace: str, tmp_path: Path) -> Bench:
    return Bench(control_plane.api, kubeconfig, helm, namespace, tmp_path)


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.says_what)
async def test_the_plan_is_what_happens(bench: Bench, renderer: SdkRenderer, story: Story) -> None:
    plan = await tell(bench, story, renderer)
    assert plan.name == "app"
