"""A checkout with one release of a chart of our own, planned and applied for real, as `purser apply` does."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.adapters.checkout import DirectoryCheckout
from bot.app.apply.sealed_plan import Applied, ApplyPlan
from bot.bootstrap.tools import Settings, Tools, deployer, tools
from bot.core.model import Target
from bot.core.planned import Plan


@dataclass
class Checkout:
    """`lines` is what applying said."""

    wired: Tools
    folder: Path
    target: Target
    namespace: str
    helm: Path
    lines: list[str] = field(default_factory=list)

    def write(self, files: Mapping[str, str], version: str = "1.0.0", **release: Any) -> None:
        """The chart has these files, and no others."""
        chart = self.folder / "charts" / "shop"
        for old in chart.rglob("*"):
            if old.is_file():
                old.unlink()
        for path, text in {
            **files,
            "Chart.yaml": f"apiVersion: v2\nname: shop\nversion: {version}\n",
        }.items():
            file = chart / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        entry = {"name": "shop", "namespace": self.namespace, "chart": "./charts/shop", **release}
        content = {"version": 1, "releases": [entry]}
        (self.folder / "releases.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def under(self, **rules: Any) -> Target:
        """The target with these rules of deploying."""
        return replace(self.target, deploy=replace(self.target.deploy, **rules))

    async def plan(self, **rules: Any) -> Plan:
        """What would be done now."""
        return (await self.wired.planner.prepare(self.under(**rules), self._tree())).plan

    async def apply(self, seal: str | None = None, verify: float = 0.0, **rules: Any) -> Applied:
        """Under this seal, or that of a plan of now."""
        target = self.under(**rules)
        chosen = seal or (await self.plan(**rules)).seal or ""
        helm = await deployer(target, self.wired.engine, "cli", str(self.helm))
        use = ApplyPlan(
            self.wired.planner, helm, self.wired.verifier, self.lines.append, "test", self.wired.recovery
        )
        return await use(target, self._tree(), chosen, None, verify)

    def _tree(self) -> DirectoryCheckout:
        return DirectoryCheckout(str(self.folder), None)


@asynccontextmanager
async def checkout(folder: Path, kubeconfig: Path, namespace: str, helm: Path) -> AsyncIterator[Checkout]:
    """An empty one below the folder."""
    place = folder / "checkout"
    place.mkdir()
    target = Target("production", "ops/shop", kubeconfig=str(kubeconfig), chart_hosts=())
    async with tools(Settings(folder / "cache", b"key", workers=1, memory=folder / "memory")) as wired:
        yield Checkout(wired, place, target, namespace, helm)
