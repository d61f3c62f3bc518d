"""The part of port `Store` that keeps answers to commands: in memory, on SQLite and on PostgreSQL."""

from dataclasses import replace

from bot.app.ports import Reply
from tests.contracts.test_store import AnyStore, server, store

__all__ = ["server", "store"]
FIRST = Reply("a/b", 1, 7, 0, "`prod` is locked.", True, True)
SECOND = replace(FIRST, number=1, text="Planning.", done=False)


async def test_answers_are_kept_by_number_and_each_is_the_first_that_was_given(store: AnyStore) -> None:
    for each in (SECOND, FIRST, replace(FIRST, text="It is locked already.", good=False)):
        await store.add_reply(each)
    assert dict(await store.replies("a/b", 1, 7)) == {0: FIRST, 1: SECOND}


async def test_answers_of_other_notes_are_others(store: AnyStore) -> None:
    await store.add_reply(FIRST)
    for other in (("a/c", 1, 7), ("a/b", 2, 7), ("a/b", 1, 8)):
        assert dict(await store.replies(*other)) == {}


async def test_what_was_posted_keeps_how_it_ended_and_not_its_text(store: AnyStore) -> None:
    another = replace(FIRST, note_id=8)
    for each in (FIRST, SECOND, another):
        await store.add_reply(each)
    await store.posted("a/b", 1, 7)
    posted = {0: replace(FIRST, text=None), 1: replace(SECOND, text=None)}
    assert dict(await store.replies("a/b", 1, 7)) == posted
    assert dict(await store.replies("a/b", 1, 8)) == {0: another}
