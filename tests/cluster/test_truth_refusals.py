"""What a plan foresees of refusals, and of releases that failed before, is what Helm then meets."""

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, Story, tell
from tests.cluster.truth_stories_refused import FAILED, REFUSED

__all__ = ["bench", "renderer"]


@pytest.mark.parametrize("story", [*REFUSED, *FAILED], ids=lambda story: story.says_what)
async def test_the_plan_is_what_happens(bench: Bench, renderer: SdkRenderer, story: Story) -> None:
    plan = await tell(bench, story, renderer)
    assert plan.name == "app"
