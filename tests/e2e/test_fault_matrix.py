"""Every call of the main flow meets every fault once, and the flow ends as if there had been none.

What is broken is found by recording a flow, so that a call that is added tomorrow is covered tomorrow. A flow
has three pieces of work (the plan, the gate's refresh, the deploy), and each of them meets at most one fault.
Which occurrence of a call breaks matters for writes: each breaks in each piece of work. A read breaks in one
of those that make it, in turn.
"""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

import pytest
import pytest_asyncio

from tests.e2e.fault_flow import STAGES, Flow, Heard, Left, flow_at
from tests.e2e.fault_helm import installer
from tests.e2e.faults import READING, WRITING, Call, Fault, Faults
from tests.e2e.world import World, world

pytestmark = [pytest.mark.long, pytest.mark.timeout(1_500)]
AT_ONCE = 8
TIMEOUT = 5.0
GATE = {"approvals": 1, "required": True, "undiverged": True}
SHARED = {"GET /user", "GET /version"}
WRITES = {
    "planned: POST /projects/:id/merge_requests/:id/notes",
    "planned: POST /projects/:id/statuses/:id",
    "approved: PUT /projects/:id/merge_requests/:id/notes/:id",
    "approved: POST /projects/:id/statuses/:id",
    "deployed: POST /projects/:id/pipeline",
    "deployed: POST /projects/:id/merge_requests/:id/notes",
    "deployed: PUT /projects/:id/merge_requests/:id/notes/:id",
    "deployed: POST /projects/:id/statuses/:id",
}
Broken = tuple[Call, Fault]


@dataclass(slots=True)
class Door:
    """A world with what breaks before its GitLab, and the address of its installer."""

    world: World
    faults: Faults
    url: str
    heard: Heard

    async def flow(self, number: int, broken: Sequence[Broken] = ()) -> Flow:
        flow = await flow_at(self.world, f"flow-{number}", self.faults, self.heard, self.url)
        flow.watched.plan(broken)
        return flow


@asynccontextmanager
async def door(folder: Path, flows: int) -> AsyncIterator[Door]:
    patience = {"retry_wait": 0.02, "timeout": TIMEOUT}
    gates = {f"flow-{number}": GATE for number in range(flows)}
    async with (
        world(folder, places=0, gates=gates, patience=patience) as made,
        installer(made.kubeconfig) as url,
    ):
        yield Door(made, Faults(made), url, Heard(made.bot))


@dataclass(frozen=True, slots=True)
class Recorded:
    calls: frozenset[Call]
    shared: frozenset[str]
    left: Left


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def small(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Door]:
    async with door(tmp_path_factory.mktemp("recording"), 1 + len(READING)) as made:
        yield made


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def recorded(small: Door) -> Recorded:
    """The first flow of a bot that was just started, without a fault."""
    flow = await small.flow(0)
    left = await flow.run()
    shared = {f"{call.method} {call.route}" for call in small.faults.shared.calls}
    return Recorded(frozenset(flow.watched.calls), frozenset(shared), left)


@pytest.fixture(autouse=True)
def nothing_is_left_turned() -> None:
    """These stories have a world of their own, so that the usual one need not stand."""


def spread(calls: frozenset[Call]) -> list[list[Broken]]:
    """Which faults each flow meets: all calls by all faults, at most one in each stage."""
    stages: dict[str, list[Broken]] = {stage: [] for stage in STAGES}
    reads: dict[str, list[Call]] = defaultdict(list)
    for call in sorted(calls):
        if call.writes:
            stages[call.stage] += [(call, fault) for fault in WRITING]
        else:
            reads[call.route].append(call)
    for made in sorted(reads.values(), key=len):
        for fault in READING:
            call = min(made, key=lambda it: len(stages[it.stage]))
            stages[call.stage].append((call, fault))
    return [[it for it in row if it is not None] for row in zip_longest(*stages.values())]


async def test_the_recorded_flow_is_the_main_flow(recorded: Recorded) -> None:
    assert {str(call) for call in recorded.calls if call.writes} == WRITES
    assert {call.stage for call in recorded.calls} == set(STAGES)
    assert len({call.route for call in recorded.calls if not call.writes}) >= 15
    assert recorded.shared == SHARED
    left = recorded.left
    assert (left.plan_notes, left.deploy_notes, left.notes, left.color) == (1, 1, 2, [{"color": "green"}])
    assert [status for _, status, _ in left.statuses] == ["failed", "success", "success"]
    assert [source for source, _ in left.pipelines].count("api") == 1


async def test_each_call_by_each_fault_is_in_the_plan(recorded: Recorded) -> None:
    flows = spread(recorded.calls)
    pairs = [(call, fault) for flow in flows for call, fault in flow]
    assert len(set(pairs)) == len(pairs)
    assert all(len({call.stage for call, _ in flow}) == len(flow) for flow in flows)
    writes = {call for call in recorded.calls if call.writes}
    assert {it for it in pairs if it[0].writes} == {(call, fault) for call in writes for fault in WRITING}
    routes = {call.route for call in recorded.calls - writes}
    read = {(call.route, fault) for call, fault in pairs if not call.writes}
    assert read == {(route, fault) for route in routes for fault in READING}


async def test_every_call_meets_every_fault_and_the_flow_ends_right(
    recorded: Recorded, tmp_path: Path
) -> None:
    flows = spread(recorded.calls)
    wrong: dict[str, str] = {}
    turn = asyncio.Semaphore(AT_ONCE)
    async with door(tmp_path, len(flows)) as made:

        async def one(number: int, broken: list[Broken]) -> None:
            async with turn:
                flow = await made.flow(number, broken)
                problem = await _problem(flow, recorded.left)
            if problem:
                wrong["; ".join(f"{call} {fault}" for call, fault in broken)] = problem

        await asyncio.gather(*(one(number, broken) for number, broken in enumerate(flows)))
        assert made.heard.bad == []
    assert wrong == {}


@pytest.mark.parametrize("number", range(len(READING)), ids=[str(fault) for fault in READING])
async def test_what_the_bot_asks_once_in_its_life_meets_every_fault(
    recorded: Recorded, small: Door, number: int
) -> None:
    """Who it is and how old GitLab is: each fault meets a bot that was just started."""
    await small.world.bot.stop()
    await small.world.start_bot()
    fault = READING[number]
    small.faults.shared.plan([(Call("shared", *call.split()), fault) for call in sorted(SHARED)])
    assert await _problem(await small.flow(1 + number), recorded.left) == ""
    assert small.faults.shared.left == []
    assert small.heard.bad == []


async def _problem(flow: Flow, wanted: Left) -> str:
    """What is wrong with how the flow ended; empty for nothing."""
    try:
        left = await flow.run()
    except TimeoutError as error:
        return f"{error}, at {flow.watched.stage}"
    if flow.watched.left:
        return f"met no {flow.watched.left}"
    return "" if left == wanted else f"left {left}"
