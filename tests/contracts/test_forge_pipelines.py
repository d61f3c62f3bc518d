"""Port Forge: pipelines and jobs."""

import pytest
from aiohttp import web

from bot.adapters.gitlab.pipelines import names_seal
from bot.core.errors import ForgeRefused, PipelineElsewhere
from tests.contracts.gitlab_setting import PATH, Setting, setting

SEAL = "sha256:" + "ab12cd34" * 8
OTHER = "sha256:" + "ff" * 32
INPUTS = {"PURSER_TARGET": "production", "PURSER_SEAL": SEAL, "PURSER_MERGE_REQUEST": "7"}
WITH_INPUTS = """\
spec:
  inputs:
    PURSER_TARGET: {default: ""}
    PURSER_SEAL: {default: ""}
    PURSER_MERGE_REQUEST: {default: ""}
---
"purser-apply $[[ inputs.PURSER_TARGET ]] $[[ inputs.PURSER_SEAL ]]":
  script: ['echo "sealed $[[ inputs.PURSER_SEAL ]]"']
  rules:
    - if: $CI_PIPELINE_SOURCE == "api"
"""
WITH_VARIABLES = """\
purser-apply:
  script: ['echo "sealed $PURSER_SEAL"']
  rules:
    - if: $PURSER_SEAL
"""


async def tip(at: Setting) -> str:
    branch = await at.client.getitem(f"/projects/{at.project.id}/repository/branches/main")
    return str(branch["commit"]["id"])


def from_api(at: Setting) -> list[int]:
    return [p.id for p in at.project.pipelines.values() if p.source == "api"]


CI_FILES = pytest.mark.parametrize("ci", [WITH_INPUTS, WITH_VARIABLES], ids=["inputs", "variables"])


@CI_FILES
async def test_a_pipeline_gets_the_seal_and_is_found_again(ci: str) -> None:
    async with setting({".gitlab-ci.yml": ci}) as at:
        sha = await tip(at)
        assert await at.forge.find_pipeline(PATH, sha, SEAL, "production") is None
        made = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        assert (made.sha, made.ref, made.source) == (sha, "main", "api")
        await at.gitlab.runner.idle()
        found = await at.forge.find_pipeline(PATH, sha, SEAL, "production")
        assert found is not None
        assert (found.id, found.status) == (made.id, "success")
        [job] = await at.forge.jobs(PATH, made.id)
        assert f"sealed {SEAL}" in await at.forge.trace_tail(PATH, job.id, 5000)
        assert await at.forge.find_pipeline(PATH, sha, SEAL, "staging") is None


@CI_FILES
async def test_a_pipeline_of_another_seal_is_not_taken_for_ours(ci: str) -> None:
    async with setting({".gitlab-ci.yml": ci}) as at:
        sha = await tip(at)
        await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        assert await at.forge.find_pipeline(PATH, sha, OTHER, "production") is None


async def test_a_pipeline_by_somebody_else_is_not_taken_for_ours() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        sha = await tip(at)
        made = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        at.project.pipelines[made.id].user = at.ada
        assert await at.forge.find_pipeline(PATH, sha, SEAL, "production") is None


@CI_FILES
async def test_a_creation_whose_answer_is_lost_makes_one_pipeline(ci: str) -> None:
    async with setting({".gitlab-ci.yml": ci}) as at:
        at.gitlab.runner.pause()
        at.lose_answers("POST", "/pipeline")
        sha = await tip(at)
        made = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        again = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        assert from_api(at) == [made.id] == [again.id]


async def test_after_an_ended_one_a_new_pipeline_can_be_made() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        sha = await tip(at)
        first = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        await at.gitlab.runner.idle()
        second = await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        assert from_api(at) == [first.id, second.id]


async def test_a_branch_that_moved_on_gets_no_pipeline() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        sha = await tip(at)
        await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)
        for branch in ("main", "deleted"):
            with pytest.raises(ForgeRefused) as caught:
                await at.forge.create_pipeline(PATH, branch, sha, INPUTS)
            assert caught.value.code == "ref-moved"
        assert from_api(at) == []


async def test_a_branch_that_moves_as_the_pipeline_is_made_gets_one_that_is_cancelled_and_named() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        sha = await tip(at)
        at.gitlab.runner.pause()

        async def pushed(request: web.Request) -> None:
            if request.method == "POST" and request.path.endswith("/pipeline"):
                at.gitlab.plant_fault()
                await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)

        at.gitlab.plant_fault(before=pushed)
        with pytest.raises(PipelineElsewhere) as caught:
            await at.forge.create_pipeline(PATH, "main", sha, INPUTS)
        assert (caught.value.code, caught.value.sha) == ("ref-moved", await tip(at))
        made = await at.forge.pipeline(PATH, caught.value.pipeline_id)
        assert made is not None
        assert (made.status, from_api(at)) == ("canceled", [made.id])


