"""What keeps a whole plan from being made, or is wrong with its file, may hold secrets: none is told."""

from collections.abc import Sequence
from pathlib import Path

from bot.adapters.checkout import DirectoryCheckout
from bot.app.drift.comparing import Drifting
from bot.app.plan.planner import Planner
from bot.app.ports import Clusters
from bot.core.errors import ClusterForbids
from bot.core.question import Answer, Question, Read
from bot.core.redact.masking import Masker
from bot.core.release import Capabilities
from tests.app.planning import TARGET, FakeCluster, World, actions, catalogue, stored

SECRET = "Zq7hunter2Qx"
PAIR = f"password={SECRET}"


class Refusing(FakeCluster):
    """A cluster that says what it was sent."""

    async def capabilities(self) -> Capabilities:
        raise ClusterForbids(f"the webhook refuses {PAIR} here")


async def _said(world: World, file: str) -> str:
    (world.folder / "releases.yaml").write_text(file)
    planner = Planner(world.charts, world.renderer, world, catalogue(), lambda: Masker(b"key"))
    prepared = await planner.prepare(TARGET, DirectoryCheckout(str(world.folder), None))
    assert SECRET not in str(prepared.plan)
    return " ".join(f"{it.message} {it.fix}" for it in prepared.plan.findings)


async def test_what_a_cluster_says_that_lets_no_plan_be_made_is_masked(tmp_path: Path) -> None:
    said = await _said(World(tmp_path, cluster=Refusing()), "version: 1\nreleases: []\n")
    assert "the webhook refuses password=‹masked" in said


async def test_what_is_wrong_with_a_file_is_masked(tmp_path: Path) -> None:
    said = await _said(World(tmp_path), f"version: 1\n{PAIR}: 1\nreleases: []\n")
    assert "password=‹masked" in said


class Closed(FakeCluster):
    """Its objects may be applied, and not be read."""

    async def ask(self, questions: Sequence[Question]) -> list[Answer]:
        if any(isinstance(it, Read) and it.ref.kind == "ConfigMap" for it in questions):
            raise ClusterForbids(f"the webhook refuses {PAIR} here")
        return await super().ask(questions)


async def test_what_a_cluster_says_that_lets_no_drift_be_seen_is_masked(tmp_path: Path) -> None:
    world = World(tmp_path, cluster=Closed())
    world.cluster.add(stored("web", "blue"))
    assert actions(await world.plan(web="blue")) == {"web": "none"}

    def planner(these: Clusters) -> Planner:
        return Planner(world.charts, world.renderer, these, catalogue(), lambda: Masker(b"key"))

    drifting = Drifting(planner, world, lambda: Masker(b"key"))
    report = await drifting.look(TARGET, DirectoryCheckout(str(tmp_path), None))
    [unread] = report.unread
    assert "the webhook refuses password=‹masked" in unread.why
    assert SECRET not in str(report)
