"""A GitLab of plain objects for the sweep: it counts what it is asked, and says what it is told to."""

from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.adapters.memory import MemoryQueue, MemoryStore
from bot.adapters.memory_sweep import MemorySweeps
from bot.app.ports import Deployment, Job, MergeRequest, Note, Pipeline, StoredPlan
from bot.app.sweep.projects import Sweep
from bot.core.errors import ForgeRefused
from bot.core.gate.rules import GateRules
from bot.core.model import Target
from bot.core.work import Work

BEGAN = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
PROJECT = "ops/cluster"
TARGET = Target("production", PROJECT)
ASKING = replace(TARGET, gate=GateRules(approvals=1))
ME, ADA, MAX = "purser", 5, 6
HEAD = "a" * 40


def at(minutes: float) -> datetime:
    """So long after Purser began."""
    return BEGAN + timedelta(minutes=minutes)


def change(iid: int = 1, minutes: float = 10, **more: Any) -> MergeRequest:
    """A merge request that was updated at that time."""
    usual: dict[str, Any] = {
        "project": PROJECT,
        "project_id": 1,
        "iid": iid,
        "state": "opened",
        "title": "Change",
        "author": "ada",
        "draft": False,
        "source_project_id": 1,
        "source_branch": f"change-{iid}",
        "target_branch": "main",
        "head": HEAD,
        "merge_sha": None,
        "head_pipeline_id": None,
        "web_url": "https://gitlab.example.com",
        "updated_at": at(minutes).isoformat(),
    }
    return MergeRequest(**{**usual, **more})


def note(number: int, body: str, minutes: float = 10, **more: Any) -> Note:
    """A note of ada's at that time."""
    usual: dict[str, Any] = {
        "id": number,
        "discussion_id": f"d{number}",
        "author": "ada",
        "author_id": ADA,
        "body": body,
        "created_at": at(minutes),
    }
    return Note(**{**usual, **more})


@dataclass
class Forge:
    """`asked` counts requests by what they are about; `broken` merge requests raise when looked at."""

    listed: dict[int, MergeRequest] = field(default_factory=dict)
    threads: dict[int, list[Note]] = field(default_factory=dict)
    merges: dict[int, datetime] = field(default_factory=dict)
    statuses: dict[int, str] = field(default_factory=dict)
    tries: dict[int, list[tuple[int, str]]] = field(default_factory=dict)
    asked: Counter[str] = field(default_factory=Counter)
    broken: dict[int, Exception] = field(default_factory=dict)
    down: Exception | None = None
    since: list[datetime] = field(default_factory=list)

    def put(self, mr: MergeRequest, *notes: Note) -> None:
        self.listed[mr.iid] = mr
        self.threads.setdefault(mr.iid, []).extend(notes)

    async def me(self) -> str:
        return ME

    async def merge_requests(self, project: str, updated_after: datetime) -> AsyncIterator[MergeRequest]:
        self.asked["list"] += 1
        self.since.append(updated_after)
        if self.down:
            raise self.down
        ordered = sorted(self.listed.values(), key=lambda it: it.updated_at)
        found = [it for it in ordered if datetime.fromisoformat(it.updated_at) >= updated_after]

        async def every() -> AsyncIterator[MergeRequest]:
            for each in found:
                yield each

        return every()

    async def notes(self, project: str, iid: int) -> list[Note]:
        self.asked["notes"] += 1
        if iid in self.broken:
            raise self.broken[iid]
        return self.threads.get(iid, [])

    async def default_branch(self, project: str) -> str:
        return "main"

    async def merge_request(self, project: str, iid: int) -> MergeRequest | None:
        self.asked["merge request"] += 1
        return self.listed.get(iid)

    async def merged_at(self, project: str, iid: int) -> datetime | None:
        self.asked["merged at"] += 1
        return self.merges.get(iid)

    async def pipeline(self, project: str, pipeline_id: int) -> Pipeline | None:
        self.asked["pipeline"] += 1
        status = self.statuses.get(pipeline_id)
        return None if status is None else Pipeline(pipeline_id, status, HEAD, "main", "api", "")

    async def jobs(self, project: str, pipeline_id: int) -> list[Job]:
        self.asked["jobs"] += 1
        if pipeline_id not in self.tries:
            raise ForgeRefused("404 Not Found", status=404, code="not-found")
        return [Job(number, name, "success", "") for number, name in self.tries[pipeline_id]]

    async def checks(self, project: str, pipeline_id: int) -> str | None:
        self.asked["checks"] += 1
        return self.statuses.get(pipeline_id)


class Story:
    """A sweep over memory. `finds` are the kinds of what was news; `work()` takes it from the queue."""

    def __init__(self, *targets: Target, reach: timedelta = timedelta(hours=72)) -> None:
        self.forge: Any = Forge()
        self.now = BEGAN
        self.store, self.sweeps = MemoryStore(lambda: self.now), MemorySweeps()
        self.queue = MemoryQueue()
        self.finds: list[str] = []
        self.targets: Sequence[Target] = targets or (TARGET,)
        self.reach = reach
        self.sweep = self.restarted()

    def restarted(self) -> Sweep:
        """A sweep that remembers nothing but what is kept."""
        self.sweep = Sweep(
            self.forge,
            self.forge,
            self.store,
            self.sweeps,
            self.queue,
            lambda: self.now,
            self.targets,
            reach=self.reach,
            found=self.finds.append,
        )
        return self.sweep

    async def swept(self, minutes: float) -> list[str]:
        """What a sweep at that time finds."""
        self.now = at(minutes)
        self.finds.clear()
        await self.sweep()
        return list(self.finds)

    def work(self) -> list[Work]:
        """Everything that is queued, done now."""
        taken = []
        while (it := self.queue.take()) is not None:
            self.queue.end(it)
            taken.append(it)
        return taken

    async def plan(self, iid: int = 1, target: str = "production", head: str = HEAD) -> None:
        """Keeps a plan."""
        await self.store.add_plan(
            StoredPlan(0, PROJECT, iid, target, head, "b" * 40, "sha256:1", True, {}, self.now)
        )

    async def deploy(
        self, state: Any, iid: int = 1, pipeline_id: int | None = 7, steps: tuple[str, ...] = ()
    ) -> None:
        """Keeps a deployment."""
        made = Deployment(PROJECT, iid, "production", "c" * 40, state, "sha256:1", pipeline_id, steps=steps)
        await self.store.put_deployment(made)
        if state == "failed":
            facts = {"target": "production", "state": state}
            once = f"{iid} {len(await self.store.entries())}"
            await self.store.record("deploy.ended", PROJECT, iid, facts, once=once)
        self.sweeps.deployments = [it for it in self.sweeps.deployments if it.iid != iid] + [made]
