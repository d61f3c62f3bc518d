"""Port Forge: notes, replies and reactions."""

import asyncio

import pytest

from bot.adapters.gitlab.answers import ShutOut
from bot.core.errors import ForgeRefused, TransientError
from bot.demo.gitlab import Level, MergeRequest
from tests.contracts.gitlab_setting import PATH, Setting, setting

MARKER = "<!-- purser:plan:production -->"
REPLY = "<!-- purser:reply:7 -->"


def ours(at: Setting, mr: MergeRequest) -> list[str]:
    return [note.body for note in mr.notes if note.author is at.bot and not note.system]


async def test_replanning_edits_the_same_note() -> None:
    async with setting() as at:
        mr = await at.open()
        first = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        again = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\ntwo")
        assert first == again
        assert ours(at, mr) == [f"{MARKER}\ntwo"]


async def test_an_unchanged_note_is_not_sent_again() -> None:
    async with setting() as at:
        mr = await at.open()
        first = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none\n")
        assert await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none") == first
        assert at.sent("PUT") == []


async def test_our_note_is_found_on_any_page() -> None:
    async with setting() as at:
        mr = await at.open()
        at.gitlab.limits.notes_per_minute = None
        for number in range(105):
            await at.gitlab.comment(mr, at.ada, f"chatter {number}")
        made = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        for number in range(105):
            await at.gitlab.comment(mr, at.ada, f"more chatter {number}")
        assert await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\ntwo") == made
        assert len(await at.forge.notes(PATH, mr.iid)) >= 211
        assert [note.id for note in await at.forge.own_notes(PATH, mr.iid)] == [made]


async def test_the_same_marker_of_somebody_else_is_left_alone() -> None:
    async with setting() as at:
        mr = await at.open()
        theirs = await at.gitlab.comment(mr, at.ada, f"{MARKER}\nforged")
        quoted = await at.forge.upsert_note(PATH, mr.iid, "<!-- other -->", f"<!-- other -->\n{MARKER}")
        made = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\nreal")
        assert theirs is not None
        assert len({theirs.id, quoted, made}) == 3
        assert theirs.body == f"{MARKER}\nforged"


async def test_doubles_of_a_race_melt_into_the_oldest() -> None:
    async with setting() as at:
        mr = await at.open()
        first = await at.gitlab.comment(mr, at.bot, f"{MARKER}\na")
        await at.gitlab.comment(mr, at.bot, f"{MARKER}\nb")
        assert first is not None
        assert await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\nc") == first.id
        assert ours(at, mr) == [f"{MARKER}\nc"]


