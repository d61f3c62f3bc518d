"""Plans a change, really makes it with Helm's own command, and holds the plan against what happened."""

import json
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.adapters.cluster.api_server import KubernetesCluster, KubernetesClusters
from bot.adapters.helm.sdk import SdkRenderer
from bot.core.model import ChartInCheckout, DesiredRelease, Manifest, Target
from bot.core.planned import ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.rehearsal.operation import Case, Overlay, rehearse
from bot.core.release import LocalChart, RenderJob
from tests.cluster.api import Api, ApiError
from tests.cluster.truth_compare import State, all_calm, compare, name_of, of_interest
from tests.cluster.waiting import until

RELEASE = "app"
Files = Mapping[str, str]
Touch = Callable[[Api, str], None]

_CORE = ("namespaces", "configmaps", "secrets", "services", "serviceaccounts", "persistentvolumeclaims")
_APPS = ("deployments", "statefulsets", "daemonsets")
_RBAC = ("roles", "rolebindings", "clusterroles", "clusterrolebindings")
_LISTS = (
    *(f"/api/v1/{kind}" for kind in (*_CORE, "limitranges", "resourcequotas")),
    *(f"/apis/apps/v1/{kind}" for kind in _APPS),
    *(f"/apis/batch/v1/{kind}" for kind in ("jobs", "cronjobs")),
    *(f"/apis/networking.k8s.io/v1/{kind}" for kind in ("ingresses", "networkpolicies")),
    *(f"/apis/rbac.authorization.k8s.io/v1/{kind}" for kind in _RBAC),
    "/apis/policy/v1/poddisruptionbudgets",
    "/apis/autoscaling/v2/horizontalpodautoscalers",
    "/apis/apiextensions.k8s.io/v1/customresourcedefinitions",
)


@dataclass(frozen=True)
class Story:
    """One change: a chart as installed, what people did meanwhile, the chart or values that follow.

    Files are templates by name; `before` None: nothing is installed; `after` None: the release goes.
    `{ns}` in templates is the namespace. `fails` is the code of the error that the plan must foresee, and the
    sign that the real operation must fail; `says` codes that must be among the findings.
    `failing` is a release in between, which fails.
    """

    says_what: str
    before: Files | None
    after: Files | None
    touch: Touch | None = None
    values: tuple[Mapping[str, Any], Mapping[str, Any]] = ({}, {})
    install: tuple[str, ...] = ()
    fails: str = ""
    says: tuple[str, ...] = ()
    actions: Mapping[str, str] = field(default_factory=dict)
    options: Mapping[str, Any] = field(default_factory=dict)
    namespace: str = ""
    failing_install: bool = False
    failing: Files | None = None
    version: str = "1.1.0"
    action: str = ""


class Bench:
    """Helm, an API server and a planner, in one namespace."""

    def __init__(self, api: Api, kubeconfig: Path, helm: Path, namespace: str, folder: Path) -> None:
        self.api, self.kubeconfig, self.namespace, self.folder = api, kubeconfig, namespace, folder
        self._helm = helm

    def chart(self, files: Files, name: str, version: str) -> Path:
        chart = self.folder / name / "chart"
        content = {"Chart.yaml": f"apiVersion: v2\nname: chart\nversion: {version}\n", **files}
        for path, text in content.items():
            place = path if "/" in path or path == "Chart.yaml" else f"templates/{path}"
            target = chart / place
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text.replace("{ns}", self.namespace), encoding="utf-8")
        return chart

    def helm(self, *arguments: str, namespace: str = "") -> subprocess.CompletedProcess[str]:
        where = ("--kubeconfig", str(self.kubeconfig), "--namespace", namespace or self.namespace)
        return subprocess.run(
            [str(self._helm), *arguments, *where], check=False, capture_output=True, text=True, timeout=60
        )

    def deploy(self, chart: Path, values: Mapping[str, Any], *flags: str, namespace: str = "") -> Any:
        path = chart.parent / "values.json"
        path.write_text(json.dumps(values), encoding="utf-8")
        return self.helm(
            *("upgrade", "--install", "--reset-values", RELEASE, str(chart), "-f", str(path), *flags),
            namespace=namespace,
        )

    def state(self) -> State:
        """Every object of the test that is nobody's offspring, as the API server has it."""
        return {
            name_of(manifest): manifest
            for path in (*_LISTS, f"/apis/{self.namespace}.truth/v1/things")
            for manifest in self._list(path)
            if of_interest(manifest, self.namespace)
        }

    def _list(self, path: str) -> list[Manifest]:
        until(lambda: self._served(path), f"{path} to be served")
        try:
            answer = self.api.call("GET", path)
        except ApiError as error:
            if error.status == 404:
                return []
            raise
        kind, version = answer["kind"].removesuffix("List"), answer["apiVersion"]
        return [{"apiVersion": version, "kind": kind, **item} for item in answer["items"]]

    def _served(self, path: str) -> bool:
        """A kind that has just been defined answers 429 at first."""
        if ".truth/" not in path:
            return True
        try:
            return self.api.exists(path) or True
        except ApiError as error:
            if error.status == 429:
                return False
            raise

    async def plan(
        self,
        desired: DesiredRelease,
        chart: Path | None,
        version: str,
        renderer: SdkRenderer,
        overlay: Overlay | None = None,
    ) -> ReleasePlan:
        target = Target(name="truth", project="p", kubeconfig=str(self.kubeconfig))
        async with KubernetesClusters({}).open(target) as cluster:
            assert isinstance(cluster, KubernetesCluster)
            live = await cluster.release(desired.namespace, desired.name)
            local = LocalChart(str(chart), f"sha256:{version}", "chart", version) if chart else None
            renderings = []
            if local:
                gone = live is None or live.newest.status == "uninstalled"
                job = RenderJob(
                    local, desired.name, desired.namespace, desired.values, await cluster.capabilities(),
                    revision=1 if gone or live is None else live.newest.revision + 1, is_upgrade=not gone,
                )  # fmt: skip
                renderings = [await renderer.render(job), await renderer.render(job)]
            case = Case(
                desired=desired,
                rendered=renderings[0] if renderings else None,
                again=renderings[1] if renderings else None,
                live=live,
                scopes=await cluster.scopes(),
                masker=Masker(b"truth"),
                overlay=overlay or Overlay(),
                chart=local,
            )
            return await drive(case, cluster)