@pytest.mark.parametrize(
    ("ci", "code"),
    [
        (None, "no-pipeline"),
        ("a:\n  script: [x]\n  rules: [{if: $NEVER}]\n", "no-pipeline"),
        ("workflow: {rules: [{when: never}]}\na: {script: [x]}\n", "no-pipeline"),
    ],
    ids=["no CI file", "no job fits", "the workflow says never"],
)
async def test_a_project_without_jobs_for_us_says_so(ci: str | None, code: str) -> None:
    async with setting({".gitlab-ci.yml": ci} if ci else None) as at:
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.create_pipeline(PATH, "main", await tip(at), INPUTS)
        assert caught.value.code == code
        assert from_api(at) == []


async def test_a_project_that_refuses_variables_is_named_as_such() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        at.project.settings.ci_pipeline_variables_minimum_override_role = "no_one_allowed"
        with pytest.raises(ForgeRefused) as caught:
            await at.forge.create_pipeline(PATH, "main", await tip(at), INPUTS)
        assert caught.value.code == "variables-refused"


async def test_inputs_work_where_variables_are_refused() -> None:
    async with setting({".gitlab-ci.yml": WITH_INPUTS}) as at:
        at.project.settings.ci_pipeline_variables_minimum_override_role = "no_one_allowed"
        made = await at.forge.create_pipeline(PATH, "main", await tip(at), INPUTS)
        assert at.project.pipelines[made.id].inputs == INPUTS


async def test_a_gitlab_too_old_for_inputs_gets_variables_at_once() -> None:
    async with setting({".gitlab-ci.yml": WITH_VARIABLES}) as at:
        at.gitlab.world.version = "17.3.1-ee"
        made = await at.forge.create_pipeline(PATH, "main", await tip(at), INPUTS)
        assert at.project.pipelines[made.id].variables == INPUTS
        assert len([path for path in at.sent("POST") if path.endswith("/pipeline")]) == 1


async def test_pipelines_of_a_commit_and_the_latest_try_of_each_job() -> None:
    async with setting({".gitlab-ci.yml": "flaky: {script: [exit 1]}\n"}) as at:
        sha = await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)
        await at.gitlab.runner.idle()
        [pipeline] = await at.forge.pipelines(PATH, sha)
        [failed] = await at.forge.jobs(PATH, pipeline.id)
        assert (failed.name, failed.status, failed.has_artifacts) == ("flaky", "failed", False)
        await at.client.post(f"/projects/{at.project.id}/jobs/{failed.id}/retry", data={})
        [latest] = await at.forge.jobs(PATH, pipeline.id)
        assert latest.id > failed.id
        await at.gitlab.runner.idle()
        again = await at.forge.pipeline(PATH, pipeline.id)
        assert again is not None
        assert again.status == "failed"
        assert await at.forge.pipeline(PATH, 4711) is None


async def test_an_artifact_is_seen() -> None:
    ci = "a:\n  script: ['echo {} > plan.json']\n  artifacts: {paths: [plan.json]}\n"
    async with setting({".gitlab-ci.yml": ci}) as at:
        sha = await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)
        await at.gitlab.runner.idle()
        [pipeline] = await at.forge.pipelines(PATH, sha)
        [job] = await at.forge.jobs(PATH, pipeline.id)
        assert job.has_artifacts


async def test_the_log_ends_with_its_last_words_and_without_stamps() -> None:
    ci = "a: {script: ['printf \"\\033[31mred\\033[0m and the end\\n\"']}\n"
    async with setting({".gitlab-ci.yml": ci}) as at:
        sha = await at.gitlab.push(at.project, "main", {"x.yaml": "x: 1\n"}, at.ada)
        await at.gitlab.runner.idle()
        [pipeline] = await at.forge.pipelines(PATH, sha)
        [job] = await at.forge.jobs(PATH, pipeline.id)
        log = await at.forge.trace_tail(PATH, job.id, 10_000)
        assert "red and the end\n" in log
        assert "\x1b" not in log
        assert "section_" not in log
        assert log.splitlines()[0].startswith("Running with gitlab-runner")
        assert await at.forge.trace_tail(PATH, job.id, 9) == log[-9:]
        assert await at.forge.trace_tail(PATH, 4711, 100) == ""


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("purser-apply production", True),
        ("purser-apply production ab12cd34", True),
        (f"purser-apply production {SEAL}", True),
        (f"purser-apply production {OTHER}", False),
        (f"purser-apply staging {SEAL}", False),
        ("deploy: purser-apply production ab12cd34ab12", True),
        ("purser-apply production ffffffff", False),
        ("purser-apply production ab1", False),
        ("purser-apply staging", False),
        ("production", False),
        ("purser-apply pre-production", False),
    ],
)
def test_a_job_name_says_target_and_seal(name: str, fits: bool) -> None:
    assert names_seal(name, SEAL, "production") is fits
