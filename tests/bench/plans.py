"""Plans of many releases on a real API server, cold and warm, and what others take for the same."""

import json
import os
import shutil
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.bench.estate import App, apps, install, write_checkout
from tests.bench.measuring import Taken, run
from tests.bench.table import Row, megabytes, milliseconds, seconds
from tests.cluster.control_plane import ControlPlane
from tests.cluster.tools import find

HELM_DIFF, HELMFILE = "PURSER_BENCH_HELM_DIFF", "PURSER_BENCH_HELMFILE"


@dataclass(slots=True)
class Bench:
    """Where it is measured; `deployed` releases of the estate are in the cluster."""

    plane: ControlPlane
    folder: Path
    deployed: int = 0

    def deploy(self, charts: Path, count: int) -> None:
        """So many releases, as they were before the change."""
        install(self.plane, charts, range(self.deployed, count))
        self.deployed = max(self.deployed, count)

    def requests(self, task: Callable[[], Taken]) -> tuple[Taken, int]:
        """What the task took, and how many requests the API server had meanwhile."""
        before = len(self._of_clients())
        taken = task()
        return taken, len(self._of_clients()) - before

    def _of_clients(self) -> list[str]:
        log = self.plane.requests()
        own = ("system:kube-controller-manager", "system:apiserver")
        return [entry["requestURI"] for entry in log if entry["user"].get("username") not in own]


def measured(bench: Bench, sizes: Sequence[int]) -> Iterator[Row]:
    """The rows of the table, as they come."""
    for count in sizes:
        checkout = write_checkout(bench.folder / f"checkout-{count}", count)
        bench.deploy(checkout / "charts", count)
        yield from _purser(bench, checkout, count)
        if count <= _LARGEST_FOR_OTHERS:
            yield from _others(bench, checkout, count)


_LARGEST_FOR_OTHERS = 100


def _purser(bench: Bench, checkout: Path, count: int) -> Iterator[Row]:
    cache = bench.folder / f"cache-{count}"
    environment = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    command = [sys.executable, "-m", "bot", "plan", str(checkout), "--output", "json"]
    command += ["--kubeconfig", str(bench.plane.kubeconfig)]
    seals = set()
    for how in ("cold", "warm"):
        taken, requests = bench.requests(lambda: run(command, environment))
        plan = json.loads(taken.output)
        seals.add(plan["seal"])
        changed = sum(release["action"] != "none" for release in plan["releases"])
        assert changed == sum(app.changed for app in apps(count)), f"{changed} releases are said to change"
        yield _row(f"purser plan, {how}", count, taken, requests)
    assert len(seals) == 1, "two plans of the same inputs have two seals"
    yield from _resident(bench, checkout, count)


def _resident(bench: Bench, checkout: Path, count: int) -> Iterator[Row]:
    """The same in a process that lives on, as the service does; and rendering alone."""
    folder = bench.folder / f"resident-{count}"
    command = [sys.executable, "-m", "tests.bench.service", str(checkout), str(bench.plane.kubeconfig)]
    taken = run([*command, str(folder), str(count)])
    found = json.loads(taken.output)
    for one in found:
        cells = {"wall": seconds(one["wall"]), "CPU": seconds(one["cpu"])}
        cells |= {"peak RSS": megabytes(taken.rss), "API requests": str(one["requests"])}
        yield Row(f"plan in the service, {one['how']}", count, cells)
    alone = run([sys.executable, "-m", "tests.bench.renders", str(checkout), str(count)])
    pure = json.loads(alone.output)["seconds"]
    yield Row(
        "only rendering, one process",
        count,
        {"wall": seconds(pure), "per release": milliseconds(pure / count)},
    )
    yield Row("plan (service, cold) / only rendering", count, {"ratio": f"{found[0]['wall'] / pure:.2f}"})


def _others(bench: Bench, checkout: Path, count: int) -> Iterator[Row]:
    helm = str(find("helm"))
    yield _row("helm template, one by one", count, _sequence(bench, _template(helm, checkout, count)), 0)
    if diff := os.environ.get(HELM_DIFF):
        taken, requests = bench.requests(lambda: _sequence(bench, _diff(helm, diff, checkout, count)))
        yield _row("helm diff upgrade, one by one", count, taken, requests)
    if helmfile := os.environ.get(HELMFILE):
        file = _helmfile(bench, checkout, count)
        command = [helmfile, "--file", str(file), "--helm-binary", helm, "--kubeconfig"]
        command += [str(bench.plane.kubeconfig), "diff", "--concurrency", "8"]
        taken, requests = bench.requests(lambda: run(command))
        yield _row("helmfile diff, 8 at once", count, taken, requests)


def _sequence(bench: Bench, commands: Iterator[list[str]]) -> Taken:
    """One after another, in a shell of their own."""
    script = bench.folder / "sequence.json"
    script.write_text(json.dumps(list(commands)), encoding="utf-8")
    code = (
        "import json, subprocess, sys\n"
        "for command in json.load(open(sys.argv[1])):\n"
        "    done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)\n"
        "    assert done.returncode in (0, 2), done.stderr\n"
    )
    environment = {**os.environ, "KUBECONFIG": str(bench.plane.kubeconfig)}
    return run([sys.executable, "-S", "-c", code, str(script)], environment)


def _arguments(app: App, checkout: Path) -> list[str]:
    chart, values = checkout / "charts" / app.chart, checkout / "values" / f"{app.name}.yaml"
    return [app.name, str(chart), "--namespace", app.namespace, "--values", str(values)]


def _template(helm: str, checkout: Path, count: int) -> Iterator[list[str]]:
    for app in apps(count):
        yield [helm, "template", *_arguments(app, checkout)]


def _diff(helm: str, diff: str, checkout: Path, count: int) -> Iterator[list[str]]:
    """The plugin's own program; it finds Helm by HELM_BIN."""
    for app in apps(count):
        yield ["env", f"HELM_BIN={helm}", diff, "upgrade", *_arguments(app, checkout)]


def _helmfile(bench: Bench, checkout: Path, count: int) -> Path:
    releases = [
        {
            "name": app.name,
            "namespace": app.namespace,
            "chart": f"./charts/{app.chart}",
            "values": [f"values/{app.name}.yaml"],
        }
        for app in apps(count)
    ]
    folder = bench.folder / f"helmfile-{count}"
    shutil.copytree(checkout, folder, dirs_exist_ok=True)
    (folder / "releases.yaml").unlink()
    file = folder / "helmfile.yaml"
    file.write_text(json.dumps({"releases": releases}), encoding="utf-8")
    return file


def _row(what: str, count: int, taken: Taken, requests: int) -> Row:
    cells = {
        "wall": seconds(taken.wall),
        "CPU": seconds(taken.cpu),
        "peak RSS": megabytes(taken.rss),
        "API requests": str(requests),
    }
    return Row(what, count, cells)