async def test_two_writers_at_once_make_one_note() -> None:
    async with setting() as at:
        mr = await at.open()
        writes = (at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\n{n}") for n in range(5))
        assert len(set(await asyncio.gather(*writes))) == 1
        assert len(ours(at, mr)) == 1


async def test_a_note_that_a_person_deleted_is_made_anew() -> None:
    async with setting() as at:
        mr = await at.open()
        first = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        mr.notes[:] = [note for note in mr.notes if note.id != first]
        assert await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none") != first
        assert ours(at, mr) == [f"{MARKER}\none"]


async def test_a_creation_whose_answer_is_lost_makes_one_note() -> None:
    async with setting() as at:
        mr = await at.open()
        at.lose_answers("POST", "/notes")
        made = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        assert ours(at, mr) == [f"{MARKER}\none"]
        assert [note.id for note in mr.notes if note.author is at.bot] == [made]
        assert len(at.sent("POST")) == 1


async def test_a_note_of_nothing_but_quick_actions_is_refused_aloud() -> None:
    async with setting() as at:
        mr = await at.open()
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.upsert_note(PATH, mr.iid, "/draft", "/draft")
        assert caught.value.code == "note-swallowed"


async def test_too_many_notes_a_minute_is_transient_and_says_how_long() -> None:
    async with setting() as at:
        mr = await at.open()
        at.gitlab.limits.notes_per_minute = 0
        at.gitlab.limits.retry_after = 90
        with pytest.raises(TransientError) as caught:
            await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        assert caught.value.retry_after == 90


async def test_notes_come_with_author_discussion_and_kind_oldest_first() -> None:
    async with setting() as at:
        mr = await at.open()
        plain = await at.gitlab.comment(mr, at.ada, "/helm plan")
        secret = await at.gitlab.comment(mr, at.ada, "between us", internal=True)
        assert plain is not None
        assert secret is not None
        answer = await at.forge.reply(PATH, mr.iid, plain.discussion_id, "<!-- r -->", "<!-- r -->\nyes")
        notes = {note.id: note for note in await at.forge.notes(PATH, mr.iid)}
        assert list(notes) == sorted(notes)
        assert notes[plain.id].author == "ada"
        assert notes[plain.id].author_id == at.ada.id
        assert notes[answer].discussion_id == plain.discussion_id == notes[plain.id].discussion_id
        assert notes[secret.id].internal
        assert not notes[plain.id].internal


async def test_an_edited_note_is_known_as_such() -> None:
    async with setting() as at:
        mr = await at.open()
        made = await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")
        before = await at.forge.note(PATH, mr.iid, made)
        await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\ntwo")
        after = await at.forge.note(PATH, mr.iid, made)
        assert before is not None
        assert after is not None
        assert (before.edited, after.edited) == (False, True)


async def test_a_missing_note_is_none() -> None:
    async with setting() as at:
        mr = await at.open()
        assert await at.forge.note(PATH, mr.iid, 4711) is None


async def test_one_reply_per_marker_stands_in_the_discussion() -> None:
    async with setting() as at:
        mr = await at.open()
        asked = await at.gitlab.comment(mr, at.ada, "/helm help")
        assert asked is not None
        at.lose_answers("POST", "/notes")
        first = await at.forge.reply(PATH, mr.iid, asked.discussion_id, MARKER, f"{MARKER}\nhelp")
        again = await at.forge.reply(PATH, mr.iid, asked.discussion_id, MARKER, f"{MARKER}\nmore help")
        assert first == again
        assert ours(at, mr) == [f"{MARKER}\nmore help"]


async def test_a_reply_to_a_deleted_discussion_is_refused() -> None:
    async with setting() as at:
        mr = await at.open()
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.reply(PATH, mr.iid, "0" * 40, MARKER, f"{MARKER}\nhelp")
        assert caught.value.status == 404


async def test_a_reaction_stands_once_and_a_missing_note_is_fine() -> None:
    async with setting() as at:
        mr = await at.open()
        asked = await at.gitlab.comment(mr, at.ada, "/helm help")
        assert asked is not None
        at.lose_answers("POST", "/award_emoji")
        await at.forge.react(PATH, mr.iid, asked.id, "eyes")
        await at.forge.react(PATH, mr.iid, asked.id, "eyes")
        await at.forge.react(PATH, mr.iid, 4711, "eyes")
        assert [(award.name, award.user) for award in asked.awards] == [("eyes", at.bot)]
        with pytest.raises(ForgeRefused):
            await at.forge.react(PATH, mr.iid, asked.id, "no-such-emoji")


async def test_a_token_that_was_revoked_is_refused_without_showing_it() -> None:
    async with setting() as at:
        mr = await at.open()
        at.gitlab.revoke(at.token)
        with pytest.raises(ShutOut) as caught:
            await at.forge.notes(PATH, mr.iid)
        assert caught.value.status == 401
        assert at.token not in str(caught.value)


async def test_a_bot_that_lost_its_role_is_told_so() -> None:
    async with setting() as at:
        mr = await at.open()
        at.project.members[at.bot.id] = Level.NONE
        with pytest.raises(ShutOut):
            await at.forge.upsert_note(PATH, mr.iid, MARKER, f"{MARKER}\none")


async def test_an_answer_to_a_comment_leaves_no_open_thread_that_blocks_the_merge() -> None:
    async with setting() as at:
        mr = await at.open()
        asked = await at.gitlab.comment(mr, at.ada, "/helm plan")
        assert asked is not None
        await at.forge.reply(PATH, mr.iid, asked.discussion_id, REPLY, f"{REPLY}\nanswer")
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert read.threads_resolved
        assert not asked.resolved_at or asked.updated_at == asked.created_at


async def test_a_thread_that_people_began_stays_open_after_our_answer() -> None:
    async with setting() as at:
        mr = await at.open()
        asked = await at.gitlab.comment(mr, at.ada, "Why so many?\n\n/helm diff", discussion=True)
        assert asked is not None
        await at.forge.reply(PATH, mr.iid, asked.discussion_id, REPLY, f"{REPLY}\nanswer")
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert not read.threads_resolved
