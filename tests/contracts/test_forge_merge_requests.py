"""Port Forge: merge requests, what merging them gives, and who people are."""

from datetime import UTC, datetime, timedelta

import pytest
from aiohttp import web

from bot.adapters.gitlab.answers import ShutOut
from bot.demo.gitlab import Level, MergeRequest
from tests.contracts.gitlab_setting import PATH, Setting, setting


async def test_a_merge_request_is_read_as_it_is_now() -> None:
    async with setting() as at:
        mr = await at.open("feature/x")
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert (read.project, read.project_id, read.iid) == (PATH, at.project.id, mr.iid)
        assert (read.state, read.author, read.draft, read.from_fork) == ("opened", "ada", False, False)
        assert (read.source_branch, read.target_branch, read.head) == ("feature/x", "main", mr.head)
        assert (read.merge_sha, read.merged_by, read.conflicts) == (None, None, False)
        assert read.web_url.endswith(f"{PATH}/-/merge_requests/{mr.iid}")
        assert read.updated_at


async def test_no_such_merge_request_is_none_but_a_project_that_we_may_not_see_is_not_its_absence() -> None:
    async with setting() as at:
        assert await at.forge.merge_request(PATH, 99) is None
        with pytest.raises(ShutOut, match="a member"):
            await at.forge.merge_request("ops/nothing", 1)


async def test_a_fork_is_known_as_such_even_when_it_is_deleted() -> None:
    async with setting() as at:
        eve = at.gitlab.add_user("eve")
        at.project.members[eve.id] = Level.REPORTER
        fork = await at.gitlab.fork(at.project, eve, "eve/cluster")
        await at.gitlab.push(fork, "change", {"x.yaml": "x: 1\n"}, eve)
        mr = await at.gitlab.open_merge_request(at.project, "change", eve, source=fork)
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert read.from_fork


@pytest.mark.parametrize(
    ("method", "squash", "field"),
    [
        ("merge", False, "merge_commit"),
        ("merge", True, "merge_commit"),
        ("rebase_merge", False, "merge_commit"),
        ("ff", False, "head"),
        ("ff", True, "squash_commit"),
    ],
)
async def test_merge_sha_is_the_commit_that_the_branch_got(method: str, squash: bool, field: str) -> None:
    async with setting() as at:
        at.project.settings.merge_method = method  # type: ignore[assignment]
        mr = await at.open()
        if squash:
            await at.gitlab.push(at.project, "change", {"second.yaml": "a: 1\n"}, at.ada)
        await at.gitlab.merge(mr, at.ada, squash=squash)
        read = await at.forge.merge_request(PATH, mr.iid)
        branch = await at.client.getitem(f"/projects/{at.project.id}/repository/branches/main")
        assert read is not None
        assert read.state == "merged"
        assert read.merged_by == "ada"
        assert read.merge_sha == branch["commit"]["id"] == getattr(mr, field)


async def conflicting(at: Setting) -> MergeRequest:
    await at.gitlab.push(at.project, "change", {"releases.yaml": "version: 2\n"}, at.ada)
    mr = await at.gitlab.open_merge_request(at.project, "change", at.ada)
    await at.gitlab.push(at.project, "main", {"releases.yaml": "version: 3\n"}, at.ada)
    await at.gitlab.settle(mr)
    return mr


async def test_a_conflict_is_known_and_has_no_merge_ref() -> None:
    async with setting() as at:
        mr = await conflicting(at)
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert read.conflicts
        assert await at.forge.merge_ref(PATH, mr.iid) is None


async def test_one_without_a_commit_is_known_until_it_gets_one() -> None:
    async with setting() as at:
        await at.gitlab.branch(at.project, "change", at.ada)
        mr = await at.gitlab.open_merge_request(at.project, "change", at.ada)
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert (read.empty, read.conflicts) == (True, False)
        assert await at.forge.merge_ref(PATH, mr.iid) is None
        await at.gitlab.push(at.project, "change", {"more.yaml": "a: 1\n"}, at.ada)
        read = await at.forge.merge_request(PATH, mr.iid)
        assert read is not None
        assert not read.empty


