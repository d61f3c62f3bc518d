"""What a preview of a rollback says is what Helm's rollback then does: A, then B, then back to A."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.adapters.catalogue import bundled_charts, load_catalogue
from bot.adapters.charts.cache import ChartCache
from bot.adapters.checkout import DirectoryCheckout
from bot.adapters.cluster.api_server import KubernetesClusters
from bot.adapters.helm.cli_deploy import CliDeployer
from bot.adapters.helm.sdk import SdkRenderer
from bot.adapters.helm.sdk_deploy import SdkDeployer
from bot.app.plan.planner import Prepared
from bot.app.ports import Deployer
from bot.app.rollback.planner import RollbackPlanner
from bot.core.model import Target
from bot.core.planned import EngineInfo, Rollback
from bot.core.redact.masking import Masker
from tests.cluster.control_plane import ControlPlane
from tests.cluster.truth_bench import RELEASE, Bench, Files
from tests.cluster.truth_compare import all_calm, compare

CONFIG = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: settings}
data: {color: COLOR}
---
apiVersion: v1
kind: Secret
metadata: {name: login}
stringData: {password: not-a-real-password-COLOR}
"""
WORKLOAD = """\
apiVersion: apps/v1
kind: Deployment
metadata: {name: page}
spec:
  replicas: 0
  selector: {matchLabels: {app: page}}
  template:
    metadata: {labels: {app: page}}
    spec: {containers: [{name: page, image: "example.invalid/page:COLOR"}]}
"""
ONLY_OLD = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: old}\ndata: {of: a}\n"
ONLY_NEW = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: new}\ndata: {of: b}\n"
HOOK = """\
apiVersion: v1
kind: ConfigMap
metadata: {name: back, annotations: {helm.sh/hook: pre-rollback}}
data: {was: here}
"""
REFUSED = "apiVersion: v1\nkind: Service\nmetadata: {name: bad}\nspec: {type: Nonsense, ports: [{port: 1}]}\n"


def chart(color: str, **more: str) -> Files:
    files = {"a.yaml": CONFIG, "b.yaml": WORKLOAD, **{f"{name}.yaml": text for name, text in more.items()}}
    return {name: text.replace("COLOR", color) for name, text in files.items()}


@pytest.fixture
async def renderer(tmp_path: Path) -> AsyncIterator[SdkRenderer]:
    async with SdkRenderer(workers=1, read_paths=[str(tmp_path)]) as made:
        yield made


@pytest.fixture
def bench(control_plane: ControlPlane, kubeconfig: Path, helm: Path, namespace: str, tmp_path: Path) -> Bench:
    return Bench(control_plane.api, kubeconfig, helm, namespace, tmp_path)


@pytest.fixture(params=["cli", "sdk"])
def deployer(request: pytest.FixtureRequest, helm: Path, kubeconfig: Path) -> Deployer:
    if request.param == "cli":
        return CliDeployer(str(helm), str(kubeconfig))
    return SdkDeployer(EngineInfo("helm-sdk", "4.2.3"), str(kubeconfig))


async def way_back(bench: Bench, renderer: SdkRenderer, revision: int) -> Prepared:
    """The plan of going back, for a checkout that lists the release."""
    tree = bench.folder / "tree"
    tree.mkdir(exist_ok=True)
    (tree / "releases.yaml").write_text(
        f"version: 1\nreleases:\n  - {{name: {RELEASE}, namespace: {bench.namespace}, chart: ./chart}}\n",
        encoding="utf-8",
    )
    planner = RollbackPlanner(
        ChartCache(bench.folder / "charts", bundled=bundled_charts()),
        renderer,
        KubernetesClusters(),
        load_catalogue([]),
        lambda: Masker(b"truth"),
        Rollback(f"{bench.namespace}/{RELEASE}", revision),
    )
    target = Target(name="truth", project="p", kubeconfig=str(bench.kubeconfig))
    return await planner.prepare(target, DirectoryCheckout(str(tree), "a" * 40))


async def goes_back(bench: Bench, renderer: SdkRenderer, deployer: Deployer, newest: int) -> Prepared:
    """To revision 1, as it was planned, in one more revision; afterwards nothing is left to do."""
    before = bench.state()
    prepared = await way_back(bench, renderer, 1)
    assert all_calm(bench.state()) == all_calm(before), "planning changed the cluster"
    assert prepared.plan.seal is not None, prepared.plan.all_findings
    [step] = prepared.steps
    assert step.revision == 1
    lines: list[str] = []
    assert await deployer.rollback(step.desired, 1, lines.append) == newest + 1, lines
    compare(prepared.plan.releases[0], before, bench.state(), prepared.masker)
    again = (await way_back(bench, renderer, 1)).plan
    assert (again.complete, again.changes_something) == (True, False), again.releases
    return prepared


@pytest.mark.parametrize("flags", [(), ("--server-side=false",)], ids=["server-side", "client-side"])
async def test_the_cluster_is_as_it_was_and_the_plan_is_what_happened(
    bench: Bench, renderer: SdkRenderer, deployer: Deployer, flags: tuple[str, ...]
) -> None:
    done = bench.deploy(bench.chart(chart("red", old=ONLY_OLD, hook=HOOK), "a", "1.0.0"), {}, *flags)
    assert done.returncode == 0, done.stderr
    then = all_calm(bench.state())
    done = bench.deploy(bench.chart(chart("blue", new=ONLY_NEW), "b", "1.1.0"), {})
    assert done.returncode == 0, done.stderr
    prepared = await goes_back(bench, renderer, deployer, 2)
    [plan] = prepared.plan.releases
    actions = {(one.ref.kind, one.ref.name): one.action for one in plan.objects}
    assert (actions["ConfigMap", "old"], actions["ConfigMap", "new"]) == ("create", "delete")
    assert {one.hook for one in plan.objects if one.ref.name == "back"} == {"pre-rollback"}
    now = {name: made for name, made in all_calm(bench.state()).items() if name[2] != "back"}
    assert {name: _content(made) for name, made in now.items()} == {
        name: _content(made) for name, made in then.items()
    }


async def test_it_starts_from_a_newest_revision_that_failed(
    bench: Bench, renderer: SdkRenderer, deployer: Deployer
) -> None:
    done = bench.deploy(bench.chart(chart("red"), "a", "1.0.0"), {})
    assert done.returncode == 0, done.stderr
    done = bench.deploy(bench.chart(chart("blue", new=ONLY_NEW, refused=REFUSED), "b", "1.1.0"), {})
    assert done.returncode != 0
    prepared = await goes_back(bench, renderer, deployer, 2)
    assert prepared.plan.releases[0].revision_from == 2


async def test_a_revision_that_is_gone_is_said_with_those_that_are_left(
    bench: Bench, renderer: SdkRenderer
) -> None:
    done = bench.deploy(bench.chart(chart("red"), "a", "1.0.0"), {})
    assert done.returncode == 0, done.stderr
    plan = (await way_back(bench, renderer, 7)).plan
    assert (plan.complete, plan.seal) == (False, None)
    [finding] = plan.findings
    assert finding.code == "rollback-revision"
    assert "These can be gone back to: 1." in finding.fix


def _content(manifest: object) -> object:
    """What an object says, without what the server keeps of who wrote it."""
    assert isinstance(manifest, dict)
    kept = ("labels", "annotations", "name", "namespace")
    metadata = {key: value for key, value in manifest["metadata"].items() if key in kept}
    rest = {key: value for key, value in manifest.items() if key not in ("metadata", "status")}
    return {**rest, "metadata": metadata}
