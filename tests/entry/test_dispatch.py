"""From the inbox into the queue."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.adapters.memory import MemoryInbox, MemoryQueue, MemoryStore
from bot.core.trail.chain import Happening
from bot.core.webhook.delivery import Delivery
from bot.core.work import DeployWork, PlanWork, WakeWork, Work, key
from bot.entry.dispatch import Dispatcher
from bot.entry.doorbell import Doorbell

PLAN = PlanWork("a/b", 1, "prod", "a" * 40, "opened")
DEPLOY = DeployWork("a/b", 1, "prod")


def delivery(name: str, *works: Work) -> Delivery:
    return Delivery(name, "Merge Request Hook", "a/b", f"digest of {name}", works)


async def _handed_over(inbox: MemoryInbox) -> None:
    async with asyncio.timeout(5):
        while await inbox.waiting():  # noqa: ASYNC110 - another side ends it
            await asyncio.sleep(0)


async def test_a_ring_brings_what_was_kept_into_the_queue_and_the_trail() -> None:
    inbox, queue, store, bell = MemoryInbox(), MemoryQueue(), MemoryStore(), Doorbell()
    async with Dispatcher(inbox, queue, store, bell):
        await inbox.put(delivery("one", PLAN, DEPLOY))
        bell.ring()
        await _handed_over(inbox)
    assert [queue.take(), queue.take(), queue.take()] == [PLAN, DEPLOY, None]
    assert [entry["facts"]["work"] for entry in await store.trail("a/b", 1)] == [key(PLAN), key(DEPLOY)]


async def test_what_an_earlier_process_left_is_handed_over_without_a_ring() -> None:
    inbox, queue = MemoryInbox(), MemoryQueue()
    await inbox.put(delivery("one", PLAN))
    async with Dispatcher(inbox, queue, MemoryStore(), Doorbell()):
        await _handed_over(inbox)
    assert queue.take() == PLAN


async def test_a_delivery_that_is_handed_over_again_is_harmless() -> None:
    inbox, queue, store = MemoryInbox(), MemoryQueue(), MemoryStore()
    dispatcher = Dispatcher(inbox, queue, store, Doorbell())
    for name in ("one", "two"):
        await inbox.put(delivery(name, PLAN))
        assert await dispatcher.drain() == 1
    assert [queue.take(), queue.take()] == [PLAN, None]


class CountingQueue(MemoryQueue):
    def __init__(self) -> None:
        super().__init__()
        self.submitted: list[Work] = []

    async def submit(self, work: Work) -> bool:
        self.submitted.append(work)
        return await super().submit(work)


async def test_many_jobs_of_one_pipeline_wake_once() -> None:
    inbox, queue, store = MemoryInbox(), CountingQueue(), MemoryStore()
    for number in range(50):
        await inbox.put(delivery(f"job-{number}", WakeWork("a/b", 31)))
    await Dispatcher(inbox, queue, store, Doorbell()).drain()
    assert queue.submitted == [WakeWork("a/b", 31)]
    assert await store.trail("a/b") == []


class ForgetfulTrail(MemoryStore):
    failures = 1

    async def record_all(self, happenings: Sequence[Happening]) -> None:
        if self.failures:
            self.failures -= 1
            raise OSError("database is locked")
        await super().record_all(happenings)


async def test_a_failure_on_the_way_is_tried_again() -> None:
    inbox, queue, trail = MemoryInbox(), MemoryQueue(), ForgetfulTrail()
    await inbox.put(delivery("one", PLAN))
    async with Dispatcher(inbox, queue, trail, Doorbell(), look_again=0.01):
        await _handed_over(inbox)
    assert [queue.take(), queue.take()] == [PLAN, None]
    assert len(await trail.trail("a/b")) == 1


async def test_work_lets_answers_go_first_but_not_for_ever() -> None:
    inbox, queue, bell = MemoryInbox(), MemoryQueue(), Doorbell()
    await inbox.put(delivery("one", PLAN))
    dispatcher = Dispatcher(inbox, queue, MemoryStore(), bell, yield_for=0.05)
    with bell.answering():
        handing_over = asyncio.create_task(dispatcher.drain())
        await asyncio.sleep(0)
        assert queue.take() is None
        assert await handing_over == 1
    assert queue.take() == PLAN


async def test_a_pause_between_two_deliveries_of_a_burst_is_no_quiet() -> None:
    bell = Doorbell(calm=60.0)
    with bell.answering():
        pass
    waiting = asyncio.create_task(bell.quiet(0.2))
    await asyncio.sleep(0)
    assert not waiting.done()
    await waiting  # at most so long


async def test_a_door_where_nobody_comes_is_quiet_at_once() -> None:
    async with asyncio.timeout(5):
        await Doorbell(calm=60.0).quiet(3600)


async def test_of_many_pushes_to_one_merge_request_only_the_newest_becomes_work() -> None:
    inbox, queue, store = MemoryInbox(), CountingQueue(), MemoryStore()
    pushes = [replace(PLAN, sha=f"{number:040}", why="pushed") for number in range(30)]
    asked = replace(PLAN, why="command", note_id=7)
    others: list[Work] = [replace(PLAN, iid=2), replace(PLAN, target="staging"), asked, DEPLOY]
    for number, work in enumerate([*pushes[:15], *others, *pushes[15:]]):
        await inbox.put(delivery(f"delivery-{number}", work))
    await Dispatcher(inbox, queue, store, Doorbell()).drain()
    assert queue.submitted == [*others, pushes[-1]]
    told = [entry["facts"]["work"] for entry in await store.trail("a/b", 1)]
    assert {key(each) for each in pushes} < set(told)
    assert await inbox.waiting() == []
