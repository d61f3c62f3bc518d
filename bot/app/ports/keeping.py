"""What we keep and what we still have to do, in our words. One suite tests it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal, Protocol, TypeAlias

from bot.core.gate.approvals import Mark
from bot.core.gate.decision import Lock
from bot.core.trail.chain import Head
from bot.core.work import PlanWork, Work

DeployState: TypeAlias = Literal[
    "held", "waiting", "running", "verifying", "succeeded", "failed", "rolled back"
]
UNDER_WAY: Final = ("waiting", "running", "verifying")
ENDED_WELL: Final = ("succeeded", "rolled back")


@dataclass(frozen=True, slots=True)
class Backlog:
    """Work that was accepted and has not ended: how much, and the age of the oldest in seconds (none: 0)."""

    works: int = 0
    oldest: float = 0.0


@dataclass(frozen=True, slots=True)
class StoredPlan:
    """A plan that was made. `document` is purser.plan/v1 with whole objects, masked.

    `note_id` is the note whose /helm deploy it was made for: a plan of the merge commit. `shown_at` is when
    its note stood in the thread, by GitLab's clock; None until it does, and for one shown in an answer only.
    """

    id: int
    project: str
    iid: int
    target: str
    head: str
    merge_ref: str
    seal: str | None
    complete: bool
    document: Mapping[str, Any]
    created_at: datetime
    note_id: int | None = None
    shown_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Deployment:
    """A sealed plan on its way. `reason` says in plain text why it is held or failed."""

    project: str
    iid: int
    target: str
    merge_sha: str
    state: DeployState
    seal: str | None = None
    pipeline_id: int | None = None
    reason: str = ""
    steps: tuple[str, ...] = field(default_factory=tuple)


@dataclass(frozen=True, slots=True)
class Consent:
    """A /helm deploy by somebody who saw the plan of this seal."""

    project: str
    iid: int
    target: str
    user_id: int
    username: str
    seal: str
    note_id: int


@dataclass(frozen=True, slots=True)
class Reply:
    """What command `number` (from 0) of a note was answered; see Answer. `text` is None once posted."""

    project: str
    iid: int
    note_id: int
    number: int
    text: str | None
    good: bool
    done: bool


class Store(Protocol):
    """Our own tables. Every call is one transaction."""

    async def add_plan(self, plan: StoredPlan) -> int:
        """Keeps it (`id` is given) unless the newest one of this merge request and target is the same."""
        ...

    async def newest_plan(self, project: str, iid: int, target: str) -> StoredPlan | None: ...

    async def plan(self, plan_id: int) -> StoredPlan | None: ...

    async def shown(self, plan_id: int, at: datetime) -> None:
        """The plan's note stands in the thread since then; a moment that is kept already stays."""
        ...

    async def marks(self, project: str, iid: int, target: str) -> list[Mark]:
        """Every plan of a merge request and target without its document, oldest first."""
        ...

    async def planned(self, project: str, target: str, limit: int) -> list[int]:
        """The merge requests that were planned for a target, the newest ones first."""
        ...

    async def add_consent(self, consent: Consent) -> None:
        """Keeps it in the place of the person's earlier one of this seal."""
        ...

    async def consents(self, project: str, iid: int, target: str) -> list[Consent]: ...

    async def replies(self, project: str, iid: int, note_id: int) -> Mapping[int, Reply]:
        """The answers to the commands of a note, by number."""
        ...

    async def add_reply(self, reply: Reply) -> None:
        """Keeps it; one that is there stays."""
        ...

    async def posted(self, project: str, iid: int, note_id: int) -> None:
        """The answers to this note stand in the thread: their texts are forgotten."""
        ...

    async def lock(self, project: str, target: str) -> Lock | None: ...

    async def put_lock(self, project: str, target: str, lock: Lock) -> None: ...

    async def drop_lock(self, project: str, target: str) -> bool:
        """False where there was none."""
        ...

    async def deployment(self, project: str, iid: int, target: str) -> Deployment | None: ...

    async def put_deployment(self, deployment: Deployment) -> None: ...

    async def move_deployment(self, deployment: Deployment, before: str) -> bool:
        """Keeps it in the place of one whose state is still `before`, at one stroke; whether it was."""
        ...

    async def deployments_on(self, project: str, pipeline_id: int) -> list[Deployment]: ...

    async def record(
        self, kind: str, project: str, iid: int | None, facts: Mapping[str, Any], once: str
    ) -> None:
        """Adds a trail entry; the same `once` key again adds nothing."""
        ...

    async def trail(self, project: str, iid: int | None = None) -> list[Mapping[str, Any]]:
        """Entries, oldest first: {id, at, kind, project, iid, facts}."""
        ...

    async def head(self) -> Head | None:
        """The newest entry of the trail; None while there is none."""
        ...

    async def recent(self, kind: str, project: str, limit: int) -> list[Mapping[str, Any]]:
        """Trail entries of one kind, newest first: {id, at, kind, project, iid, facts}."""
        ...


class UnderWay(Protocol):
    """Which work began and has not ended. What a process leaves here as it dies may be why it died."""

    async def begun(self, work: str) -> int:
        """How often it has begun without coming to an end."""
        ...

    async def begin(self, work: str) -> None:
        """Once more."""
        ...

    async def end(self, work: str) -> None:
        """It came to an end, of whatever kind, or will be begun anew by intent."""
        ...

    async def forget(self, before: datetime) -> None:
        """What began before that and was never taken up again."""
        ...


class Queue(Protocol):
    """Durable work: what was submitted is done at least once, whatever dies in between."""

    async def submit(self, work: Work) -> bool:
        """Takes the work durably; False where the same is there already."""
        ...

    async def plans(self, project: str, iid: int, target: str) -> Sequence[PlanWork]:
        """Plans of this merge request and target that wait."""
        ...

    async def withdraw(self, project: str, iid: int, target: str) -> int:
        """Plans of this merge request and target that wait are never begun; how many."""
        ...


MOST_ENTRIES: Final = 500
"""Of one kind and project, that a command looks back over in the trail."""

Clock: TypeAlias = Callable[[], datetime]
