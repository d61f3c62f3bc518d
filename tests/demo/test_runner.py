"""Jobs that really run."""

from __future__ import annotations

import asyncio
import io
import zipfile
from pathlib import Path
from typing import Any

from bot.demo.gitlab import GitLab, Job, Level, Settings
from tests.demo.world import Clock, Receiver, Scene


async def _run(scene: Scene, text: str, **more: str) -> list[Job]:
    """Pushes a CI file and waits for the end of its jobs."""
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": text, **more}, scene.maintainer)
    await scene.gitlab.runner.idle()
    return list(scene.project.pipelines.values())[-1].jobs


def _said(job: Job) -> list[str]:
    return [line.partition(" 00O ")[2] for line in job.trace.decode().splitlines()]


async def test_a_script_runs_in_a_fresh_clone_with_the_variables(scene: Scene) -> None:
    scene.gitlab.set_variable(scene.project, "KUBECONFIG", "apiVersion: v1\nkind: Config\n", file=True)
    text = """
a:
  variables: {OWN: mine}
  script:
    - cat values.yaml
    - echo "$CI_PROJECT_PATH $CI_COMMIT_BRANCH $CI_PIPELINE_SOURCE $OWN $CI_DEFAULT_BRANCH"
    - tail -n 1 "$KUBECONFIG"
    - test "$(git rev-parse HEAD)" = "$CI_COMMIT_SHA" && test "$PWD" = "$CI_PROJECT_DIR" && echo same
"""
    (job,) = await _run(scene, text)
    said = _said(job)
    assert job.status == "success", "\n".join(said)
    assert {"replicas: 1", "ops/clusters/main main push mine main", "kind: Config", "same"} <= set(said)
    assert said[-1] == "Job succeeded"


async def test_the_embedding_test_gives_more_environment(clock: Clock, tmp_path: Path) -> None:
    program = tmp_path / "purser"
    program.write_text("#!/bin/sh\necho purser ran\n")
    program.chmod(0o755)
    async with GitLab(now=clock, job_environment={"PATH": f"{tmp_path}:/usr/bin:/bin"}) as gitlab:
        ada = gitlab.add_user("ada")
        project = await gitlab.add_project(
            "a/b", {".gitlab-ci.yml": "a: {script: purser}"}, {ada: Level.MAINTAINER}
        )
        await gitlab.push(project, "main", {"x": "y"}, ada)
        await gitlab.runner.idle()
        (job,) = next(iter(project.pipelines.values())).jobs
        assert "purser ran" in job.trace.decode()


async def test_a_failing_script_fails_job_and_pipeline_and_skips_what_follows(scene: Scene) -> None:
    text = """
stages: [one, two, three]
a: {stage: one, script: ["echo before", "exit 3", "echo after"]}
b: {stage: two, script: "true"}
c: {stage: three, script: "true", when: on_failure}
d: {stage: three, script: "true", when: always}
"""
    jobs = await _run(scene, text)
    assert {j.name: j.status for j in jobs} == {"a": "failed", "b": "skipped", "c": "success", "d": "success"}
    assert jobs[0].failure_reason == "script_failure"
    assert jobs[0].pipeline.status == "failed"
    assert _said(jobs[0])[-1] == "ERROR: Job failed: exit code 3"
    assert "after" not in _said(jobs[0])


async def test_an_allowed_failure_lets_the_pipeline_pass(scene: Scene) -> None:
    text = "stages: [x, y]\na: {stage: x, script: 'exit 7', allow_failure: {exit_codes: [7]}}\n"
    text += "b: {stage: y, script: 'true'}"
    jobs = await _run(scene, text)
    assert [j.status for j in jobs] == ["failed", "success"]
    assert jobs[0].pipeline.status == "success"


async def test_masked_values_and_the_job_token_are_not_in_the_trace(scene: Scene) -> None:
    scene.gitlab.set_variable(scene.project, "SECRET", "correct-horse", masked=True)
    (job,) = await _run(scene, "a: {script: ['echo $SECRET', 'echo $CI_JOB_TOKEN', 'env | grep TOKEN']}")
    assert b"correct-horse" not in job.trace
    assert b"glcbt-" not in job.trace
    assert "[MASKED]" in _said(job)


