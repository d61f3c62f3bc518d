"""A merged merge request over plain objects, and a death at any one of the writes that its deploy makes."""

from collections.abc import AsyncIterator, Collection, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, cast

from bot.adapters.memory import MemoryStore
from bot.app.deploy.merge_request import DeployMergeRequest
from bot.app.deploy.reverting import Reverting
from bot.app.gate import Gatekeeper
from bot.app.plan.keeping import to_keep
from bot.app.ports import Checkout, Clock, Deployment, Job, MergeRequest, Pipeline
from bot.app.ports.running import RunOrder, RunRecord, RunSeen
from bot.core.deploy.release_report import RunReport
from bot.core.gate.decision import Lock
from bot.core.model import Target
from bot.core.planned import Plan
from bot.core.redact.masking import Masker
from bot.core.work import DeployWork, Done, Outcome
from tests.app.sweeping import HEAD, PROJECT, change
from tests.app.verifying import CHANGED, Fresh, Live, Scene

NOW = datetime(2026, 5, 4, 8, 0, tzinfo=UTC)
JOB = "their-own"
"""The name of a project's own job that deploys."""
SEALED: Plan = replace(CHANGED, seal="sha256:" + "5" * 64)


class Died(BaseException):
    """As SIGKILL: nobody catches it."""


@dataclass
class Fate:
    """Death comes once, before the write with the number `due` (from 0). `writes` are those made."""

    due: int | None = None
    writes: list[str] = field(default_factory=list)

    def write(self, what: str) -> None:
        """To be called before each."""
        if len(self.writes) == self.due:
            self.due = None
            raise Died(f"before: {what}")
        self.writes.append(what)


class Keeping(MemoryStore):
    """Our tables, where each write may be the one that was not made any more.

    `cancelled_before` is the state of a step that somebody's /helm cancel is quicker than, once.
    """

    cancelled_before = ""

    def __init__(self, fate: Fate) -> None:
        super().__init__(lambda: NOW)
        self._fate = fate
        self._runs: dict[str, RunRecord] = {}

    async def record(
        self, kind: str, project: str, iid: int | None, facts: Mapping[str, Any], once: str
    ) -> None:
        self._fate.write(f"trail: {kind}")
        await super().record(kind, project, iid, facts, once)

    async def put_deployment(self, deployment: Deployment) -> None:
        self._fate.write(f"deployment: {deployment.state} {' '.join(deployment.steps[1:])}")
        await super().put_deployment(deployment)

    async def move_deployment(self, deployment: Deployment, before: str) -> bool:
        self._fate.write(f"deployment: {deployment.state} {' '.join(deployment.steps[1:])}")
        if deployment.state == self.cancelled_before:
            self.cancelled_before = ""
            await super().put_deployment(replace(deployment, state="held", reason="cancelled", steps=()))
        return await super().move_deployment(deployment, before)

    async def put_lock(self, project: str, target: str, lock: Lock) -> None:
        self._fate.write("lock")
        await super().put_lock(project, target, lock)

    async def drop_lock(self, project: str, target: str) -> bool:
        self._fate.write("unlock")
        return await super().drop_lock(project, target)

    async def put_run(self, record: RunRecord) -> None:
        self._fate.write("run")
        self._runs[record.id] = record

    async def run(self, run: str) -> RunRecord | None:
        return self._runs.get(run)


@dataclass
class Forge:
    """GitLab with one merge request that was merged. A pipeline has ended when it is looked at.

    `said` is its job's log, `left` the report in its artifacts, `broken` why GitLab cannot read the CI file.
    """

    fate: Fate
    ends: str
    said: str = "what it said"
    left: bytes | None = None
    broken: str = ""
    notes: dict[str, str] = field(default_factory=dict)
    pipelines: list[Pipeline] = field(default_factory=list)
    played: int = 0
    stopped: list[int] = field(default_factory=list)
    reactions: set[tuple[int, str]] = field(default_factory=set)
    mr: MergeRequest = field(
        default_factory=lambda: change(state="merged", merge_sha="c" * 40, merged_by="max")
    )

    async def merge_request(self, project: str, iid: int) -> MergeRequest:
        return self.mr

    async def parents(self, project: str, sha: str) -> tuple[str, ...]:
        return ("b" * 40, self.mr.head)

    async def upsert_note(self, project: str, iid: int, marker: str, body: str) -> int:
        if self.notes.get(marker) != body:
            self.fate.write("note")
        self.notes[marker] = body
        return 1

    async def react(self, project: str, iid: int, note_id: int, emoji: str) -> None:
        if (note_id, emoji) not in self.reactions:
            self.fate.write("reaction")
        self.reactions.add((note_id, emoji))

    async def set_status(self, project: str, sha: str, **more: Any) -> None:
        self.fate.write("status")

    async def tell_deployment(self, *about: Any) -> None:
        self.fate.write("GitLab's deployment")

    async def find_pipeline(self, project: str, sha: str, seal: str, target: str) -> Pipeline | None:
        return self.pipelines[-1] if self.pipelines else None

    async def create_pipeline(self, project: str, ref: str, sha: str, inputs: Mapping[str, str]) -> Pipeline:
        self.fate.write("pipeline")
        self.pipelines.append(Pipeline(7 + len(self.pipelines), self.ends, sha, ref, "api", ""))
        return self.pipelines[-1]

    async def job_of_push(
        self, project: str, sha: str, branch: str, names: Collection[str]
    ) -> tuple[Pipeline, Job] | None:
        if JOB not in names or self.broken:
            return None
        self.pipelines = [Pipeline(7, "running", sha, branch, "push", "")]
        return self.pipelines[0], Job(3, JOB, self.ends if self.played else "manual", "")

    async def unreadable(self, project: str, sha: str, ref: str) -> Pipeline | None:
        return Pipeline(7, "failed", sha, ref, "push", "", self.broken) if self.broken else None

    async def play_job(self, project: str, job_id: int, inputs: Mapping[str, str]) -> None:
        self.fate.write("the job begins")
        self.played += 1

    async def cancel_pipeline(self, project: str, pipeline_id: int) -> None:
        self.stopped.append(pipeline_id)

    async def pipeline(self, project: str, pipeline_id: int) -> Pipeline | None:
        return next((it for it in self.pipelines if it.id == pipeline_id), None)

    async def jobs(self, project: str, pipeline_id: int) -> list[Job]:
        has_artifacts = self.left is not None
        return [Job(3, JOB if self.played else "purser-apply", self.ends, "", has_artifacts)]

    async def artifact(self, *about: Any) -> bytes | None:
        return self.left

    async def trace_tail(self, project: str, job_id: int, limit: int) -> str:
        return self.said


