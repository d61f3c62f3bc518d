"""The main flow of one merge request, watched at GitLab's door, and what must be left of it."""

import json
from collections import Counter
from dataclasses import dataclass

from bot.demo.gitlab import MergeRequest
from tests.e2e.bot_process import BotProcess
from tests.e2e.fault_helm import CI
from tests.e2e.faults import Faults, Watched
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

PATIENCE = 300.0
STAGES = ("planned", "approved", "deployed")


@dataclass(frozen=True, slots=True)
class Left:
    """What a flow leaves. `statuses` are all that were ever set, `pipelines` all that there are."""

    plan_notes: int
    deploy_notes: int
    notes: int
    statuses: tuple[tuple[str, str, str], ...]
    pipelines: tuple[tuple[str, str], ...]
    deployed: str
    color: object


@dataclass(slots=True)
class Flow:
    """One merge request of a project of its own."""

    world: World
    site: Site
    watched: Watched
    heard: "Heard"
    mr: MergeRequest | None = None

    async def run(self) -> Left:
        """From the opened merge request to the verified deploy."""
        await self.plan()
        await self.approve()
        return await self.deploy()

    async def plan(self) -> None:
        self.watched.stage = STAGES[0]
        self.mr = await self.site.change()
        await self._ended("plan.commented", "plan")
        await self.site.planned(self.mr)

    async def approve(self) -> None:
        assert self.mr is not None
        mr, self.watched.stage = self.mr, STAGES[1]
        await self.site.gitlab.approve(mr, self.site.max)
        await self._ended("gate.told", "gate")

    async def deploy(self) -> Left:
        assert self.mr is not None
        mr, self.watched.stage = self.mr, STAGES[2]
        await self.site.gitlab.merge(mr, self.site.max)
        await self._ended("deploy.ended", "deploy")
        return self._left(mr)

    async def _ended(self, event: str, kind: str) -> None:
        what = (event, kind, self.site.project.path)
        await until(lambda: self.heard.times(*what), f"{event} of {self.site.project.path}", PATIENCE)

    def _left(self, mr: MergeRequest) -> Left:
        pipelines = self.site.project.pipelines.values()
        statuses = [it for pipeline in pipelines for it in pipeline.statuses]
        notes = self.site.deploy_notes(mr)
        assert self.world.cluster is not None
        found = self.world.cluster.objects("ConfigMap", self.site.namespace)
        return Left(
            plan_notes=len(self.site.plan_notes(mr)),
            deploy_notes=len(notes),
            notes=sum(note.author is self.site.purser and not note.system for note in mr.notes),
            statuses=tuple((it.name, it.status, it.description or "") for it in statuses),
            pipelines=tuple(sorted((it.source, it.status) for it in pipelines)),
            deployed=notes[0].body.splitlines()[2] if notes else "",
            color=[it["data"] for it in found],
        )


class Heard:
    """What the bot said: each line is read once, however many flows wait. `bad` are tracebacks and errors."""

    def __init__(self, bot: BotProcess) -> None:
        self._bot = bot
        self._read = 0
        self._times: Counter[tuple[str, str, str]] = Counter()
        self.bad: list[str] = []

    def times(self, event: str, kind: str, project: str) -> int:
        """How often it said so of that project's work."""
        while self._read < len(self._bot.lines):
            self._take(self._bot.lines[self._read])
            self._read += 1
        return self._times[event, kind, project]

    def _take(self, line: str) -> None:
        entry = json.loads(line) if line.startswith("{") else {}
        kind, _, rest = str(entry.get("work", "")).partition(":")
        self._times[str(entry.get("event")), kind, rest.partition(":")[0]] += 1
        if not entry or "exception" in entry or entry.get("level") in ("error", "critical"):
            self.bad.append(line)


async def flow_at(world: World, place: str, faults: Faults, heard: Heard, url: str) -> Flow:
    """A project in that place of the configuration, whose job asks `url` for its installation."""
    site = await world.site(place, ci=CI.format(url=url, namespace=place))
    watched = faults.flows[place] = Watched()
    return Flow(world, site, watched, heard)


def doubled(statuses: tuple[tuple[str, str, str], ...]) -> list[tuple[str, str, str]]:
    """Statuses that were set twice."""
    return [it for it, times in Counter(statuses).items() if times > 1]
