"""A project that keeps its own deploy job: Purser starts it, follows it, and compares afterwards."""

import json
import re

import pytest
from aiohttp import web

from bot.demo.gitlab import Pipeline
from tests.e2e.files import VALUES, values
from tests.e2e.retrying import failed, retry
from tests.e2e.site import Site
from tests.e2e.waiting import until
from tests.e2e.world import World

pytestmark = pytest.mark.long

SYNC = """\
stages: [build, deploy]
build:
  stage: build
  script: [echo built]
sync:
  stage: deploy
  rules:
    - if: $CI_COMMIT_BRANCH == "main"
      when: {when}
  script:
    - {script}
"""
HELM = (
    "purser plan --target production --output json > /tmp/$CI_JOB_ID.plan || true; "
    "seal=$(sed -n 's/^  .seal.: .\\(sha256.[0-9a-f]*\\).*/\\1/p' /tmp/$CI_JOB_ID.plan); "
    "rm /tmp/$CI_JOB_ID.plan; purser apply --target production --seal $seal"
)


def ci(script: str = HELM, when: str = "manual") -> str:
    return SYNC.format(script=json.dumps(script), when=when)


def no_playing(request: web.Request) -> web.Response | None:
    """A protected environment keeps our user away."""
    refused = request.path.endswith("/play")
    return web.json_response({"message": "403 Forbidden"}, status=403) if refused else None


def of_merge(site: Site, sha: str | None) -> Pipeline:
    [found] = [it for it in site.project.pipelines.values() if it.sha == sha and it.source == "push"]
    return found


async def test_the_manual_job_is_started_once_its_turn_comes_and_the_note_says_whose_it_is(
    running: World,
) -> None:
    site = await running.site("own-job-0", ci=ci())
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note, note
    assert "which is the project&#39;s own: it does not look at the seal." in note
    assert "The seal held right before Purser started it" in note
    pipelines = [it for it in site.project.pipelines.values() if it.sha == mr.merge_commit]
    assert [it.source for it in pipelines] == ["push"]
    [job] = [job for job in pipelines[0].jobs if job.name == "sync"]
    assert job.user == site.purser
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "green"}


async def test_a_job_is_not_started_when_the_branch_moved_since_the_plan(running: World) -> None:
    site = await running.site("own-job-1", ci=ci())
    mr = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(mr)
    await site.push("main", {VALUES: values(color="red")}, by=site.max)
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held" in note
    assert "the seal no longer holds, so the job sync was not started." in note
    assert "would change otherwise" in note
    [job] = [job for job in of_merge(site, mr.merge_commit).jobs if job.name == "sync"]
    assert job.status == "manual"
    _, said = await site.command(mr, site.max, "/helm deploy")
    assert "Say `/helm deploy` again to deploy exactly this." in said, said
    await site.command(mr, site.max, "/helm deploy")
    await site.noted_deploy(mr, "✅ Deployed to `production` and verified")


async def test_a_job_that_somebody_else_started_is_followed_and_that_is_said(running: World) -> None:
    site = await running.site("own-job-2", ci=ci(when="always"))
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note, note
    assert "Purser did not start it" in note


async def test_a_job_that_deployed_something_else_is_found_out(running: World) -> None:
    site = await running.site("own-job-3", ci=ci("echo nothing is done here"))
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "❌ The deploy to `production` failed" in note
    assert f"{site.namespace}/web is not there." in note


async def test_a_job_that_fails_is_tried_again_on_command(running: World) -> None:
    site = await running.site("own-job-4", ci=ci(f'test -n "$GO"; {HELM}'))
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "the job sync failed." in note
    site.gitlab.set_variable(site.project, "GO", "yes")
    await site.command(mr, site.max, "/helm deploy")
    note = await site.noted_deploy(mr, "✅ Deployed to `production` and verified")
    jobs = [job for job in of_merge(site, mr.merge_commit).jobs if job.name == "sync"]
    assert [job.status for job in jobs] == ["failed", "success"]


async def test_a_job_that_our_user_may_not_start_is_said(running: World) -> None:
    site = await running.site("own-job-5", ci=ci())
    mr = await site.change()
    await site.planned(mr)
    site.gitlab.plant_fault(no_playing)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "GitLab would not start the job sync" in note
    assert "Let the bot&#39;s user deploy" in note


async def test_a_ci_file_that_gitlab_cannot_read_is_said_at_once_with_gitlab_s_reason(running: World) -> None:
    site = await running.site("own-job-6", ci=ci())
    broken = "sync:\n  script: [true]\n  extends: '@all'\n"
    mr = await site.change(files={".gitlab-ci.yml": broken, VALUES: values(color="green")})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held" in note
    assert "GitLab cannot read the .gitlab-ci.yml of the merge, so there is no job to start: sync" in note
    assert "unknown keys in" in note
    assert "Mend .gitlab-ci.yml in another merge request" in note
    assert not re.search(r"(?<!\\)@all", note)
    pipeline = of_merge(site, mr.merge_commit)
    assert f"[pipeline]({site.gitlab.url}/{site.project.path}/-/pipelines/{pipeline.id})" in note
    mended = await site.change("mended", {".gitlab-ci.yml": ci()})
    await site.planned(mended)
    await site.gitlab.merge(mended, site.max)
    assert "✅ Deployed" in await site.deployed(mended)
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "green"}


async def test_a_manual_purser_apply_in_the_pipeline_of_the_merge_is_started_with_the_seal(
    running: World,
) -> None:
    own = (
        "purser-apply:\n  rules: [{if: '$CI_COMMIT_BRANCH == \"main\"', when: manual}]\n"
        '  script:\n    - purser apply --target production --seal "$PURSER_SEAL"\n'
    )
    site = await running.site(ci=own)
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note, note
    assert "project&#39;s own" not in note
    pipelines = [it for it in site.project.pipelines.values() if it.sha == mr.merge_commit]
    assert [it.source for it in pipelines] == ["push"]
    await until(lambda: site.jobs(pipelines[0])[0].status == "success", "the job")


async def test_a_job_that_is_retried_by_hand_is_followed_to_its_verification(running: World) -> None:
    site = await running.site()
    mr = await failed(site)
    await retry(site, running.kubeconfig.read_text(encoding="utf-8"))
    await site.noted_deploy(mr, "✅ Deployed to `production` and verified")
    assert len(site.deploy_notes(mr)) == 1
    assert len(site.apply_pipelines()) == 1
