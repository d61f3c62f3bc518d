"""The end of a deploy: verify it until its deadline, then ask the probes."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from bot.app.deploy.telling import Telling
from bot.app.ports import Clock, Deployment, MergeRequest, Repositories, Store
from bot.app.verify import Verifier
from bot.core.model import Target
from bot.core.planned import Plan
from bot.core.redact.masking import Masker
from bot.core.verify.outcome import Verdict, with_probes
from bot.core.verify.probes import Reading, reading_of, to_facts
from bot.core.verify.symptoms import Symptoms

BEFORE = "probes.before"
"""The kind of the trail entry with the values of before a deploy."""


@dataclass(frozen=True, slots=True)
class Looked:
    """What was seen, masked. `wait` are the seconds until the next look; None where this was the last."""

    verdict: Verdict
    wait: float | None


class VerifyDeployment:
    """The values of before a deploy, and one look at a time after it."""

    def __init__(
        self,
        repositories: Repositories,
        verifier: Verifier,
        store: Store,
        clock: Clock,
        masker: Callable[[], Masker],
        telling: Telling,
    ) -> None:
        self._repositories = repositories
        self._verifier = verifier
        self._store = store
        self._clock = clock
        self._masker = masker
        self._telling = telling

    async def before(self, mr: MergeRequest, target: Target) -> None:
        """Takes the values of before a deploy, where a probe compares; to be called before it starts."""
        readings = await self._verifier.probing.before(target)
        if readings:
            taken = [to_facts(name, reading) for name, reading in readings.items()]
            await self._telling.record(BEFORE, mr, target, {"probes": taken}, f":{self._clock().isoformat()}")

    async def look(
        self, mr: MergeRequest, target: Target, deployment: Deployment, plan: Plan, since: datetime
    ) -> Looked:
        """One look. `plan` is what was applied, at `since`."""
        elapsed = (self._clock() - since).total_seconds()
        late = elapsed > target.verify.deadline
        async with self._repositories.at(mr.project, mr.target_branch, deployment.merge_sha) as tree:
            verdict = await self._verifier.look(target, plan, tree, is_last=late)
        wait = longest_wait(elapsed)
        if verdict.good and target.verify.probes:
            settles = target.verify.settle - elapsed
            if settles > 0:
                return Looked(self._masked(replace(verdict, settled=False)), min(wait, settles))
            results = await self._verifier.probing.after(target, await self._taken(mr, target))
            verdict = with_probes(verdict, results)
        return Looked(self._masked(verdict), None if verdict.settled or late else wait)

    async def symptoms(self, target: Target, plan: Plan, verdict: Verdict) -> tuple[Symptoms, ...]:
        """What the cluster says of the releases that did not come up, asked as who deploys them here."""
        rules = target.deploy
        if target.deploy_mode == "direct" and rules.kubeconfig:
            target = replace(target, kubeconfig=rules.kubeconfig, context=rules.context)
        return await self._verifier.symptoms(target, plan, verdict.ailing, self._masker())

    def _masked(self, verdict: Verdict) -> Verdict:
        return verdict.masked(self._masker().text)

    async def _taken(self, mr: MergeRequest, target: Target) -> dict[str, Reading]:
        """The values of before this deploy: the newest that were taken."""
        for entry in reversed(await self._store.trail(mr.project, mr.iid)):
            if entry["kind"] == BEFORE and entry["facts"].get("target") == target.name:
                return {one["name"]: reading_of(one) for one in entry["facts"]["probes"]}
        return {}


def longest_wait(elapsed: float) -> float:
    """Seconds until the next look: three at first, a tenth of what has passed, fifteen at most."""
    return min(15.0, max(3.0, elapsed / 10))
