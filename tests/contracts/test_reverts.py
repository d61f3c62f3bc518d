"""The port `Reverts` on the look-alike: one branch, one commit, one merge request, whatever is repeated."""

import pytest

from bot.adapters.gitlab.revert import GitLabReverts
from bot.app.ports.reverting import Revert
from bot.core.errors import ForgeRefused
from tests.contracts.gitlab_setting import PATH, Setting, setting


async def merged(at: Setting) -> Revert:
    """What takes back a merge request that was merged."""
    mr = await at.open()
    await at.gitlab.settle(mr)
    await at.gitlab.merge(mr, at.ada)
    sha = await at.forge.branch_tip(PATH, "main")
    assert sha is not None
    return Revert(PATH, sha, "purser-revert-1", "main", 'Revert "Change"', "Takes back !1.")


async def test_a_merge_is_taken_back_on_a_branch_of_its_own_in_a_merge_request() -> None:
    async with setting() as at:
        wanted = await merged(at)
        url = await GitLabReverts(at.client).open_revert(wanted)
        made = max(at.project.merge_requests.values(), key=lambda it: it.iid)
        assert url.endswith(f"/merge_requests/{made.iid}")
        assert (made.title, made.source_branch, made.author) == (wanted.title, wanted.branch, at.bot)
        repository = at.gitlab.world.repository(at.project)
        assert await repository.read("purser-revert-1", "change.yaml") is None
        assert await repository.read("main", "change.yaml") is not None
        assert await at.forge.branch_tip(PATH, "main") == wanted.sha


@pytest.mark.parametrize("lost", ["/branches", "/revert", "/merge_requests"])
async def test_an_answer_that_gets_lost_makes_nothing_twice(lost: str) -> None:
    async with setting() as at:
        wanted = await merged(at)
        at.lose_answers("POST", lost)
        reverts = GitLabReverts(at.client)
        assert await reverts.open_revert(wanted) == await reverts.open_revert(wanted)
        assert len(at.project.merge_requests) == 2
        commits = await at.gitlab.world.repository(at.project).commits("main..purser-revert-1")
        assert [one.title for one in commits] == [f'Revert "{(await title(at, wanted.sha))}"']


async def title(at: Setting, sha: str) -> str:
    found = await at.gitlab.world.repository(at.project).commit(sha)
    assert found is not None
    return found.title


async def test_what_cannot_be_taken_back_without_a_person_is_said() -> None:
    async with setting() as at:
        wanted = await merged(at)
        await at.gitlab.push(at.project, "main", {"change.yaml": "replicas: 7\n"}, at.ada)
        with pytest.raises(ForgeRefused, match="cannot revert") as refused:
            await GitLabReverts(at.client).open_revert(wanted)
        assert refused.value.code == "revert-conflict"
        assert len(at.project.merge_requests) == 1
