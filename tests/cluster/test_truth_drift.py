"""What a plan says of changes by hand is so, and what it says the deploy does to them is what it does."""

import pytest

from bot.adapters.helm.sdk import SdkRenderer
from bot.core.planned import Change, Drift, ReleasePlan
from bot.core.pointer import MISSING, resolve
from bot.core.redact.masking import Masker
from tests.cluster.test_truth_objects import bench, renderer
from tests.cluster.truth_bench import Bench, tell
from tests.cluster.truth_compare import State
from tests.cluster.truth_stories_drift import CLIENT_SIDE, SERVER_SIDE, Drifting, Seen

__all__ = ["bench", "renderer"]


@pytest.mark.parametrize("drifting", [*SERVER_SIDE, *CLIENT_SIDE], ids=lambda one: one.story.says_what)
async def test_drift_is_named_with_its_writer_and_its_end(
    bench: Bench, renderer: SdkRenderer, drifting: Drifting
) -> None:
    plan = await tell(bench, drifting.story, renderer)
    assert seen(plan) == drifting.seen
    state = bench.state()
    for drift in plan.drift:
        # Of a write through the subresource `scale` the API server keeps no time.
        assert drift.time or not drift.managers or drift.managers == ("kubectl",)
        for change in drift.changes:
            if drift.reverts is not None:
                assert drift.reverts == set_back(drift, change, state), f"{drift.ref}: {change}"


def seen(plan: ReleasePlan) -> set[Seen]:
    return {
        (f"{drift.ref.kind}/{drift.ref.name}", change.path, change.op, drift.managers, drift.reverts)
        for drift in plan.drift
        for change in drift.changes
    }


def set_back(drift: Drift, change: Change, state: State) -> bool:
    """Whether the field is otherwise now than it was before the deploy."""
    found = state.get((drift.ref.kind, drift.ref.namespace, drift.ref.name))
    now = MISSING if found is None else resolve(Masker(b"truth").manifest(found), change.path)
    if change.op == "remove":
        return now is not MISSING
    return bool(now != change.after)
