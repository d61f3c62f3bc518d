"""In-memory keeping with the same contracts as the real one, for the demo, dry runs and tests."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from bot.adapters.clock import utc_now
from bot.app.ports.keeping import Clock, Consent, Deployment, Reply, StoredPlan
from bot.core.gate.approvals import Mark
from bot.core.gate.decision import Lock
from bot.core.trail.chain import FIRST, Entry, Happening, Head, first_broken, follow
from bot.core.webhook.delivery import TWINS, Delivery
from bot.core.work import DeployWork, PlanWork, WakeWork, Work, key, lane


class MemoryStore:
    """The port `Store`; forgets with the process."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._clock = clock
        self._plans: list[StoredPlan] = []
        self._deployments: dict[tuple[str, int, str], Deployment] = {}
        self._entries: list[Entry] = []
        self._recorded: set[str] = set()
        self._consents: dict[tuple[str, int, str, int, str], Consent] = {}
        self._locks: dict[tuple[str, str], Lock] = {}
        self._replies: dict[tuple[str, int, int], dict[int, Reply]] = {}

    async def add_plan(self, plan: StoredPlan) -> int:
        """See the port."""
        newest = await self.newest_plan(plan.project, plan.iid, plan.target)
        if newest and _comparable(newest) == _comparable(plan):
            return newest.id
        self._plans.append(replace(plan, id=len(self._plans) + 1))
        return len(self._plans)

    async def newest_plan(self, project: str, iid: int, target: str) -> StoredPlan | None:
        """See the port."""
        of_it = [
            each for each in self._plans if (each.project, each.iid, each.target) == (project, iid, target)
        ]
        return of_it[-1] if of_it else None

    async def plan(self, plan_id: int) -> StoredPlan | None:
        """The plan that `add_plan` gave this id."""
        return next((each for each in self._plans if each.id == plan_id), None)

    async def shown(self, plan_id: int, at: datetime) -> None:
        """See the port."""
        self._plans = [
            replace(it, shown_at=at) if it.id == plan_id and it.shown_at is None else it for it in self._plans
        ]

    async def marks(self, project: str, iid: int, target: str) -> list[Mark]:
        """See the port."""
        of_it = [it for it in self._plans if (it.project, it.iid, it.target) == (project, iid, target)]
        return [Mark(it.id, it.head, it.seal, it.shown_at) for it in of_it]

    async def planned(self, project: str, target: str, limit: int) -> list[int]:
        """See the port."""
        of_it = [it.iid for it in reversed(self._plans) if (it.project, it.target) == (project, target)]
        return list(dict.fromkeys(of_it))[:limit]

    async def add_consent(self, consent: Consent) -> None:
        """See the port."""
        key = (consent.project, consent.iid, consent.target, consent.user_id, consent.seal)
        self._consents[key] = consent

    async def consents(self, project: str, iid: int, target: str) -> list[Consent]:
        """See the port."""
        every = sorted(self._consents.values(), key=lambda it: it.note_id)
        return [it for it in every if (it.project, it.iid, it.target) == (project, iid, target)]

    async def replies(self, project: str, iid: int, note_id: int) -> Mapping[int, Reply]:
        """See the port."""
        return dict(self._replies.get((project, iid, note_id), {}))

    async def add_reply(self, reply: Reply) -> None:
        """See the port."""
        of_it = self._replies.setdefault((reply.project, reply.iid, reply.note_id), {})
        of_it.setdefault(reply.number, reply)

    async def posted(self, project: str, iid: int, note_id: int) -> None:
        """See the port."""
        of_it = self._replies.get((project, iid, note_id), {})
        of_it.update({number: replace(it, text=None) for number, it in of_it.items()})

    async def lock(self, project: str, target: str) -> Lock | None:
        """See the port."""
        return self._locks.get((project, target))

    async def put_lock(self, project: str, target: str, lock: Lock) -> None:
        """See the port."""
        self._locks[project, target] = lock

    async def drop_lock(self, project: str, target: str) -> bool:
        """See the port."""
        return self._locks.pop((project, target), None) is not None

    async def deployment(self, project: str, iid: int, target: str) -> Deployment | None:
        """See the port."""
        return self._deployments.get((project, iid, target))

    async def put_deployment(self, deployment: Deployment) -> None:
        """See the port."""
        self._deployments[deployment.project, deployment.iid, deployment.target] = deployment

    async def move_deployment(self, deployment: Deployment, before: str) -> bool:
        """See the port."""
        key = deployment.project, deployment.iid, deployment.target
        if key not in self._deployments or self._deployments[key].state != before:
            return False
        self._deployments[key] = deployment
        return True

    async def deployments_on(self, project: str, pipeline_id: int) -> list[Deployment]:
        """See the port."""
        found = [
            each
            for each in self._deployments.values()
            if (each.project, each.pipeline_id) == (project, pipeline_id)
        ]
        return sorted(found, key=lambda each: (each.iid, each.target))

    async def record(
        self, kind: str, project: str, iid: int | None, facts: Mapping[str, Any], once: str
    ) -> None:
        """See the port."""
        await self.record_all([Happening(kind, project, iid, dict(facts), once)])

    async def record_all(self, happenings: Sequence[Happening]) -> None:
        """Adds a trail entry for each whose `once` is new."""
        for each in happenings:
            if each.once not in self._recorded:
                self._recorded.add(each.once)
                before = self._entries[-1].digest if self._entries else FIRST
                at = self._clock().astimezone(UTC).isoformat()
                self._entries += follow(before, [each], at, len(self._entries) + 1)

    async def trail(self, project: str, iid: int | None = None) -> list[Mapping[str, Any]]:
        """See the port."""
        return [
            {name: getattr(each, name) for name in ("id", "at", "kind", "project", "iid", "facts")}
            for each in self._entries
            if each.project == project and (iid is None or each.iid == iid)
        ]

    async def head(self) -> Head | None:
        """See the port."""
        return self._entries[-1].head if self._entries else None

    async def recent(self, kind: str, project: str, limit: int) -> list[Mapping[str, Any]]:
        """See the port."""
        return [it for it in reversed(await self.trail(project)) if it["kind"] == kind][:limit]

    async def entries(self) -> list[Entry]:
        """The whole trail with its chain, oldest first."""
        return list(self._entries)

    async def verify(self) -> int | None:
        """The id of the first trail entry that was tampered with, or None."""
        return first_broken(self._entries)

    async def key(self, name: str) -> bytes:
        """32 bytes under this name: the same for each life of this store, and no secret."""
        return name.encode().ljust(32, b".")[:32]

    async def ping(self) -> None:
        """Always answers."""


