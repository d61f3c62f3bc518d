"""Port Forge: what a gate asks, and issues."""

import pytest

from bot.core.errors import TransientError
from bot.demo.gitlab import Level
from tests.contracts.gitlab_setting import PATH, setting


async def test_who_approves_and_when_is_read_on_every_tier() -> None:
    async with setting() as at:
        mr = await at.open()
        assert await at.forge.approvers(PATH, mr.iid) == []
        eve = at.gitlab.add_user("eve", "Eve Adams")
        at.project.members[eve.id] = Level.MAINTAINER
        await at.gitlab.approve(mr, eve)
        [found] = await at.forge.approvers(PATH, mr.iid)
        assert (found.person.id, found.person.username, found.person.name) == (eve.id, "eve", "Eve Adams")
        assert found.at is not None
        notes = [it for it in await at.forge.notes(PATH, mr.iid) if it.system]
        assert [(it.author_id, it.body) for it in notes] == [(eve.id, "approved this merge request")]
        assert notes[0].created_at is not None


async def test_whom_the_commits_name_and_which_files_change() -> None:
    async with setting() as at:
        mr = await at.open("change")
        wrote = await at.forge.wrote(PATH, mr.iid)
        assert at.ada.name in wrote.names
        assert at.ada.email in wrote.emails
        assert await at.forge.changed_paths(PATH, mr.iid, mr.head) == frozenset({"change.yaml"})


async def test_files_that_are_too_many_or_not_yet_compared_are_not_guessed() -> None:
    async with setting() as at:
        mr = await at.open("change")
        with pytest.raises(TransientError, match="not compared"):
            await at.forge.changed_paths(PATH, mr.iid, "0" * 40)
        await at.gitlab.push(at.project, "change", {f"{n}.yaml": "a: 1\n" for n in range(130)}, at.ada)
        found = await at.forge.changed_paths(PATH, mr.iid, mr.head)
        assert found is not None
        assert len(found) == 131
        at.gitlab.world.diff_max_files = 100
        assert await at.forge.changed_paths(PATH, mr.iid, mr.head) is None


async def test_the_description_reads_like_a_note_of_the_author() -> None:
    async with setting() as at:
        mr = await at.open("change")
        await at.gitlab.edit(mr, at.ada, description="/helm plan")
        found = await at.forge.description(PATH, mr.iid)
        assert found is not None
        assert (found.id, found.author, found.author_id, found.body) == (0, "ada", at.ada.id, "/helm plan")
        assert await at.forge.description(PATH, 999) is None


async def test_how_far_a_branch_is_behind() -> None:
    async with setting() as at:
        mr = await at.open()
        assert await at.forge.behind(PATH, mr.head, "main") == 0
        for number in range(2):
            await at.gitlab.push(at.project, "main", {f"{number}.yaml": "a: 1\n"}, at.ada)
        assert await at.forge.behind(PATH, mr.head, "main") == 2
        tip = await at.forge.branch_tip(PATH, "main")
        assert tip is not None
        assert len(await at.forge.parents(PATH, tip)) == 1
        assert await at.forge.parents(PATH, "0" * 40) == ()
        assert await at.forge.branch_tip(PATH, "nowhere") is None


async def test_a_commit_knows_the_merge_request_that_brought_it() -> None:
    async with setting() as at:
        mr = await at.open()
        await at.gitlab.merge(mr, at.ada)
        assert mr.merge_commit is not None
        [found] = await at.forge.merge_requests_of(PATH, mr.merge_commit)
        assert (found.iid, found.merge_sha) == (mr.iid, mr.merge_commit)
        assert await at.forge.merge_requests_of(PATH, "0" * 40) == []


async def test_one_issue_of_ours_per_marker() -> None:
    async with setting() as at:
        fake = "<!-- m -->\n\nsomebody else's"
        await at.client.post(f"/projects/{at.project.id}/issues", data={"title": "x", "description": "y"})
        first = await at.forge.upsert_issue(PATH, "<!-- m -->", "Pushes", "one")
        again = await at.forge.upsert_issue(PATH, "<!-- m -->", "Pushes", "one")
        edited = await at.forge.upsert_issue(PATH, "<!-- m -->", "Pushes", "two")
        assert first == again == edited
        assert len(at.sent("PUT")) == 1
        [ours] = [it for it in at.project.issues.values() if it.description.startswith("<!-- m -->")]
        assert ours.description == "<!-- m -->\n\ntwo"
        ours.author, ours.description = at.ada, fake
        assert await at.forge.upsert_issue(PATH, "<!-- m -->", "Pushes", "three") != first
        assert ours.description == fake


async def test_a_lost_answer_makes_no_second_issue() -> None:
    async with setting() as at:
        at.lose_answers("POST", "/issues")
        await at.forge.upsert_issue(PATH, "<!-- m -->", "Pushes", "one")
        assert len(at.project.issues) == 1


async def test_our_own_failed_status_does_not_make_a_pipeline_fail_for_us() -> None:
    ci = "build:\n  script: [echo hello]\n"
    async with setting({".gitlab-ci.yml": ci}) as at:
        mr = await at.open()
        await at.gitlab.settle(mr)
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert read.head_pipeline_id is not None
        await at.gitlab.runner.idle()
        assert await at.forge.checks(PATH, read.head_pipeline_id) == "success"
        for name, expected in (("purser/plan/production", "success"), ("lint", "failed")):
            await at.forge.set_status(
                PATH, mr.head, name=name, state="failed", description="", pipeline_id=read.head_pipeline_id
            )
            assert await at.forge.checks(PATH, read.head_pipeline_id) == expected
        assert await at.forge.checks(PATH, 424242) is None