async def test_the_job_token_reads_but_does_not_comment_or_set_statuses(scene: Scene) -> None:
    mr = await scene.merge_request("other")
    call = "curl() { python3 - \"$@\" <<'E'\nimport os, sys, urllib.request as u\n"
    call += 'r = u.Request(os.environ["CI_API_V4_URL"] + sys.argv[2], method=sys.argv[1], '
    call += 'headers={"JOB-TOKEN": os.environ["CI_JOB_TOKEN"]}, '
    call += 'data=b"body=x" if sys.argv[1] == "POST" else None)\n'
    call += "try: print(sys.argv[1], u.urlopen(r).status)\n"
    call += "except Exception as e: print(sys.argv[1], e.code)\nE\n}"
    base = f"/projects/$CI_PROJECT_ID/merge_requests/{mr.iid}/notes"
    lines = [
        call,
        f"curl GET {base}",
        f"curl POST {base}",
        "curl POST /projects/$CI_PROJECT_ID/statuses/$CI_COMMIT_SHA",
    ]
    text = "a:\n  script:\n" + "".join("    - |\n" + _indented(line) for line in lines)
    (job,) = await _run(scene, text)
    said = [line for line in _said(job) if line.startswith(("GET ", "POST "))]
    assert said == ["GET 200", "POST 401", "POST 401"]


def _indented(text: str) -> str:
    return "".join(f"      {line}\n" for line in text.split("\n"))


async def test_a_retry_makes_a_new_job(scene: Scene) -> None:
    (first,) = await _run(scene, "a: {script: 'exit 1'}")
    answer = await scene.api.post(f"/jobs/{first.id}/retry")
    assert answer.status == 201
    assert answer.json["id"] != first.id
    await scene.gitlab.runner.idle()
    listed = (await scene.api.get(f"/pipelines/{first.pipeline.id}/jobs")).json
    assert [j["id"] for j in listed] == [answer.json["id"]]
    every = (await scene.api.get(f"/pipelines/{first.pipeline.id}/jobs?include_retried=true")).json
    assert len(every) == 2
    assert (await scene.api.post(f"/jobs/{first.id}/retry")).status == 403


async def test_a_manual_job_is_played_with_variables(scene: Scene) -> None:
    (job,) = await _run(scene, "a: {script: 'echo got $GIVEN', when: manual}")
    assert (job.status, job.pipeline.status) == ("manual", "skipped")
    variables = [{"key": "GIVEN", "value": "this"}]
    assert (await scene.api.post(f"/jobs/{job.id}/play", job_variables_attributes=variables)).status == 200
    await scene.gitlab.runner.idle()
    assert "got this" in _said(job)
    assert (await scene.api.post(f"/jobs/{job.id}/play")).status == 400


async def test_artifacts_are_kept_and_handed_on(scene: Scene) -> None:
    text = """
stages: [one, two]
a:
  stage: one
  script: ["mkdir out", "echo plan > out/plan.txt", "ln -s /etc/passwd out/leak"]
  artifacts: {paths: [out/]}
b: {stage: two, script: "cat out/plan.txt"}
"""
    first, second = await _run(scene, text)
    assert "plan" in _said(second)
    async with scene.session.get(
        f"{scene.gitlab.url}/api/v4/projects/{scene.project.id}/jobs/{first.id}/artifacts",
        headers={"PRIVATE-TOKEN": scene.bot_token},
    ) as answer:
        archive = zipfile.ZipFile(io.BytesIO(await answer.read()))
    assert archive.namelist() == ["out/plan.txt"]
    one = await scene.api.get(f"/jobs/{first.id}/artifacts/out/plan.txt")
    assert one.text == "plan\n"
    assert (await scene.api.get(f"/jobs/{second.id}/artifacts")).status == 404


async def test_artifacts_of_a_failure_are_kept_where_asked(scene: Scene) -> None:
    text = "a: {script: ['echo log > helm-output.log', 'exit 1'], "
    text += "artifacts: {paths: [helm-output.log], when: on_failure}}"
    (job,) = await _run(scene, text)
    assert (job.status, job.artifacts is not None) == ("failed", True)