async def drive(case: Case, cluster: KubernetesCluster) -> ReleasePlan:
    rehearsal = rehearse(case)
    try:
        questions = next(rehearsal)
        while True:
            questions = rehearsal.send(await cluster.ask(questions))
    except StopIteration as end:
        plan: ReleasePlan = end.value
        return plan


async def tell(bench: Bench, story: Story, renderer: SdkRenderer) -> ReleasePlan:
    """The whole story. Gives the plan; raises AssertionError for a miss or an invention."""
    namespace = story.namespace.replace("{ns}", bench.namespace) or bench.namespace
    if story.before is not None:
        first = bench.chart(story.before, "first", "1.0.0")
        done = bench.deploy(first, story.values[0], *story.install, namespace=namespace)
        assert story.failing_install or done.returncode == 0, done.stderr
    if story.failing is not None:
        done = bench.deploy(
            bench.chart(story.failing, "failing", "1.0.9"), story.values[0], namespace=namespace
        )
        assert done.returncode != 0, "the release in between was to fail"
    if story.touch:
        story.touch(bench.api, namespace)
    chart = None if story.after is None else bench.chart(story.after, "second", story.version)
    desired = DesiredRelease(
        RELEASE, namespace, ChartInCheckout("chart"), story.values[1], installed=chart is not None,
        **{"create_namespace": False, **story.options},
    )  # fmt: skip
    before = bench.state()
    plan = await bench.plan(desired, chart, story.version, renderer)
    assert all_calm(bench.state()) == all_calm(before), "planning changed the cluster"
    done = _operate(bench, desired, chart, plan, namespace)
    _hold(story, plan, done.returncode, done.stderr)
    # What is said to be unsure may come otherwise; that it is said is what counts.
    if not story.fails and "client-side-uncertain" not in story.says:
        compare(plan, before, bench.state())
    return plan


def _operate(
    bench: Bench, desired: DesiredRelease, chart: Path | None, plan: ReleasePlan, namespace: str
) -> subprocess.CompletedProcess[str]:
    if plan.action == "none":
        return subprocess.CompletedProcess([], 0, "", "")
    if chart is None:
        return bench.helm("uninstall", RELEASE, namespace=namespace)
    flags = ["--create-namespace"] if desired.create_namespace else []
    flags += ["--force-conflicts"] if desired.force_conflicts else []
    flags += ["--take-ownership"] if desired.take_ownership else []
    done: subprocess.CompletedProcess[str] = bench.deploy(
        chart, desired.values, *flags, "--timeout", "20s", namespace=namespace
    )
    return done


def _hold(story: Story, plan: ReleasePlan, code: int, stderr: str) -> None:
    errors = [finding for finding in plan.findings if finding.level == "error"]
    if story.fails:
        assert code != 0, f"Helm did not fail, and was to: {errors}"
        assert story.fails in {finding.code for finding in errors}, f"not foreseen: {stderr}\n{errors}"
    else:
        assert code == 0, f"not foreseen: {stderr}\n{plan.findings}"
        assert errors == [], f"invented: {errors}"
        assert plan.digest or plan.action == "none"
    codes = {finding.code for finding in plan.findings}
    assert set(story.says) <= codes, f"{codes} lacks {set(story.says) - codes}"
    assert not story.action or plan.action == story.action
    assert story.touch or not plan.drift, f"invented: {plan.drift}"
    actions = {f"{one.ref.kind}/{one.ref.name}": one.action for one in plan.objects}
    own = plan.namespace.removesuffix("-new")
    for written, action in story.actions.items():
        name = written.replace("{ns}", own)
        assert actions.get(name) == action, f"{name} is to be {action}: {actions}"