async def test_what_came_with_another_is_merged_by_the_commit_that_brought_both() -> None:
    async with setting() as at:
        lower = await at.open("lower")
        await at.gitlab.push(at.project, "upper", {"more.yaml": "a: 1\n"}, at.ada, start="lower")
        upper = await at.gitlab.open_merge_request(at.project, "upper", at.ada)
        await at.gitlab.merge(upper, at.ada)
        read = await at.forge.merge_request(PATH, lower.iid)
        assert read is not None
        assert (read.state, read.merge_sha) == ("merged", upper.merge_commit)
        assert lower.head not in await at.forge.parents(PATH, str(read.merge_sha))
        found = await at.forge.merge_requests_of(PATH, str(read.merge_sha))
        assert {it.iid for it in found} == {lower.iid, upper.iid}


async def test_the_merge_ref_is_none_while_gitlab_computes_it() -> None:
    async with setting() as at:
        at.gitlab.world.merge_ref_lag = 1
        mr = await at.open()
        assert await at.forge.merge_ref(PATH, mr.iid) is None
        await at.gitlab.settle(mr)
        assert await at.forge.merge_ref(PATH, mr.iid) == mr.merge_ref


async def test_a_merge_ref_of_the_head_before_a_push_does_not_count() -> None:
    async with setting() as at:
        mr = await at.open()
        old = await at.forge.merge_ref(PATH, mr.iid)
        assert old is not None
        await at.gitlab.push(at.project, "change", {"more.yaml": "a: 1\n"}, at.ada)

        def lagging(request: web.Request) -> web.StreamResponse | None:
            return web.json_response({"commit_id": old}) if request.path.endswith("/merge_ref") else None

        at.gitlab.plant_fault(before=lagging)
        assert await at.forge.merge_ref(PATH, mr.iid) is None
        at.gitlab.plant_fault()
        assert await at.forge.merge_ref(PATH, mr.iid) not in (None, old)


async def test_merged_and_missing_merge_requests_have_no_merge_ref() -> None:
    async with setting() as at:
        mr = await at.open()
        await at.gitlab.merge(mr, at.ada)
        assert await at.forge.merge_ref(PATH, mr.iid) is None
        assert await at.forge.merge_ref(PATH, 99) is None


async def test_updated_merge_requests_come_oldest_first_over_every_page() -> None:
    async with setting() as at:
        mrs = []
        for number in range(103):
            branch = f"b{number}"
            at.project.settings.remove_source_branch_after_merge = False
            mrs.append(await at.open(branch))
        old = mrs[5]
        old.updated_at = datetime.now(UTC) - timedelta(days=3)
        since = datetime.now(UTC) - timedelta(days=1)
        listed = [mr async for mr in await at.forge.merge_requests(PATH, since)]
        assert [mr.iid for mr in listed] == [mr.iid for mr in mrs if mr is not old]
        assert [mr.updated_at for mr in listed] == sorted(mr.updated_at for mr in listed)
        assert {mr.head for mr in listed} == {mr.head for mr in mrs if mr is not old}


async def test_none_were_updated_in_the_future() -> None:
    async with setting() as at:
        await at.open()
        soon = datetime.now(UTC) + timedelta(days=1)
        assert [mr async for mr in await at.forge.merge_requests(PATH, soon)] == []


async def test_the_default_branch_is_asked_for_once_a_minute() -> None:
    async with setting() as at:
        assert [await at.forge.default_branch(PATH) for _ in range(3)] == ["main"] * 3
        assert len(at.sent("GET")) == 1
        with pytest.raises(ShutOut, match="no such project"):
            await at.forge.default_branch("ops/nothing")


async def test_access_levels_count_groups_and_not_the_blocked() -> None:
    async with setting() as at:
        group, blocked, nobody = (at.gitlab.add_user(name) for name in ("grace", "bob", "nora"))
        at.gitlab.add_group_member("ops", group, Level.DEVELOPER)
        at.project.members[blocked.id] = Level.MAINTAINER
        blocked.state = "blocked"
        people = (at.ada, group, blocked, nobody)
        assert [await at.forge.access_level(PATH, who.id) for who in people] == [40, 30, 0, 0]


async def test_we_know_our_own_name() -> None:
    async with setting() as at:
        assert await at.forge.me() == at.bot.username
        assert await at.forge.me() == at.bot.username
        assert len(at.sent("GET")) == 1
