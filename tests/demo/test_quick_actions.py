"""GitLab's own commands in notes: stripped, and carried out with the writer's rights."""

from __future__ import annotations

import pytest

from bot.demo.gitlab.quick_actions import extract
from tests.demo.world import Scene


@pytest.mark.parametrize(
    ("body", "text", "names"),
    [
        pytest.param("/merge", "", ["merge"], id="alone"),
        pytest.param("Hello\n/approve\nworld", "Hello\nworld", ["approve"], id="between lines"),
        pytest.param("/MERGE", "", ["merge"], id="in capitals"),
        pytest.param('/label ~bug ~"two words"', "", ["label"], id="with arguments"),
        pytest.param("/helm plan", "/helm plan", [], id="a command of ours stays"),
        pytest.param("/helm plan\n/close", "/helm plan", ["close"], id="ours beside GitLab's"),
        pytest.param("see /merge", "see /merge", [], id="inside a line"),
        pytest.param("```\n/merge\n```", "```\n/merge\n```", [], id="in a fence"),
        pytest.param(
            "```diff\n/merge\n````\n/close", "```diff\n/merge\n````", ["close"], id="after a longer fence"
        ),
        pytest.param("````\n```\n/merge\n````", "````\n```\n/merge\n````", [], id="in a fence of four"),
        pytest.param("~~~\n/merge\n~~~", "~~~\n/merge\n~~~", [], id="in a fence of tildes"),
        pytest.param(
            "```\nx\n```\n/merge\n```",
            "```\nx\n```\n```",
            ["merge"],
            id="out of a fence that was closed early",
        ),
        pytest.param("`a\n/merge\nb`", "`a\n/merge\nb`", [], id="in inline code over lines"),
        pytest.param(
            "<details>\n/merge\n</details>", "<details>\n/merge\n</details>", [], id="in an HTML block"
        ),
        pytest.param(">>>\n/merge\n>>>", ">>>\n/merge\n>>>", [], id="in a quote block"),
        pytest.param("> /merge", "> /merge", [], id="in a quoted line"),
        pytest.param("/usr/bin/env\n/etc", "/usr/bin/env\n/etc", [], id="paths are no commands"),
    ],
)
def test_commands_are_found_where_gitlab_finds_them(body: str, text: str, names: list[str]) -> None:
    found = extract(body)
    assert (found.text, [c.name for c in found.commands]) == (text, names)


async def test_a_note_of_commands_only_is_not_saved(scene: Scene) -> None:
    mr = await scene.merge_request()
    answer = await scene.as_(scene.maintainer).post(f"/merge_requests/{mr.iid}/notes", body="/approve")
    assert (answer.status, answer.json["summary"]) == (202, ["Approved the current merge request."])
    assert [n for n in mr.notes if not n.system] == []
    assert [a.user.username for a in mr.approvals] == ["ada"]


async def test_merge_in_a_note_really_merges_with_the_rights_of_its_writer(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.comment(mr, scene.developer, "please\n/merge")
    assert mr.state == "opened"
    await scene.gitlab.comment(mr, scene.maintainer, "well\n/merge")
    assert mr.state == "merged"
    assert [n.body for n in mr.notes if not n.system] == ["please", "well"]


async def test_other_commands_change_the_merge_request(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.gitlab.comment(mr, scene.developer, '/title New name\n/label ~"needs work" ~bug\n/draft')
    assert (mr.title, [tag.title for tag in mr.labels]) == ("Draft: New name", ["needs work", "bug"])
    await scene.gitlab.comment(mr, scene.developer, "/ready\n/unlabel ~bug\n/close")
    assert (mr.title, [tag.title for tag in mr.labels], mr.state) == ("New name", ["needs work"], "closed")
    await scene.gitlab.comment(mr, scene.developer, "/reopen")
    assert mr.state == "opened"


async def test_a_reporter_changes_nothing_that_is_not_theirs(scene: Scene) -> None:
    mr = await scene.merge_request()
    note = await scene.gitlab.comment(mr, scene.reporter, "/close\n/title Mine\nhello")
    assert (mr.state, mr.title) == ("opened", "Do change")
    assert note is not None
    assert note.body == "hello"


async def test_an_edited_note_runs_commands_too(scene: Scene) -> None:
    mr = await scene.merge_request()
    note = await scene.gitlab.comment(mr, scene.maintainer, "hello")
    assert note is not None
    edited = await scene.as_(scene.maintainer).put(
        f"/merge_requests/1/notes/{note.id}", body="hello\n/approve"
    )
    assert (edited.json["body"], len(mr.approvals)) == ("hello", 1)


async def test_ours_arrive_untouched(scene: Scene) -> None:
    mr = await scene.merge_request()
    note = await scene.gitlab.comment(mr, scene.developer, "/helm plan cilium")
    assert note is not None
    assert note.body == "/helm plan cilium"
