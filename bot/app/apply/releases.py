"""Apply the releases of a plan: each when those it waits for are done, some at a time, each reported."""

import asyncio
import time
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

from bot.app.plan.planner import Step
from bot.app.ports import Deployer
from bot.app.ports.rendering import DeployJob
from bot.core.deploy.release_report import ReleaseReport, ReleaseState, sentence
from bot.core.errors import AuthorError
from bot.core.order import waits
from bot.core.redact.masking import Masker


class Applying:
    """One pass over the releases of a plan.

    `say` gets each line, masked. `run` names it in the releases' labels. A release that fails stops those
    that wait for it and no others. After a cancellation `stopped` is true and what ran is reported as such.
    """

    def __init__(
        self, deployer: Deployer, say: Callable[[str], None], run: str, parallel: int, masker: Masker
    ) -> None:
        self._deployer = deployer
        self._say = say
        self._run = run
        self._slots = asyncio.Semaphore(parallel)
        self._masker = masker
        self._reports: dict[str, ReleaseReport] = {}
        self._total = self._begun = 0
        self.stopped = False

    async def __call__(
        self, steps: Sequence[Step], already: Collection[str] = ()
    ) -> tuple[ReleaseReport, ...]:
        """A report for each step, in their order. `already` are keys that an earlier try applied."""
        todo = [step for step in steps if step.plan.action != "none" and step.desired.key not in already]
        for step in steps:
            state: ReleaseState = "already" if step.desired.key in already else "unchanged"
            self._put(step, ReleaseReport(step.desired.key, step.verb, state))
        for step in todo:
            self._put(step, ReleaseReport(step.desired.key, step.verb, "not started"))
        self._total = len(todo)
        await self._work_off({step.desired.key: step for step in todo})
        return tuple(self._reports[step.desired.key] for step in steps)

    def _put(self, step: Step, report: ReleaseReport) -> None:
        self._reports[step.desired.key] = report

    async def _work_off(self, todo: dict[str, Step]) -> None:
        before = waits([(step.desired, step.plan) for step in todo.values()])
        running: dict[asyncio.Task[None], str] = {}
        while todo or running:
            for key in [key for key in todo if not before[key] & {*todo, *running.values()}]:
                step = todo.pop(key)
                failed = sorted(it for it in before[key] if self._reports[it].state != "applied")
                if failed:
                    why = f"it waits for {', '.join(failed)}, which did not succeed"
                    self._put(step, replace(self._reports[key], why=why))
                    self._say(f"\n{sentence(self._reports[key])}")
                else:
                    running[asyncio.create_task(self._slot(step))] = key
            if not running:
                continue
            done = await self._any_of(running)
            if self.stopped:
                return
            for task in done:
                running.pop(task)
                task.result()

    async def _any_of(self, running: dict[asyncio.Task[None], str]) -> set[asyncio.Task[None]]:
        try:
            return (await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED))[0]
        except asyncio.CancelledError:
            # Helm is asked to end in order, once; it marks what it was at as failed.
            self.stopped = True
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
            return set()

    async def _slot(self, step: Step) -> None:
        async with self._slots:
            await self._one(step)

    async def _one(self, step: Step) -> None:
        key, action = step.desired.key, step.verb
        self._begun += 1
        self._say(f"\n[{self._begun}/{self._total}] {action} {key}")
        began = time.monotonic()

        def ended(report: ReleaseReport) -> None:
            self._put(step, replace(report, seconds=time.monotonic() - began))

        try:
            revision = await self._helm(step)
        except AuthorError as error:
            why = self._masker.text(str(error))
            ended(ReleaseReport(key, action, "failed", why=why))
            self._line(step, f"FAILED: {why}")
        except asyncio.CancelledError:
            ended(ReleaseReport(key, action, "stopped", why="it was stopped from outside"))
            raise
        else:
            ended(ReleaseReport(key, action, "applied", revision=revision))
            self._line(step, f"deployed revision {revision}" if revision else "uninstalled")

    async def _helm(self, step: Step) -> int | None:
        def log(line: str) -> None:
            self._line(step, self._masker.text(line))

        if step.revision is not None:
            return await self._deployer.rollback(step.desired, step.revision, log)
        if step.chart is None:
            await self._deployer.uninstall(step.desired, log)
            return None
        job = DeployJob(step.desired, step.chart, step.plan.action == "install", self._run, step.crds)
        return await self._deployer.deploy(job, log)

    def _line(self, step: Step, line: str) -> None:
        self._say(f"  {step.desired.name}: {line}" if self._total > 1 else f"  {line}")