async def _started(job: Job, word: bytes) -> None:
    async with asyncio.timeout(20):
        while word not in job.trace:  # noqa: ASYNC110 - a trace has no event to wait for
            await asyncio.sleep(0.01)


SLOW = "a: {script: ['(trap \"\" TERM; sleep 300) & echo pid $!', 'wait']}"


def _alive(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    return stat.exists() and stat.read_text().rpartition(")")[2].split()[0] != "Z"


async def test_cancelling_ends_every_process_of_the_job(scene: Scene) -> None:
    scene.gitlab.runner.grace = 0.2
    await scene.gitlab.push(scene.project, "main", {".gitlab-ci.yml": SLOW}, scene.maintainer)
    (job,) = next(iter(scene.project.pipelines.values())).jobs
    await _started(job, b"00O pid ")
    pid = int(next(line for line in _said(job) if line.startswith("pid ")).split()[1])
    answer = await scene.api.post(f"/jobs/{job.id}/cancel")
    assert (answer.status, job.status, job.pipeline.status) == (201, "canceled", "canceled")
    assert not _alive(pid)


async def test_a_job_that_takes_too_long_is_ended(scene: Scene) -> None:
    scene.gitlab.runner.timeout = 1.0
    (job,) = await _run(scene, "a: {script: 'sleep 300'}")
    assert (job.status, job.failure_reason) == ("failed", "job_execution_timeout")


async def test_stopping_the_look_alike_ends_its_jobs(clock: Clock) -> None:
    gitlab = GitLab(now=clock)
    await gitlab.start()
    ada = gitlab.add_user("ada")
    project = await gitlab.add_project("a/b", {}, {ada: Level.MAINTAINER})
    await gitlab.push(project, "main", {".gitlab-ci.yml": SLOW}, ada)
    (job,) = next(iter(project.pipelines.values())).jobs
    await _started(job, b"00O pid ")
    pid = int(next(line for line in _said(job) if line.startswith("pid ")).split()[1])
    await gitlab.stop()
    assert not _alive(pid)
    assert not gitlab.root.exists()


async def test_each_transition_is_a_hook(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, events=["pipeline", "job", "deployment"])
    await _run(scene, "a: {script: 'true', environment: production}")
    await scene.gitlab.hooks.idle()
    bodies: list[dict[str, Any]] = [d.payload for d in scene.gitlab.deliveries]
    assert [b["build_status"] for b in bodies if b["object_kind"] == "build"] == [
        "created", "pending", "running", "success",
    ]  # fmt: skip
    assert [b["object_attributes"]["status"] for b in bodies if b["object_kind"] == "pipeline"] == [
        "pending", "running", "success",
    ]  # fmt: skip
    deployments = [b for b in bodies if b["object_kind"] == "deployment"]
    assert [b["status"] for b in deployments] == ["running", "success"]
    assert deployments[0]["deployable_url"].endswith(f"/-/jobs/{deployments[0]['deployable_id']}")


async def test_deployments_of_ci_are_not_changed_from_outside(scene: Scene) -> None:
    await _run(scene, "a: {script: 'true', environment: production}")
    (made,) = (await scene.api.get("/deployments")).json
    assert made["status"] == "success"
    assert (await scene.api.put(f"/deployments/{made['id']}", status="failed")).status == 403


async def test_a_trace_can_be_without_time_stamps(scene: Scene) -> None:
    scene.gitlab.runner.timestamps = False
    (job,) = await _run(scene, "a: {script: 'echo plain'}")
    assert "plain" in job.trace.decode().splitlines()


async def test_a_protected_variable_stays_on_protected_branches(scene: Scene) -> None:
    scene.project.settings = Settings()
    scene.gitlab.set_variable(scene.project, "ONLY", "here")
    scene.project.variables["ONLY"].protected = True
    await scene.gitlab.push(
        scene.project, "x", {".gitlab-ci.yml": "a: {script: 'echo [$ONLY]'}"}, scene.developer
    )
    await scene.gitlab.runner.idle()
    (job,) = next(iter(scene.project.pipelines.values())).jobs
    assert "[]" in _said(job)
