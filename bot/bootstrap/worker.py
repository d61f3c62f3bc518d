"""Which use case does which work."""

from collections.abc import Mapping

import structlog

from bot.app.branch import WatchBranch
from bot.app.command import AnswerCommands
from bot.app.deploy.merge_request import DeployMergeRequest
from bot.app.drift.look import LookForDrift
from bot.app.plan.merge_request import PlanMergeRequest
from bot.app.refresh import RefreshGate
from bot.core.errors import TransientError
from bot.core.model import Target
from bot.core.work import (
    BranchWork,
    CommandWork,
    DeployWork,
    Done,
    DriftWork,
    GateWork,
    Outcome,
    PlanWork,
    WakeWork,
    Work,
)
from bot.entry.metrics import Metrics

log = structlog.get_logger()


class Worker:
    """Gives each piece of work to its use case."""

    def __init__(
        self,
        targets: Mapping[tuple[str, str], Target],
        plan: PlanMergeRequest,
        deploy: DeployMergeRequest,
        commands: AnswerCommands,
        gate: RefreshGate,
        branch: WatchBranch,
        drift: LookForDrift,
        metrics: Metrics,
    ) -> None:
        self._targets = targets
        self._plan = plan
        self._deploy = deploy
        self._commands = commands
        self._gate = gate
        self._branch = branch
        self._drift = drift
        self._metrics = metrics

    async def __call__(self, work: Work) -> Outcome:
        """Does one step. Work for a target that is not configured any more is dropped, and said."""
        kind = type(work).__name__
        with self._metrics.spans.step(work), self._metrics.phases.of(kind):
            outcome = await self._counted(kind, work)
        self._metrics.work.labels(kind, type(outcome).__name__).inc()
        return outcome

    async def _counted(self, kind: str, work: Work) -> Outcome:
        try:
            return await self._step(work)
        except TransientError:
            self._metrics.work.labels(kind, "Repeated").inc()
            raise
        except Exception:
            self._metrics.work.labels(kind, "Failed").inc()
            raise

    async def _step(self, work: Work) -> Outcome:
        match work:
            case PlanWork() | DeployWork() | GateWork() | DriftWork():
                target = self._targets.get((work.project, work.target))
                if target is None:
                    log.warning("work.dropped", reason="no such target", target=work.target)
                    return Done()
                if isinstance(work, PlanWork):
                    self._metrics.plans.labels(work.target).inc()
                    return await self._plan(work, target)
                if isinstance(work, GateWork):
                    return await self._gate(work, target)
                if isinstance(work, DriftWork):
                    return await self._drift(work, target)
                outcome = await self._deploy(work, target)
                if isinstance(outcome, Done):
                    await self._drift.after(work)
                return outcome
            case CommandWork():
                return await self._commands(work, self._of(work.project))
            case BranchWork():
                mine = [it for it in self._of(work.project) if it.branch in (None, work.branch)]
                return await self._branch(work, mine)
            case WakeWork():
                return Done()

    def _of(self, project: str) -> list[Target]:
        return [target for (of, _), target in self._targets.items() if of == project]
