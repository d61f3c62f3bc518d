"""Where a command may stand: a note, a reply, a review of the diff, an internal note, the description."""

from bot.core.notes.marks import reply_marker
from bot.demo.gitlab import MergeRequest, Note
from tests.e2e.files import VALUES, values
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World


def answer_to(mr: MergeRequest, note: Note) -> Note:
    return next(it for it in mr.notes if it.body.startswith(reply_marker(note.id)))


async def said(mr: MergeRequest, text: str) -> Note:
    """Waits for the answer to the description."""

    def look() -> Note | None:
        answers = [it for it in mr.notes if it.body.startswith(reply_marker(0))]
        return next((it for it in answers if text in it.body), None)

    return await until(look, f"the answer: {text}")


async def test_a_review_comment_is_answered_in_its_own_thread(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    line = {"position_type": "text", "new_path": VALUES, "old_path": VALUES, "new_line": 1}
    note = await site.gitlab.comment(mr, site.ada, "Why green?\n\n/helm plan", position=line)
    assert note is not None
    assert note.type == "DiffNote"
    assert "Planning `production` again" in await site.replied(mr, note)
    assert answer_to(mr, note).discussion_id == note.discussion_id


async def test_a_reply_in_a_thread_is_answered_there(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    first = await site.gitlab.comment(mr, site.max, "What does it do?", discussion=True)
    assert first is not None
    reply = await site.gitlab.comment(mr, site.ada, "/helm diff web", thread=[first])
    assert reply is not None
    assert "+  color: green" in await site.replied(mr, reply)
    assert answer_to(mr, reply).discussion_id == first.discussion_id


async def test_several_commands_of_a_note_are_answered_in_one_reply_in_order(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    text = "This:\r\n/helm diff web\r\nand `not /helm lock`\r\n/helm nonsense\r\n/helm history nowhere\r\n"
    note, reply = await site.command(mr, site.ada, text)
    parts = ("color: green", "no command `nonsense`", "No release `nowhere`")
    assert [part for part in parts if part not in reply] == [], reply
    places = [reply.index(part) for part in parts]
    assert places == sorted(places)
    assert [award.name for award in note.awards] == ["eyes", "x"]


async def test_an_internal_note_does_nothing_unless_it_is_allowed_to(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    note = await site.gitlab.comment(mr, site.max, "/helm plan", internal=True)
    await site.settled(mr)
    assert note is not None
    assert note.awards == []
    assert site.plans_made() == 1


async def test_an_allowed_internal_note_is_answered_internally(several: World) -> None:
    site = await several.site("listening-0")
    mr = await site.change()
    await site.planned(mr)
    note = await site.gitlab.comment(mr, site.max, "/helm diff web", internal=True)
    assert note is not None
    await site.replied(mr, note)
    assert answer_to(mr, note).internal


async def test_a_description_is_not_listened_to_by_default(site: Site) -> None:
    await site.push("change")
    text = "/helm plan web\n/helm lock"
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, "Green", text)
    await site.planned(mr)
    await site.settled(mr)
    assert not any(it.body.startswith(reply_marker(0)) for it in mr.notes)


async def test_a_description_may_plan_and_nothing_else(several: World) -> None:
    site = await several.site("listening-1")
    await site.push("change", {"README.md": "Words.\n"})
    text = "Some words.\n\n/helm plan web\n/helm lock\n/helm help"
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, "Words", text)
    answer = await said(mr, "Only these releases were planned")
    assert "locked" not in answer.body
    assert "/helm help" not in answer.body
    assert len([it for it in mr.notes if it.body.startswith(reply_marker(0))]) == 1


async def test_a_description_plans_a_target_that_is_not_touched(several: World) -> None:
    site = await several.site("listening-2")
    await site.push("change", {"README.md": "Words.\n"})
    mr = await site.gitlab.open_merge_request(site.project, "change", site.ada, "Words", "/helm plan")
    assert "1 to install" in await site.planned(mr)


async def test_who_may_not_plan_may_not_by_a_description(several: World) -> None:
    site = await several.site("listening-3")
    eve = site.gitlab.world.user("eve-outside") or site.gitlab.add_user("eve-outside")
    fork = await site.gitlab.fork(site.project, eve, "eve-outside/listening-3")
    await site.gitlab.push(fork, "change", {VALUES: values(color="green")}, eve)
    text = "/helm plan web"
    await site.gitlab.open_merge_request(site.project, "change", eve, "Green", text, source=fork)
    [mr] = site.project.merge_requests.values()
    await said(mr, "needs the role developer or above")
    assert site.plans_made() == 0
