"""Plans a chart on a real API server as the service does, and keeps all that would be shown."""

import json
import subprocess
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.checkout import DirectoryCheckout
from bot.app.plan.planner import Planner
from bot.bootstrap.tools import Settings, tools
from bot.core.document import to_document
from bot.core.model import LookupPolicy, Target
from bot.core.notes.plan import PlanContext, plan_notes
from bot.core.planned import Plan, ReleasePlan
from tests.cluster.api import Api

RELEASE = "web"


@dataclass(frozen=True)
class Shown:
    """A plan, and every text of it that leaves the service: notes, JSON, what is stored, what is logged."""

    plan: Plan
    text: str

    @property
    def release(self) -> ReleasePlan:
        (only,) = self.plan.releases
        return only

    @property
    def codes(self) -> set[str]:
        return {finding.code for finding in self.plan.all_findings}

    def says(self, code: str) -> str:
        return "\n".join(f"{f.message} {f.fix}" for f in self.plan.all_findings if f.code == code)


@dataclass
class LookupBench:
    """One release in one namespace. `deploy` is Helm's own command, `plan` is ours."""

    api: Api
    kubeconfig: Path
    helm: Path
    namespace: str
    folder: Path
    planner: Planner
    values: Mapping[str, Any] = field(default_factory=dict)
    _plans: int = 0

    def write(self, files: Mapping[str, str], version: str = "1.0.0") -> Path:
        self._plans += 1
        checkout = self.folder / f"checkout-{self._plans}"
        content = {"Chart.yaml": f"apiVersion: v2\nname: web\nversion: {version}\n", **files}
        for name, text in content.items():
            place = name if "/" in name or name == "Chart.yaml" else f"templates/{name}"
            file = checkout / "chart" / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text.replace("{ns}", self.namespace), encoding="utf-8")
        release = {"name": RELEASE, "namespace": self.namespace, "chart": "./chart", "createNamespace": False}
        listed = {"version": 1, "releases": [{**release, "inline": dict(self.values)}]}
        (checkout / "releases.yaml").write_text(yaml.safe_dump(listed), encoding="utf-8")
        return checkout

    def uninstall(self) -> None:
        options = ("--namespace", self.namespace, "--kubeconfig", str(self.kubeconfig))
        subprocess.run([str(self.helm), "uninstall", RELEASE, *options], check=True, capture_output=True)

    def deploy(self, files: Mapping[str, str], version: str = "1.0.0", release: str = RELEASE) -> None:
        chart = self.write(files, version) / "chart"
        options = ("--namespace", self.namespace, "--kubeconfig", str(self.kubeconfig))
        values = json.dumps(dict(self.values))
        subprocess.run(
            [str(self.helm), "upgrade", "--install", release, str(chart), *options, "-f", "-"],
            input=values, check=True, capture_output=True, text=True, timeout=60,
        )  # fmt: skip

    async def plan(
        self, files: Mapping[str, str], version: str = "1.0.0", lookup: LookupPolicy = "own"
    ) -> Shown:
        checkout = self.write(files, version)
        target = Target("test", "a/b", kubeconfig=str(self.kubeconfig), lookup=lookup, chart_hosts=())
        made = await self.planner.prepare(target, DirectoryCheckout(str(checkout), "0" * 40))
        plan = made.plan
        parts = [*plan_notes(plan, PlanContext()).parts, json.dumps(to_document(plan, whole=True))]
        parts += [json.dumps(to_document(plan)), repr(plan)]
        return Shown(plan, "\n".join(parts))


@asynccontextmanager
async def bench(
    api: Api, kubeconfig: Path, helm: Path, namespace: str, folder: Path
) -> AsyncIterator[LookupBench]:
    settings = Settings(folder / "cache", b"key", workers=1, memory=folder / "memory")
    async with tools(settings) as wired:
        yield LookupBench(api, kubeconfig, helm, namespace, folder, wired.planner)
