"""The part of port `Store` that a gate needs: in memory, on SQLite and on PostgreSQL."""

from dataclasses import replace
from datetime import timedelta

from bot.app.ports import Consent
from bot.core.gate.approvals import Mark
from bot.core.gate.decision import Lock
from tests.contracts.test_store import AT, AnyStore, plan, server, store

__all__ = ["server", "store"]
PLAN = plan()
P, T = PLAN.project, PLAN.target


async def test_marks_are_the_plans_in_order(store: AnyStore) -> None:
    first = await store.add_plan(PLAN)
    later = replace(PLAN, head="b" * 40, seal=None, created_at=AT + timedelta(minutes=1), note_id=5)
    second = await store.add_plan(later)
    await store.add_plan(replace(PLAN, iid=PLAN.iid + 1))
    assert await store.marks(P, PLAN.iid, T) == [
        Mark(first, PLAN.head, PLAN.seal, None),
        Mark(second, "b" * 40, None, None),
    ]
    kept = await store.plan(second)
    assert kept is not None
    assert kept.note_id == 5


async def test_a_plan_is_shown_once_and_stays_the_same_plan(store: AnyStore) -> None:
    first = await store.add_plan(PLAN)
    await store.shown(first, AT)
    await store.shown(first, AT + timedelta(minutes=5))
    assert await store.add_plan(replace(PLAN, created_at=AT + timedelta(hours=1))) == first
    second = await store.add_plan(replace(PLAN, head="b" * 40))
    assert [it.shown_at for it in await store.marks(P, PLAN.iid, T)] == [AT, None]
    await store.shown(second, AT + timedelta(minutes=9))
    kept = await store.newest_plan(P, PLAN.iid, T)
    assert kept is not None
    assert (kept.id, kept.shown_at) == (second, AT + timedelta(minutes=9))


async def test_the_merge_requests_that_were_planned_last_come_first(store: AnyStore) -> None:
    for iid in (1, 2, 3, 1):
        await store.add_plan(replace(PLAN, iid=iid, head=f"{iid}" * 40, merge_ref=f"{iid}{iid}"))
    await store.add_plan(replace(PLAN, iid=1, head="9" * 40))
    assert await store.planned(P, T, 2) == [1, 3]
    assert await store.planned(P, "another", 2) == []


async def test_a_person_consents_once_to_each_seal(store: AnyStore) -> None:
    consent = Consent(P, 1, T, 7, "max", "sha256:1", 100)
    for each in (consent, replace(consent, note_id=101), replace(consent, seal="sha256:2", note_id=102)):
        await store.add_consent(each)
    assert [(it.seal, it.note_id) for it in await store.consents(P, 1, T)] == [
        ("sha256:1", 101),
        ("sha256:2", 102),
    ]
    assert await store.consents(P, 2, T) == []


async def test_a_lock_stands_until_it_is_dropped(store: AnyStore) -> None:
    assert await store.lock(P, T) is None
    assert await store.drop_lock(P, T) is False
    await store.put_lock(P, T, Lock("max", "the database moves", AT))
    assert await store.lock(P, T) == Lock("max", "the database moves", AT)
    assert await store.lock(P, "another") is None
    assert await store.drop_lock(P, T) is True
    assert await store.lock(P, T) is None


async def test_recent_entries_of_a_kind_come_newest_first(store: AnyStore) -> None:
    for number, kind in enumerate(("a", "b", "a", "a")):
        await store.record(kind, P, number, {}, once=f"{number}")
    assert [it["iid"] for it in await store.recent("a", P, 2)] == [3, 2]
