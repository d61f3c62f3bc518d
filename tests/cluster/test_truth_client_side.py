"""What a plan says of releases of Helm 3 is what Helm 4 then does to them, client-side."""

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, Story, tell
from tests.cluster.truth_stories_client_side import STORIES

__all__ = ["bench", "renderer"]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.says_what)
async def test_the_plan_is_what_happens(bench: Bench, renderer: SdkRenderer, story: Story) -> None:
    plan = await tell(bench, story, renderer)
    assert plan.name == "app"
