"""Apply a sealed plan: plan again, compare the seal, deploy release by release, verify."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, TypeAlias

from bot.app.planner import Planner, Prepared, Step
from bot.app.ports import Checkout, Deployer
from bot.app.ports.rendering import DeployJob
from bot.app.verify import Verifier
from bot.core.errors import AuthorError
from bot.core.model import Target
from bot.core.moved import moved
from bot.core.planned import Plan
from bot.core.redact import Masker

VERIFY_POLL = 2.0

Result: TypeAlias = Literal["applied", "nothing", "refused", "failed", "unverified"]


@dataclass(frozen=True, slots=True)
class Applied:
    """How it ended, with what was applied and what was not (`namespace/name`), and why."""

    result: Result
    plan: Plan
    done: tuple[str, ...] = ()
    left: tuple[str, ...] = ()
    lines: tuple[str, ...] = ()


class ApplyPlan:
    """Deploys exactly the plan of a seal, or nothing.

    `say` gets each line of what a person at night wants to read. `run` names this apply in
    the releases' labels.
    """

    def __init__(
        self, planner: Planner, deployer: Deployer, verifier: Verifier, say: Callable[[str], None], run: str
    ) -> None:
        self._planner = planner
        self._deployer = deployer
        self._verifier = verifier
        self._say = say
        self._run = run

    async def __call__(
        self, target: Target, tree: Checkout, seal: str, sealed: Plan | None, verify_seconds: float
    ) -> Applied:
        """`sealed` is the plan of that seal where it is at hand, to say what moved."""
        prepared = await self._planner.prepare(target, tree)
        plan = prepared.plan
        if plan.seal != seal:
            return Applied("refused", plan, lines=_why(plan, seal, sealed))
        if not plan.changes_something:
            return Applied("nothing", plan, lines=("The cluster has all of it already.",))
        self._say(f"The seal holds: {seal}")
        self._say(f"Deploying with {self._deployer.info.name} {self._deployer.info.version}.")
        done, left, failure = await self._deploy(prepared)
        if failure:
            return Applied("failed", plan, done, left, (failure,))
        return await self._verify(target, tree, plan, done, verify_seconds)

    async def _deploy(self, prepared: Prepared) -> tuple[tuple[str, ...], tuple[str, ...], str]:
        todo = [step for step in prepared.steps if step.plan.action != "none"]
        done: list[str] = []
        for number, step in enumerate(todo, start=1):
            self._say(f"\n[{number}/{len(todo)}] {step.plan.action} {step.desired.key}")
            try:
                await self._one(step, prepared.masker)
            except AuthorError as error:
                why = prepared.masker.text(str(error))
                self._say(f"  FAILED: {why}")
                left = tuple(rest.desired.key for rest in todo[number - 1 :])
                return tuple(done), left, f"{step.desired.key}: {why}"
            done.append(step.desired.key)
        return tuple(done), (), ""

    async def _one(self, step: Step, masker: Masker) -> None:
        def log(line: str) -> None:
            self._say(f"  {masker.text(line)}")

        if step.chart is None:
            await self._deployer.uninstall(step.desired, log)
            self._say("  uninstalled")
            return
        job = DeployJob(step.desired, step.chart, step.plan.action == "install", self._run)
        revision = await self._deployer.deploy(job, log)
        self._say(f"  deployed revision {revision}")

    async def _verify(
        self, target: Target, tree: Checkout, plan: Plan, done: tuple[str, ...], seconds: float
    ) -> Applied:
        self._say("\nVerifying:")
        last: tuple[str, ...] = ()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            verdict = await self._verifier.look(target, plan, tree)
            if verdict.lines != last:
                for line in verdict.lines:
                    self._say(f"  {line}")
                last = verdict.lines
            if verdict.settled or loop.time() >= deadline:
                break
            await asyncio.sleep(min(VERIFY_POLL, max(0.0, deadline - loop.time())))
        return Applied("applied" if verdict.good else "unverified", plan, done, (), verdict.lines)


def _why(plan: Plan, seal: str, sealed: Plan | None) -> tuple[str, ...]:
    lines = [f"It was sealed as {seal}."]
    if plan.seal is not None:
        lines.append(f"The plan of now has {plan.seal}.")
    else:
        lines.append("The plan of now cannot be sealed:")
        lines += [f"{f.message} {f.fix}".strip() for f in plan.all_findings if f.level == "error"]
    return (*lines, *(moved(sealed, plan) if sealed else ()))
