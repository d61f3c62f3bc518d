"""Pipelines: when they are made, how they go on, and who may do what."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.gitlab import Settings
from tests.demo.world import Scene

CI = """
spec:
  inputs:
    target: {default: none}
---
stages: [check, deploy]
check: {stage: check, script: ["true"]}
apply:
  stage: deploy
  environment: production
  script: ['echo "$[[ inputs.target ]] $WORD"']
  rules:
    - if: $CI_PIPELINE_SOURCE == "api"
    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH
      when: manual
"""


@pytest.fixture
async def ci(scene: Scene) -> Scene:
    scene.gitlab.runner.pause()
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": CI}, scene.maintainer)
    return scene


async def test_a_push_makes_a_pipeline_of_the_jobs_that_match(ci: Scene) -> None:
    (pipeline,) = ci.project.pipelines.values()
    assert (pipeline.source, pipeline.ref, pipeline.stages) == ("push", "main", ["check", "deploy"])
    assert [(j.name, j.status) for j in pipeline.jobs] == [("check", "pending"), ("apply", "created")]


async def test_a_merge_makes_a_pipeline_on_the_merge_commit(ci: Scene) -> None:
    mr = await ci.merge_request()
    await ci.gitlab.merge(mr, ci.maintainer)
    listed = (await ci.api.get(f"/pipelines?sha={mr.merge_commit}&ref=main&source=push")).json
    assert len(listed) == 1


async def test_a_paused_runner_leaves_jobs_pending_until_it_resumes(ci: Scene) -> None:
    (pipeline,) = ci.project.pipelines.values()
    assert pipeline.status == "pending"
    ci.gitlab.runner.resume()
    await ci.gitlab.runner.idle()
    assert [(j.name, j.status) for j in pipeline.jobs] == [("check", "success"), ("apply", "manual")]
    assert pipeline.status == "manual"


async def test_a_pipeline_takes_inputs_and_variables(ci: Scene) -> None:
    body: dict[str, Any] = {
        "ref": "main",
        "inputs": {"target": "web"},
        "variables": [{"key": "WORD", "value": "hey"}],
    }
    made = await ci.api.post("/pipeline", **body)
    assert (made.status, made.json["source"], made.json["ref"]) == (201, "api", "main")
    ci.gitlab.runner.resume()
    await ci.gitlab.runner.idle()
    jobs = (await ci.api.get(f"/pipelines/{made.json['id']}/jobs")).json
    apply = next(j for j in jobs if j["name"] == "apply")
    trace = await ci.api.get(f"/jobs/{apply['id']}/trace")
    assert "00O web hey" in trace.text
    shown = (await ci.api.get(f"/pipelines/{made.json['id']}")).json
    assert (shown["status"], shown["user"]["id"]) == ("success", ci.bot.id)
    assert (await ci.api.get(f"/pipelines/{made.json['id']}/variables")).json[0]["key"] == "WORD"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"ref": "nowhere"}, "Reference not found"),
        ({"ref": "main", "inputs": {"moon": "x"}}, "Given inputs not defined"),
        ({"ref": "main", "inputs": {"target": 5}}, "`target` input: provided value is not a string"),
    ],
)
async def test_a_pipeline_that_cannot_be_is_400(ci: Scene, body: dict[str, Any], reason: str) -> None:
    answer = await ci.api.post("/pipeline", **body)
    assert answer.status == 400
    assert answer.json["message"]["base"][0].startswith(reason)


@pytest.mark.parametrize(
    ("role", "status"), [("developer", 201), ("maintainer", 201), ("owner", 400), ("no_one_allowed", 400)]
)
async def test_variables_need_the_role_that_the_project_asks_for(ci: Scene, role: str, status: int) -> None:
    ci.project.settings = Settings(ci_pipeline_variables_minimum_override_role=role)
    answer = await ci.api.post("/pipeline", ref="main", variables=[{"key": "A", "value": "b"}])
    assert answer.status == status
    if status == 400:
        assert answer.json == {"message": {"base": ["Insufficient permissions to set pipeline variables"]}}
        assert (await ci.api.post("/pipeline", ref="main")).status == 201


async def test_developers_run_no_pipeline_on_a_protected_branch(ci: Scene) -> None:
    assert (await ci.as_(ci.developer).post("/pipeline", ref="main")).status == 400
    assert (await ci.as_(ci.reporter).post("/pipeline", ref="main")).status == 403


async def test_a_project_without_a_ci_file_has_no_pipelines(scene: Scene) -> None:
    await scene.gitlab.push(scene.project, "main", {"x": "y"}, scene.maintainer)
    assert scene.project.pipelines == {}
    answer = await scene.api.post("/pipeline", ref="main")
    assert answer.json == {"message": {"base": ["Missing CI config file"]}}


async def test_a_broken_ci_file_makes_a_failed_pipeline(scene: Scene) -> None:
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": "a: {stage: test}"}, scene.maintainer)
    (pipeline,) = scene.project.pipelines.values()
    shown = (await scene.api.get(f"/pipelines/{pipeline.id}")).json
    assert shown["status"] == "failed"
    assert "jobs:a" in shown["yaml_errors"]


async def test_workflow_rules_can_leave_a_pipeline_out(scene: Scene) -> None:
    text = "workflow: {rules: [{if: $CI_PIPELINE_SOURCE == 'push', when: never}, {when: always}]}"
    text += "\na: {script: x}"
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text}, scene.maintainer)
    assert scene.project.pipelines == {}


async def test_a_merge_request_pipeline_is_its_head_pipeline(scene: Scene) -> None:
    scene.gitlab.runner.pause()
    text = "a: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}]}"
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text}, scene.maintainer)
    mr = await scene.merge_request()
    (pipeline,) = scene.project.pipelines.values()
    assert (pipeline.source, pipeline.ref, pipeline.sha) == (
        "merge_request_event",
        "refs/merge-requests/1/head",
        mr.head,
    )
    assert (await scene.api.get("/merge_requests/1")).json["head_pipeline"]["id"] == pipeline.id


async def test_a_merged_results_pipeline_runs_on_the_merge_ref(scene: Scene) -> None:
    scene.gitlab.runner.pause()
    scene.project.settings = Settings(merge_pipelines_enabled=True)
    text = "a: {script: x, rules: [{if: $CI_PIPELINE_SOURCE == 'merge_request_event'}]}"
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text}, scene.maintainer)
    mr = await scene.merge_request()
    (pipeline,) = scene.project.pipelines.values()
    assert pipeline.sha == mr.merge_ref != mr.head
    assert (await scene.api.get("/merge_requests/1")).json["head_pipeline"]["id"] == pipeline.id


async def test_a_status_with_the_name_of_a_job_is_refused(ci: Scene) -> None:
    (pipeline,) = ci.project.pipelines.values()
    assert (await ci.api.post(f"/statuses/{pipeline.sha}", state="success", name="check")).status == 400
    made = await ci.api.post(f"/statuses/{pipeline.sha}", state="success", name="purser/deploy/x")
    assert made.json["pipeline_id"] == pipeline.id


async def test_cancelling_a_pipeline_cancels_what_has_not_ended(ci: Scene) -> None:
    (pipeline,) = ci.project.pipelines.values()
    answer = await ci.api.post(f"/pipelines/{pipeline.id}/cancel")
    assert (answer.status, answer.json["status"]) == (200, "canceled")
    assert {j.status for j in pipeline.jobs} == {"canceled"}


async def test_jobs_of_one_resource_group_wait_for_each_other(scene: Scene) -> None:
    with scene.gitlab.runner.pausing():
        text = "a: {script: 'true', resource_group: production}"
        await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text}, scene.maintainer)
        await scene.api.post("/pipeline", ref="main")
        jobs = [p.jobs[0] for p in scene.project.pipelines.values()]
        assert [j.status for j in jobs] == ["pending", "waiting_for_resource"]
    await scene.gitlab.runner.idle()
    assert [j.status for j in jobs] == ["success", "success"]