class MemoryInbox:
    """Deliveries that wait to be handed over."""

    def __init__(self, clock: Clock = utc_now) -> None:
        self._kept: dict[str, Delivery] = {}
        self._waiting: dict[str, Delivery] = {}
        self._bodies: dict[str, datetime] = {}
        self._clock = clock

    async def put(self, delivery: Delivery) -> bool:
        """Keeps it; False where its key is known, or its twin."""
        if delivery.key in self._kept:
            return False
        self._kept[delivery.key] = delivery
        twin = self._bodies.get(delivery.body)
        if twin and twin > self._clock() - TWINS:
            return False
        self._bodies[delivery.body] = self._clock()
        self._waiting[delivery.key] = delivery
        return True

    async def waiting(self, limit: int = 100) -> list[Delivery]:
        """Deliveries that are not handed over yet, oldest first."""
        return list(self._waiting.values())[:limit]

    async def handed_over(self, keys: Collection[str]) -> None:
        """From now on these only tell duplicates."""
        for each in keys:
            self._waiting.pop(each, None)

    async def forget(self) -> int:
        """Nothing: it forgets with the process."""
        return 0


@dataclass
class _Queued:
    work: Work
    state: str = "queued"


class MemoryQueue:
    """The port `Queue` without workers: a test takes what is due and says how it ended."""

    def __init__(self) -> None:
        self._all: list[_Queued] = []

    async def submit(self, work: Work) -> bool:
        """See the port, and the engine's rules: once per key, a newer push supersedes queued plans."""
        if isinstance(work, WakeWork):
            waiting = [each for each in self._all if each.state == "waiting" and _woken_by(work, each.work)]
            for each in waiting:
                each.state = "queued"
            return bool(waiting)
        in_lane = [each for each in self._all if lane(each.work) == lane(work)]
        pushes = [each for each in in_lane if _is_push(each.work)]
        same = [each for each in (pushes[-1:] if _is_push(work) else in_lane) if key(each.work) == key(work)]
        for each in same:
            if each.state != "failed":
                each.state = "queued" if each.state == "waiting" else each.state
                return False
        if _is_push(work):
            for each in pushes:
                each.state = "superseded" if each.state == "queued" else each.state
        self._all.append(_Queued(work))
        return True

    async def plans(self, project: str, iid: int, target: str) -> list[PlanWork]:
        """See the port."""
        found = [it.work for it in self._all if _waits_for(it, project, iid, target)]
        return [it for it in found if isinstance(it, PlanWork)]

    async def withdraw(self, project: str, iid: int, target: str) -> int:
        """See the port."""
        found = [it for it in self._all if _waits_for(it, project, iid, target)]
        for each in found:
            each.state = "superseded"
        return len(found)

    def take(self) -> Work | None:
        """The oldest work that is due, which is running from now on."""
        for each in self._all:
            if each.state == "queued":
                each.state = "running"
                return each.work
        return None

    def end(self, work: Work, *, failed: bool = False) -> None:
        """That running work is done, or failed."""
        self._running(work).state = "failed" if failed else "done"

    def wait(self, work: Work) -> None:
        """That running work waits until it is woken."""
        self._running(work).state = "waiting"

    def _running(self, work: Work) -> _Queued:
        return next(each for each in self._all if each.work == work and each.state == "running")


def _waits_for(it: _Queued, project: str, iid: int, target: str) -> bool:
    work = it.work
    if it.state != "queued" or not isinstance(work, PlanWork):
        return False
    return (work.project, work.iid, work.target) == (project, iid, target)


def _woken_by(wake: WakeWork, work: Work) -> bool:
    return isinstance(work, DeployWork) and work.project == wake.project


def _is_push(work: Work) -> bool:
    return isinstance(work, PlanWork) and work.note_id is None


def _comparable(plan: StoredPlan) -> StoredPlan:
    return replace(plan, id=0, created_at=datetime.min, shown_at=None)
