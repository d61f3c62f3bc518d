"""A checkout of many releases in the layout `releases`, deployed by Helm and then changed in one of ten."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.bench.charts import SIZES, write_charts
from tests.cluster.control_plane import ControlPlane

NAMESPACES = 10


@dataclass(frozen=True, slots=True)
class App:
    """One release of the checkout; of each ten, one is `changed`: over a hundred, each size in turn."""

    number: int

    @property
    def name(self) -> str:
        return f"app-{self.number:03}"

    @property
    def namespace(self) -> str:
        return f"team-{self.number // 10 % NAMESPACES}"

    @property
    def chart(self) -> str:
        return SIZES[self.number % 10]

    @property
    def changed(self) -> bool:
        return self.number % 10 == self.number // 10 % 10

    def values(self, *, after: bool) -> dict[str, Any]:
        return {
            "team": f"team-{self.number}",
            "level": "debug" if after and self.changed else "info",
            "replicas": 0,
            "tag": "1.0.1" if after and self.changed else "1.0.0",
            "password": f"quite-secret-{self.number:05}",
            "resources": {"requests": {"cpu": "100m", "memory": "64Mi"}, "limits": {"memory": "128Mi"}},
        }


def apps(count: int) -> list[App]:
    """The first releases of the estate."""
    return [App(number) for number in range(count)]


def write_checkout(folder: Path, count: int) -> Path:
    """A checkout of `count` releases, after the change."""
    write_charts(folder / "charts")
    (folder / "values").mkdir(parents=True, exist_ok=True)
    entries = []
    for app in apps(count):
        file = folder / "values" / f"{app.name}.yaml"
        file.write_text(yaml.safe_dump(app.values(after=True)), encoding="utf-8")
        entries.append(
            {
                "name": app.name,
                "namespace": app.namespace,
                "chart": f"./charts/{app.chart}",
                "values": [f"values/{app.name}.yaml"],
            }
        )
    (folder / "releases.yaml").write_text(
        yaml.safe_dump({"version": 1, "releases": entries}, sort_keys=False), encoding="utf-8"
    )
    return folder


def install(plane: ControlPlane, charts: Path, numbers: range) -> None:
    """Deploys these releases as they were before the change, by Helm's own library in one process."""
    for number in range(NAMESPACES):
        path = "/api/v1/namespaces"
        if not plane.api.exists(f"{path}/team-{number}"):
            plane.api.call("POST", path, {"metadata": {"name": f"team-{number}"}})
    orders = "\n".join(_orders(charts, numbers))
    done = subprocess.run(
        # Helm takes its field manager from argv[0].
        [str(Path(sys.executable).with_name("helm")), "-m", "tests.bench.installer", str(plane.kubeconfig)],
        executable=sys.executable,
        input=orders,
        text=True,
        check=False,
        stderr=subprocess.PIPE,
    )
    if done.returncode:
        raise RuntimeError(f"the releases could not be installed:\n{done.stderr[-2000:]}")


def _orders(charts: Path, numbers: range) -> Iterator[str]:
    for number in numbers:
        app = App(number)
        order = {"name": app.name, "namespace": app.namespace, "chart": str(charts / app.chart)}
        yield json.dumps({**order, "values": app.values(after=False)})
