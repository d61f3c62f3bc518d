"""The branch moves at the very moment at which GitLab makes the pipeline of a deploy."""

from collections.abc import Mapping

from bot.app.ports import Pipeline
from bot.core.errors import PipelineElsewhere
from bot.core.model import Target
from tests.app.deploying import Deploying
from tests.app.sweeping import PROJECT


async def test_it_is_held_and_the_trail_names_the_pipeline_that_was_cancelled() -> None:
    story = Deploying(Target("production", PROJECT))

    class Forge(type(story.forge)):  # type: ignore[misc]
        async def create_pipeline(
            self, project: str, ref: str, sha: str, inputs: Mapping[str, str]
        ) -> Pipeline:
            raise PipelineElsewhere("The branch main moved.", 9, "f" * 40)

    story.forge.__class__ = Forge
    await story.to_its_end()
    assert (await story.state()).startswith("held the branch has moved past the merge commit")
    [entry] = [it for it in await story.store.trail(PROJECT) if it["kind"] == "pipeline.elsewhere"]
    assert (entry["facts"]["pipeline"], entry["facts"]["sha"]) == (9, "f" * 40)
