"""Holds plans of real charts against what Helm really does with them, object by object, field by field.

A folder (PURSER_REAL_CHARTS) holds two versions of each chart, `<name>-a` and `<name>-b`, with their
dependencies in place; `<name>.yaml`, if it is there, is a list of further values to upgrade to. Every chart
is installed, upgraded, given each of its values, taken back to the first version and uninstalled, and each
step is planned first as `purser plan` plans it.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from bot.bootstrap.tools import Settings, open_checkout, tools
from bot.core.document import to_document
from bot.core.model import Level, Target
from bot.core.planned import EngineInfo, Plan, ReleasePlan
from bot.core.redact.masking import Masker
from tests.cluster.control_plane import ControlPlane
from tests.cluster.real_state import everything, finishing_jobs
from tests.cluster.truth_compare import Name, State, all_calm, compare
from tests.cluster.waiting import until

_TIMEOUT = ("--timeout", "90s")


@dataclass(frozen=True)
class Told:
    """One step: what was planned, how it went, and what of the plan was wrong. Times are in seconds."""

    step: str
    plan: ReleasePlan
    objects: int
    changed: int
    wrong: tuple[str, ...]
    planning: float
    helm: float

    @property
    def line(self) -> str:
        """One line of a report."""
        codes: dict[str, int] = {}
        for finding in self.plan.findings:
            key = f"{finding.level}:{finding.code}"
            codes[key] = codes.get(key, 0) + 1
        said = ", ".join(f"{code}×{count}" if count > 1 else code for code, count in codes.items())
        return (
            f"{self.step:42} {self.plan.action:9} objects {self.objects:4} changed {self.changed:4} "
            f"wrong {len(self.wrong):3} plan {self.planning:5.1f}s helm {self.helm:5.1f}s {said}"
        )


@dataclass
class RealChart:
    """One chart's life in a namespace of its own."""

    plane: ControlPlane
    helm: Path
    folder: Path
    name: str
    told: list[Told] = field(default_factory=list)

    @property
    def _namespace(self) -> str:
        return f"real-{self.name}"

    async def live(self, charts: Path) -> list[Told]:
        """The whole life; what each step showed."""
        checkout = self.folder / "checkout"
        for version in ("a", "b"):
            shutil.copytree(charts / f"{self.name}-{version}", checkout / version)
        written = charts / f"{self.name}.yaml"
        values = list(yaml.safe_load(written.read_text(encoding="utf-8"))) if written.exists() else []
        first, *others = values or [{}]
        with finishing_jobs(self.plane.api):
            await self._step("install a", "a", first)
            await self._settled("a again", "a", first)
            await self._step("upgrade a -> b", "b", first)
            await self._settled("b again", "b", first)
            for number, one in enumerate(others, 1):
                await self._step(f"values {number}", "b", one)
                await self._settled(f"values {number} again", "b", one)
            await self._step("back b -> a", "a", first)
            await self._step("uninstall", "a", first, installed=False)
        return self.told

    async def _step(
        self, step: str, chart: str, values: Mapping[str, Any], *, installed: bool = True
    ) -> None:
        self._write(chart, values, installed)
        before = everything(self.plane.api)
        started = time.monotonic()
        plan, masker = await self._plan()
        planning = time.monotonic() - started
        wrong = [] if all_calm(everything(self.plane.api)) == all_calm(before) else ["planning changed it"]
        if step.startswith("upgrade"):
            wrong += self._by_command(plan)
        started = time.monotonic()
        done = self._operate(plan, chart, installed)
        took = time.monotonic() - started
        errors = [f"{f.code}: {f.message}" for f in plan.findings if f.level is Level.ERROR]
        if done.returncode and not errors:
            wrong.append(f"failed unforeseen: {done.stderr[-2000:]}")
        if errors and not done.returncode:
            wrong.append(f"failure invented: {errors}")
        after = before
        if not done.returncode:
            self._wait_for_deletions(plan)
            after = everything(self.plane.api)
            wrong += mistakes(plan, before, after, masker)
        changed = sum(one.action != "unchanged" for one in plan.objects)
        self.told.append(
            Told(f"{self.name}: {step}", plan, len(plan.objects), changed, tuple(wrong), planning, took)
        )

    async def _settled(self, step: str, chart: str, values: Mapping[str, Any]) -> None:
        """What was just deployed needs nothing more, unless its chart renders otherwise once it stands.

        Then it is deployed again (a chart that looks up what it made itself), and nothing is left to do.
        """
        if self._failed:
            return
        deployed = self._manifest()
        await self._step(step, chart, values)
        if not self._changed:
            return
        if deployed == self._manifest():
            self._add("it renders the same, but was not none")
        await self._step(f"{step}, twice", chart, values)
        if self._changed:
            self._add(f"not none: {_changes(self.told[-1].plan)}")

    def _manifest(self) -> str:
        done = self._helm("get", "manifest", self.name)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @property
    def _changed(self) -> bool:
        return self.told[-1].plan.action != "none"

    @property
    def _failed(self) -> bool:
        return any(finding.level is Level.ERROR for finding in self.told[-1].plan.findings)

    def _add(self, wrong: str) -> None:
        self.told[-1] = replace(self.told[-1], wrong=(*self.told[-1].wrong, wrong))

    def _by_command(self, plan: ReleasePlan) -> list[str]:
        """`purser plan` prints the same; its masks are under a key of its own."""
        command = [sys.executable, "-m", "bot", "plan", str(self.folder / "checkout"), "--layout", "releases"]
        environment = {"XDG_CACHE_HOME": str(self.folder / "home"), "KUBECONFIG": str(self.plane.kubeconfig)}
        done = subprocess.run(
            [*command, "--output", "json"],
            check=False, capture_output=True, text=True, timeout=240, env={**os.environ, **environment},
        )  # fmt: skip
        expected = 4 if any(finding.level is Level.ERROR for finding in plan.findings) else 2
        if done.returncode != expected:
            return [f"purser plan ended with {done.returncode}: {done.stderr[-1000:]}"]
        (printed,) = json.loads(done.stdout)["releases"]
        whole = Plan("real", None, True, None, EngineInfo("", ""), "", (plan,))
        (own,) = to_document(whole)["releases"]
        return [] if _outline(printed) == _outline(own) else ["purser plan prints another plan"]

    def _write(self, chart: str, values: Mapping[str, Any], installed: bool) -> None:
        entry: dict[str, Any] = {"name": self.name, "namespace": self._namespace, "chart": f"./{chart}"}
        entry |= {"installed": installed, "inline": dict(values)}
        text = json.dumps({"version": 1, "releases": [entry]})
        (self.folder / "checkout" / "releases.yaml").write_text(text, encoding="utf-8")
        (self.folder / "values.json").write_text(json.dumps(values), encoding="utf-8")

    async def _plan(self) -> tuple[ReleasePlan, Masker]:
        settings = Settings(self.folder / "cache", b"truth", workers=1, memory=self.folder / "memory")
        target = Target(name="real", project="", kubeconfig=str(self.plane.kubeconfig), layout="releases")
        async with tools(settings) as wired:
            made = await wired.planner.prepare(target, open_checkout(self.folder / "checkout"))
        assert made.plan.releases, made.plan.findings
        return made.plan.releases[0], made.masker

    def _operate(self, plan: ReleasePlan, chart: str, installed: bool) -> subprocess.CompletedProcess[str]:
        if plan.action == "none":
            return subprocess.CompletedProcess([], 0, "", "")
        if not installed:
            return self._helm("uninstall", self.name, *_TIMEOUT)
        return self._helm(
            *("upgrade", "--install", "--reset-values", "--create-namespace", self.name),
            *(str(self.folder / "checkout" / chart), "-f", str(self.folder / "values.json")),
            *_TIMEOUT,
        )

    def _helm(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        where = ("--kubeconfig", str(self.plane.kubeconfig), "--namespace", self._namespace)
        command = [str(self.helm), *arguments, *where]
        return subprocess.run(command, check=False, capture_output=True, text=True, timeout=240)

    def _wait_for_deletions(self, plan: ReleasePlan) -> None:
        """Helm does not wait for the end of what it deletes, nor do CRDs go at once."""
        gone = {(o.ref.kind, o.ref.namespace, o.ref.name) for o in plan.objects if o.action == "delete"}
        if gone:
            until(lambda: not gone & everything(self.plane.api).keys(), f"{gone} to go", 20)


def _outline(release: Mapping[str, Any]) -> list[Any]:
    """A release's document without values."""
    paths = [
        (one["kind"], one["namespace"], one["name"], one["action"], [c["path"] for c in one["changes"]])
        for one in release["objects"]
    ]
    return [release["action"], release["risk"], paths, [one["code"] for one in release["findings"]]]


def mistakes(plan: ReleasePlan, before: State, after: State, masker: Masker) -> list[str]:
    """What `compare` finds, object by object."""
    found = []
    names = {(one.ref.kind, one.ref.namespace, one.ref.name): one for one in plan.objects}
    random = tuple(one for one in plan.objects if "/metadata/name" in one.noise)
    for name in sorted({*before, *after, *names}):
        own = (names[name],) if name in names and names[name] not in random else ()
        part = replace(plan, objects=(*own, *random))
        try:
            compare(part, _only(before, name), _only(after, name), masker)
        except AssertionError as error:
            found.append(str(error)[:1500])
    return found


def _only(state: State, name: Name) -> State:
    return {name: state[name]} if name in state else {}


def _changes(plan: ReleasePlan) -> list[str]:
    changed = [one for one in plan.objects if one.action != "unchanged"]
    return [f"{one.action} {one.ref} {[c.path for c in one.changes][:5]} {one.noise}" for one in changed][:8]