@dataclass
class Runs:
    """A run has ended when it was begun; `began` has the orders."""

    fate: Fate
    ends: str
    began: list[RunOrder] = field(default_factory=list)

    async def start(self, order: RunOrder, tree: Checkout) -> None:
        self.fate.write("the run begins")
        self.began.append(order)

    async def look(self, run: str, patience: float = 0.0) -> RunSeen:
        if not any(it.id == run for it in self.began):
            return RunSeen("absent")
        return RunSeen("ended", "what it said", RunReport("applied" if self.ends == "success" else "failed"))


@dataclass
class Planning(Fresh):
    """What was sealed is still to be done until the project's job was played; then nothing is."""

    forge: Forge = field(kw_only=True)

    async def prepare(self, target: Target, tree: Checkout) -> Any:
        prepared = await super().prepare(target, tree)
        applied = self.forge.played or not target.deploy.job
        return prepared if applied else replace(prepared, plan=SEALED)


class Repositories:
    """Any commit is there."""

    @asynccontextmanager
    async def at(self, project: str, ref: str, sha: str) -> AsyncIterator[Checkout]:
        yield cast(Checkout, None)


class Deploying:
    """One deploy, from the merge on. `ends` is how GitLab's pipeline (or our run) does.

    With `cancelled_at_death` somebody cancels it while the bot is dead.
    """

    def __init__(
        self,
        target: Target,
        ends: str = "success",
        due: int | None = None,
        clock: Clock = lambda: NOW,
    ) -> None:
        self.target, self.clock = target, clock
        self.fate = Fate(due)
        self.store, self.forge = Keeping(self.fate), Forge(self.fate, ends)
        self.runs = Runs(self.fate, ends)
        self.cluster = Live()
        self.cancelled_at_death = False

    def _use_case(self) -> DeployMergeRequest:
        forge, runs, nobody = cast(Any, self.forge), cast(Any, self.runs), cast(Any, None)
        return DeployMergeRequest(
            forge,
            Repositories(),
            Scene(self.cluster, fresh=Planning(forge=self.forge)).verifier,
            self.store,
            self.clock,
            lambda: Masker(b"key"),
            Gatekeeper(forge, self.store, lambda: NOW),
            runs,
            self.store,
            Reverting(nobody, self.store),
        )

    async def to_its_end(self) -> None:
        """Each life of the bot takes it up where it stands. Once more at the end, as after a last death."""
        await self.merged()
        for _ in range(2):
            done = False
            while not done:
                try:
                    done = isinstance(await self.look(), Done)
                except Died:
                    await self._at_death()

    async def merged(self) -> None:
        """What was planned is kept."""
        await self.store.add_plan(to_keep(SEALED, self.forge.mr, self.target, HEAD, NOW))

    async def look(self) -> Outcome:
        """One look at how it goes."""
        work = DeployWork(PROJECT, self.forge.mr.iid, self.target.name)
        return await self._use_case()(work, self.target)

    async def state(self) -> str:
        """Of what is kept; the reason besides."""
        found = await self.store.deployment(PROJECT, self.forge.mr.iid, self.target.name)
        return f"{found.state} {found.reason}".strip() if found else ""

    async def _at_death(self) -> None:
        """Where it is so, somebody's /helm cancel is carried out before the deploy is taken up again."""
        if self.cancelled_at_death:
            found = await self.store.deployment(PROJECT, self.forge.mr.iid, self.target.name)
            held = replace(found, state="held", reason="cancelled") if found else None
            if held is not None:
                await self.store.move_deployment(held, "waiting")

    async def told(self) -> list[str]:
        """The kinds of the trail's entries, in alphabetical order."""
        return sorted(it["kind"] for it in await self.store.trail(PROJECT))
