"""Commands in notes: who may, what is answered, and what is no command."""

import pytest

from bot.demo.gitlab import Note
from tests.e2e.site import Site, call


def awards(note: Note) -> list[str]:
    return [award.name for award in note.awards]


async def test_plan_is_reacted_to_answered_and_ticked_when_the_note_is_new(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    note, reply = await site.command(mr, site.ada, "/helm plan")
    assert "Planning `production` again" in reply
    assert awards(note) == ["eyes", "white_check_mark"]
    assert site.plans_made() == 2
    assert len(site.plan_notes(mr)) == 1
    answer = next(it for it in mr.notes if it.body == reply)
    assert (answer.author, answer.discussion_id) == (site.purser, note.discussion_id)


async def test_a_plan_of_one_release_is_a_reply_and_leaves_the_note_alone(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    _, reply = await site.command(mr, site.ada, "/helm plan web")
    assert "Only these releases were planned, so there is no seal" in reply
    assert site.plans_made() == 1


async def test_a_release_that_does_not_exist_is_said_with_those_that_do(site: Site) -> None:
    mr = await site.change()
    note, reply = await site.command(mr, site.ada, "/helm plan wbe")
    assert "No release is called wbe here." in reply
    assert f"{site.namespace}/web" in reply
    assert "Did you mean web?" in reply
    assert awards(note) == ["eyes", "x"]


async def test_help_lists_what_the_reader_may_use(site: Site) -> None:
    mr = await site.change()
    _, for_ada = await site.command(mr, site.ada, "/helm help")
    _, for_rita = await site.command(mr, site.rita, "/helm help")
    assert "/helm plan" in for_ada
    assert "`production`" in for_ada
    assert "/helm plan" not in for_rita
    assert "/helm help" in for_rita


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        (
            "/helm plna",
            "There is no command `plna`. Did you mean `/helm plan`? `/helm help` lists the commands.",
        ),
        ("/helm frobnicate", "There is no command `frobnicate`. `/helm help` lists the commands."),
        ("/helm plan --target staging", "No target is called `staging`; there is `production`."),
        ("/helm plan --kubeconfig=/etc/passwd", "Not understood:"),
        ("/helm plan web; rm -rf /", "Not understood:"),
    ],
    ids=["a slip", "no such word", "no such target", "an option of Helm", "a shell's words"],
)
async def test_what_is_not_understood_gets_a_helpful_answer(site: Site, text: str, answer: str) -> None:
    mr = await site.change()
    note, reply = await site.command(mr, site.ada, text)
    assert answer in reply
    assert awards(note) == ["eyes", "x"]


async def test_a_reporter_may_not_plan(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    note, reply = await site.command(mr, site.rita, "/helm plan")
    assert "needs the role developer or above" in reply
    assert awards(note) == ["eyes", "x"]
    assert site.plans_made() == 1


async def test_an_author_who_is_no_member_any_more_may_not_plan(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    del site.project.members[site.ada.id]
    _, reply = await site.command(mr, site.ada, "/helm plan")
    assert "needs the role developer or above" in reply
    assert site.plans_made() == 1


@pytest.mark.parametrize(
    "text",
    [
        "> /helm plan",
        "    /helm plan",
        "```\n/helm plan\n```",
        "say `/helm plan` to plan",
        "<!-- /helm plan -->",
    ],
    ids=["quoted", "indented code", "fenced code", "in a sentence", "in a comment"],
)
async def test_what_only_mentions_a_command_does_nothing(site: Site, text: str) -> None:
    mr = await site.change()
    await site.planned(mr)
    note = await site.gitlab.comment(mr, site.ada, text)
    await site.settled(mr)
    assert note is not None
    assert awards(note) == []
    assert site.plans_made() == 1


async def test_a_command_that_was_edited_in_does_nothing(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    note = await site.gitlab.comment(mr, site.ada, "A remark.")
    assert note is not None
    path = f"merge_requests/{mr.iid}/notes/{note.id}"
    await call(site, "PUT", path, by=site.ada, body="/helm plan")
    await site.settled(mr)
    assert awards(note) == []
    assert site.plans_made() == 1


async def test_a_command_that_was_edited_before_it_was_read_does_nothing(site: Site) -> None:
    """Its hook says what stood there first; GitLab, what stands there now."""
    mr = await site.change()
    await site.planned(mr)
    site.gitlab.hooks.hold()
    note = await site.gitlab.comment(mr, site.ada, "/helm status")
    assert note is not None
    path = f"merge_requests/{mr.iid}/notes/{note.id}"
    await call(site, "PUT", path, by=site.ada, body="/helm plan")
    site.gitlab.hooks.release()
    await site.settled(mr)
    assert awards(note) == []
    assert site.plans_made() == 1


async def test_a_command_of_the_bot_itself_does_nothing(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    note = await site.gitlab.comment(mr, site.purser, "/helm plan")
    await site.settled(mr)
    assert note is not None
    assert awards(note) == []
    assert site.plans_made() == 1


async def test_a_command_in_a_merge_request_of_another_branch_finds_no_target(site: Site) -> None:
    await site.gitlab.push(site.project, "side", {"notes.txt": "x"}, site.max)
    mr = await site.change(target="side")
    _, reply = await site.command(mr, site.ada, "/helm plan")
    assert "Merges into `side` deploy to no target, so there is nothing to plan." in reply
    _, told = await site.command(mr, site.max, "/helm help")
    assert "Merges into `side` deploy to no target: nothing to do here." in told
    assert "Targets of this project: `production` from `main`." in told
    assert "/helm deploy" not in told


async def test_a_command_after_the_merge_request_was_closed_is_answered(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.close(mr, site.ada)
    _, reply = await site.command(mr, site.ada, "/helm plan")
    assert "This merge request is not open, so there is nothing to plan." in reply
