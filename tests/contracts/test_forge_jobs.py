"""Port Jobs: jobs that are started one by one, whatever gets lost, and the files that they leave."""

import pytest

from bot.core.errors import ForgeRefused
from bot.demo.gitlab.state import Level, Protection
from tests.contracts.gitlab_setting import PATH, Setting, setting

MANUAL = """\
sync:
  script: ['echo "sealed $PURSER_SEAL"; mkdir kept; echo "{}" > "kept/run.json"; test -n "$PURSER_SEAL"']
  artifacts: {paths: [kept/], when: always}
  rules: [{if: $CI_COMMIT_BRANCH, when: manual}]
"""


async def pushed(at: Setting) -> tuple[str, int]:
    """A commit on main, and the number of its job."""
    sha = await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)
    found = await at.forge.job_of_push(PATH, sha, "main", ["sync"])
    assert found is not None
    pipeline, job = found
    assert (pipeline.source, pipeline.sha, job.name, job.status) == ("push", sha, "sync", "manual")
    return sha, job.id


async def test_the_job_of_a_push_is_found_on_its_branch_and_by_its_name_only() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        sha, _ = await pushed(at)
        assert await at.forge.job_of_push(PATH, sha, "main", ["apply"]) is None
        assert await at.forge.job_of_push(PATH, sha, "other", ["sync"]) is None
        assert await at.forge.job_of_push(PATH, "0" * 40, "main", ["sync"]) is None


async def test_a_push_whose_ci_file_cannot_be_read_is_told_with_gitlab_s_reason() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        sha, _ = await pushed(at)
        assert await at.forge.unreadable(PATH, sha, "main") is None
        broken = await at.gitlab.push(at.project, "main", {".gitlab-ci.yml": "sync: 7\n"}, at.ada)
        assert await at.forge.job_of_push(PATH, broken, "main", ["sync"]) is None
        found = await at.forge.unreadable(PATH, broken, "main")
        assert found is not None
        assert (found.sha, found.status) == (broken, "failed")
        assert "jobs:sync config should be a hash" in found.errors
        assert await at.forge.unreadable(PATH, broken, "other") is None
        assert await at.forge.unreadable(PATH, sha, "main") is None


async def test_a_manual_job_is_started_once_though_the_answer_is_lost() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        _, number = await pushed(at)
        at.lose_answers("POST", "/play")
        await at.forge.play_job(PATH, number, {"PURSER_SEAL": "sha256:1"})
        await at.gitlab.runner.idle()
        assert "sealed sha256:1" in await at.forge.trace_tail(PATH, number, 5000)
        await at.forge.play_job(PATH, number, {})
        assert len([it for it in at.sent("POST") if it.endswith("/play")]) == 1


async def test_a_job_is_tried_again_once_though_the_answer_is_lost() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        sha, number = await pushed(at)
        await at.forge.play_job(PATH, number, {})
        await at.gitlab.runner.idle()
        found = await at.forge.job_of_push(PATH, sha, "main", ["sync"])
        assert found is not None
        pipeline, job = found
        assert job.status == "failed"
        at.lose_answers("POST", "/retry")
        await at.forge.retry_job(PATH, pipeline.id, job.id)
        await at.forge.retry_job(PATH, pipeline.id, job.id)
        [newer] = await at.forge.jobs(PATH, pipeline.id)
        assert newer.id > job.id
        assert len(at.project.pipelines[pipeline.id].jobs) == 2


async def test_a_job_that_our_user_may_not_start_is_refused() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        _, number = await pushed(at)
        at.project.protected["main"] = Protection(push=Level.OWNER, merge=Level.OWNER)
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.play_job(PATH, number, {})
        assert caught.value.status == 403


async def test_a_file_of_the_artifacts_is_read_unless_it_is_too_long() -> None:
    async with setting({".gitlab-ci.yml": MANUAL}) as at:
        _, number = await pushed(at)
        await at.forge.play_job(PATH, number, {})
        await at.gitlab.runner.idle()
        assert await at.forge.artifact(PATH, number, "kept/run.json", 100) == b"{}\n"
        assert await at.forge.artifact(PATH, number, "kept/run.json", 2) is None
        assert await at.forge.artifact(PATH, number, "kept/none.json", 100) is None
