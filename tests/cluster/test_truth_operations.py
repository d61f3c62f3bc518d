"""What a plan says of hooks, deletions, random values, namespaces and CRDs is what Helm then does."""

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, Story, tell
from tests.cluster.truth_stories_more import DELETIONS, HOOKS
from tests.cluster.truth_stories_places import CRDS, PLACES, VALUES

__all__ = ["bench", "renderer"]


@pytest.mark.parametrize(
    "story", [*DELETIONS, *HOOKS, *VALUES, *PLACES, *CRDS], ids=lambda story: story.says_what
)
async def test_the_plan_is_what_happens(bench: Bench, renderer: SdkRenderer, story: Story) -> None:
    plan = await tell(bench, story, renderer)
    assert plan.name == "app"
