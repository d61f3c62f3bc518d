"""Deployments that no job of GitLab's makes: one record each, whatever is repeated."""

from tests.contracts.gitlab_setting import PATH, Setting, setting


async def tip(at: Setting) -> str:
    sha = await at.forge.branch_tip(PATH, "main")
    assert sha is not None
    return sha


def records(at: Setting) -> list[tuple[str, str]]:
    """Environment and state of each, oldest first."""
    return [(it.environment.name, it.status) for it in at.project.deployments.values()]


async def test_a_deployment_is_one_record_that_ends_as_it_ended() -> None:
    async with setting() as at:
        sha = await tip(at)
        for state in ("running", "running", "success", "success"):
            await at.forge.tell_deployment(PATH, "production", "main", sha, state)
        assert records(at) == [("production", "success")]


async def test_another_try_of_the_same_commit_is_another_record() -> None:
    async with setting() as at:
        sha = await tip(at)
        for state in ("running", "failed", "running", "success"):
            await at.forge.tell_deployment(PATH, "production", "main", sha, state)
        assert records(at) == [("production", "failed"), ("production", "success")]


async def test_each_environment_has_records_of_its_own() -> None:
    async with setting() as at:
        sha = await tip(at)
        await at.forge.tell_deployment(PATH, "production", "main", sha, "running")
        await at.forge.tell_deployment(PATH, "staging", "main", sha, "success")
        assert records(at) == [("production", "running"), ("staging", "success")]
