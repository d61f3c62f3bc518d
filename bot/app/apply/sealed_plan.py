"""Apply a sealed plan: plan again, compare the seal, deploy release by release, verify."""

import asyncio
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from bot.app.apply.recovering import Left, Recovery
from bot.app.apply.releases import Applying
from bot.app.plan.planner import Planner, Prepared
from bot.app.ports import Checkout, Deployer
from bot.app.verify import Verifier
from bot.core.deploy.release_report import ReleaseReport, RunReport, RunResult, sentence
from bot.core.deploy.resuming import done_already
from bot.core.gate.pending import only_pending
from bot.core.model import Target
from bot.core.moved import moved
from bot.core.planned import Plan
from bot.core.verify.outcome import Verdict
from bot.core.verify.symptoms import spoken

VERIFY_POLL = 2.0


@dataclass(frozen=True, slots=True)
class Applied:
    """How it ended, with what became of each release, and why. `plan` is the one of now."""

    result: RunResult
    plan: Plan
    releases: tuple[ReleaseReport, ...] = ()
    lines: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def done(self) -> tuple[str, ...]:
        """The releases (`namespace/name`) that are as planned now, and were not before."""
        return tuple(one.key for one in self.releases if one.state in ("applied", "already"))

    @property
    def left(self) -> tuple[str, ...]:
        """The releases that should have been applied and were not."""
        bad = ("failed", "not started", "stopped")
        return tuple(one.key for one in self.releases if one.state in bad)

    @property
    def report(self) -> RunReport:
        """Without the plan."""
        return RunReport(self.result, self.releases, self.lines, self.seconds)


class ApplyPlan:
    """Deploys exactly the plan of a seal, or nothing.

    `say` gets each line of what a person at night wants to read. `run` names this apply in
    the releases' labels.
    """

    def __init__(
        self,
        planner: Planner,
        deployer: Deployer,
        verifier: Verifier,
        say: Callable[[str], None],
        run: str,
        recovery: Recovery,
    ) -> None:
        self._planner = planner
        self._deployer = deployer
        self._verifier = verifier
        self._say = say
        self._run = run
        self._recovery = recovery

    async def __call__(
        self,
        target: Target,
        tree: Checkout,
        seal: str,
        sealed: Plan | None,
        verify_seconds: float | None,
        *,
        again: bool = False,
    ) -> Applied:
        """`sealed` is the plan of that seal where it is at hand, to say what moved.

        `verify_seconds` None leaves the verification to the caller. `again`: a process that applied this plan
        died; releases that are as the sealed plan wants them are left alone, where the others did not move.
        """
        began = time.monotonic()
        prepared, left = await self._prepare(target, tree, seal)
        plan = prepared.plan
        already = done_already(sealed, plan) if again and sealed else None
        if plan.seal != seal and already is None:
            return Applied("refused", plan, lines=_why(plan, seal, sealed))
        if not plan.changes_something and not already:
            return Applied("nothing", plan, lines=("The cluster has all of it already.",))
        self._say(f"The seal holds: {seal}")
        for one in left:
            self._say(f"{one} It is marked failed, as this seal says.")
            await self._recovery.mark(target, one)
        for key in sorted(already or ()):
            self._say(f"{key} was applied by an earlier try, and is left as it is.")
        self._say(f"Deploying with {self._deployer.info.name} {self._deployer.info.version}.")
        return await self._go(target, tree, prepared, already or (), verify_seconds, began)

    async def _prepare(self, target: Target, tree: Checkout, seal: str) -> tuple[Prepared, tuple[Left, ...]]:
        """The plan of now; as if what is pending had failed, where that is what was sealed."""
        prepared = await self._planner.prepare(target, tree)
        if not only_pending(prepared.plan):
            return prepared, ()
        as_if, left = await self._recovery.prepare(target, tree)
        return (as_if, left) if as_if.plan.seal == seal else (prepared, ())

    async def _go(
        self,
        target: Target,
        tree: Checkout,
        prepared: Prepared,
        already: Collection[str],
        verify_seconds: float | None,
        began: float,
    ) -> Applied:
        plan = prepared.plan
        applying = Applying(self._deployer, self._say, self._run, target.deploy.parallel, prepared.masker)
        releases = await applying(prepared.steps, already)
        seconds = time.monotonic() - began
        self._say("\nReleases:")
        for one in releases:
            self._say(f"  {sentence(one)}")
        if applying.stopped:
            return Applied("stopped", plan, releases, ("It was stopped from outside.",), seconds)
        failed = tuple(f"{one.key}: {one.why}" for one in releases if one.state == "failed")
        if failed:
            keys = {one.key for one in releases if one.state == "failed"}
            releases = await self._with_symptoms(target, prepared, releases, keys)
            return Applied("failed", plan, releases, failed, seconds)
        if verify_seconds is None:
            return Applied("applied", plan, releases, (), seconds)
        verdict = await self._verify(target, tree, prepared, verify_seconds)
        if not verdict.good:
            releases = await self._with_symptoms(target, prepared, releases, verdict.ailing)
        result: RunResult = "applied" if verdict.good else "unverified"
        return Applied(result, plan, releases, verdict.lines, time.monotonic() - began)

    async def _with_symptoms(
        self,
        target: Target,
        prepared: Prepared,
        releases: tuple[ReleaseReport, ...],
        keys: Collection[str],
    ) -> tuple[ReleaseReport, ...]:
        """The reports with what the cluster says of those releases, which is said as well."""
        masker = prepared.masker
        said = {
            one.release: one for one in await self._verifier.symptoms(target, prepared.plan, keys, masker)
        }
        for one in said.values():
            self._say("")
            for line in spoken(one):
                self._say(line)
        return tuple(replace(one, symptoms=said.get(one.key)) for one in releases)

    async def _verify(self, target: Target, tree: Checkout, prepared: Prepared, seconds: float) -> Verdict:
        self._say("\nVerifying:")
        last: tuple[str, ...] = ()
        loop = asyncio.get_running_loop()
        deadline = loop.time() + seconds
        while True:
            seen = await self._verifier.look(target, prepared.plan, tree)
            verdict = seen.masked(prepared.masker.text)
            if verdict.lines != last:
                for line in verdict.lines:
                    self._say(f"  {line}")
                last = verdict.lines
            if verdict.settled or loop.time() >= deadline:
                break
            await asyncio.sleep(min(VERIFY_POLL, max(0.0, deadline - loop.time())))
        return verdict


def _why(plan: Plan, seal: str, sealed: Plan | None) -> tuple[str, ...]:
    lines = [f"It was sealed as {seal}."]
    if plan.seal is not None:
        lines.append(f"The plan of now has {plan.seal}.")
    else:
        lines.append("The plan of now cannot be sealed:")
        lines += [f"{f.message} {f.fix}".strip() for f in plan.all_findings if f.level == "error"]
    if only_pending(plan):
        return tuple(lines)
    return (*lines, *(moved(sealed, plan) if sealed else ()))
