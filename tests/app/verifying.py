"""A verifier over plain objects, and a clock that tests set."""

from collections.abc import AsyncIterator, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from typing import Any, cast

from bot.app.plan.planner import Planner
from bot.app.ports import Checkout, Cluster, ReleaseHead, RolloutState
from bot.app.probing import Probing
from bot.app.verify import Verifier
from bot.core.errors import ClusterUnreachable
from bot.core.model import ObjectRef, Target
from bot.core.planned import Change, EngineInfo, ObjectPlan, Plan, ReleasePlan
from bot.core.redact.masking import Masker
from bot.core.release import StoredRelease
from bot.core.verify.probes import NoAnswer, Reading
from bot.core.verify.rules import Probe
from tests.app.planning import stored

WEB = ObjectRef("apps/v1", "Deployment", "apps", "web")
SETTINGS = ObjectRef("v1", "ConfigMap", "apps", "web")
READY = RolloutState(ready=True, failed=False, message="2 of 2 pods are available")
WAITS = RolloutState(ready=False, failed=False, message="1 of 2 pods are available")
FAILED = RolloutState(ready=False, failed=True, message="ImagePullBackOff")


def release_plan(action: Any = "upgrade", **more: Any) -> ReleasePlan:
    """`apps/web` from revision 1, with a Deployment and a ConfigMap."""
    objects = (ObjectPlan(WEB, "update"), ObjectPlan(SETTINGS, "unchanged"))
    made = ReleasePlan("web", "apps", action, "web", "1.0.0", "1.0.0", 1, objects=objects)
    return replace(made, **more)


def plan_of(*releases: ReleasePlan, complete: bool = True) -> Plan:
    """A plan of these releases."""
    return Plan("production", "head", complete, None, EngineInfo("helm-sdk", "4"), "1.36", releases)


CHANGED = plan_of(
    release_plan(objects=(ObjectPlan(WEB, "update", (Change("/spec/replicas", "replace", 1, 2),)),))
)


@dataclass
class Live:
    """Release `apps/web` at a revision; its objects' states by name of kind."""

    live: StoredRelease | None = field(default_factory=lambda: stored("web", "blue", 2))
    states: dict[str, RolloutState] = field(default_factory=lambda: {"Deployment": READY})
    reachable: bool = True
    asked: list[ObjectRef] = field(default_factory=list)

    async def releases(self, namespaces: Collection[str] | None = None) -> tuple[ReleaseHead, ...]:
        """One head of the live release."""
        if not self.reachable:
            raise ClusterUnreachable("the API server did not answer")
        if self.live is None:
            return ()
        return (ReleaseHead("web", "apps", self.live.revision, self.live.status, "1"),)

    async def bodies(self, heads: Collection[ReleaseHead]) -> AsyncIterator[tuple[ReleaseHead, Any]]:
        """The live release for each head."""
        for head in heads:
            yield head, self.live

    async def rollouts(self, refs: Sequence[ObjectRef]) -> list[RolloutState]:
        """By kind."""
        self.asked += refs
        return [self.states[ref.kind] for ref in refs]


@dataclass
class Fresh:
    """A planner whose plans are given."""

    plan: Plan = field(default_factory=lambda: plan_of(release_plan("none")))
    made: int = 0

    async def prepare(self, target: Target, tree: Checkout) -> Any:
        """That plan."""
        self.made += 1
        return _Prepared(self.plan)


@dataclass
class _Prepared:
    plan: Plan
    masker: Masker = field(default_factory=lambda: Masker(b"key"))


@dataclass
class Answers:
    """Probes that answer from lists, the last one again and again."""

    readings: dict[str, list[Reading]] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)

    async def ask(self, probe: Probe) -> Reading:
        """The next reading of that name."""
        self.asked.append(probe.name)
        left = self.readings.get(probe.name, [NoAnswer("nobody said")])
        return left.pop(0) if len(left) > 1 else left[0]


@dataclass
class Scene:
    """All of it, and the verifier over it."""

    cluster: Live = field(default_factory=Live)
    fresh: Fresh = field(default_factory=Fresh)
    answers: Answers = field(default_factory=Answers)

    def open(self, target: Target) -> AbstractAsyncContextManager[Cluster]:
        """As the port says."""

        @asynccontextmanager
        async def opened() -> AsyncIterator[Cluster]:
            yield cast(Cluster, self.cluster)

        return opened()

    @property
    def verifier(self) -> Verifier:
        """Over what the scene holds."""
        return Verifier(cast(Planner, self.fresh), self, Probing(self.answers))
