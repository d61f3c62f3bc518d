"""What a merge does: exactly the plan, or nothing and a reason."""

import asyncio
import json

import pytest

from bot.demo.gitlab import Delivery, MergeRequest, Settings, artifacts
from bot.demo.gitlab.delivery import Policy
from tests.e2e.files import CI_WITHOUT_INPUTS, RELEASES, VALUES, releases, values
from tests.e2e.site import Site, call, seal_of
from tests.e2e.waiting import until
from tests.e2e.world import World

KEPT = ("plan.json", "run.json", "output.log")


async def merged(site: Site, mr: MergeRequest, **options: bool) -> tuple[str, str]:
    """Plans, merges and waits; the plan note and the deploy note."""
    plan = await site.planned(mr)
    await site.gitlab.merge(mr, site.max, **options)
    return plan, await site.deployed(mr)


def without(name: str, value: str) -> Policy:
    """Deliveries whose object has this are lost on the way."""

    def policy(delivery: Delivery) -> tuple[float, ...]:
        return () if delivery.payload.get("object_attributes", {}).get(name) == value else (0.0,)

    return policy


async def test_each_way_to_merge_yields_the_seal_that_was_planned(running: World) -> None:
    """A merge commit over a squash, the squash alone, a fast-forward: the job compares the seal."""
    ff = Settings(merge_method="ff")
    sites = [await running.site(), await running.site(settings=ff), await running.site(settings=ff)]
    squash = [True, True, False]
    opened = [await site.change() for site in sites]
    ended = await asyncio.gather(
        *(merged(site, mr, squash=how) for site, mr, how in zip(sites, opened, squash, strict=True))
    )
    for (_, note), mr in zip(ended, opened, strict=True):
        assert "✅ Deployed" in note
        assert (mr.merge_commit or mr.squash_commit or mr.head)[:12] in note
    assert [bool(mr.merge_commit) for mr in opened] == [True, False, False]


async def test_an_upgrade_and_an_uninstall_with_a_ci_file_that_knows_no_inputs(running: World) -> None:
    """GitLab refuses inputs that the CI file does not declare: the seal comes as a variable then."""
    site = await running.site(ci=CI_WITHOUT_INPUTS)
    both = {RELEASES: releases(site.namespace, "web", "old"), "values/old.yaml": values(), VALUES: values()}
    first = await site.change("both", both)
    plan, note = await merged(site, first)
    assert "2 to install" in plan
    assert "✅ Deployed" in note
    [pipeline] = site.apply_pipelines()
    assert (pipeline.inputs, pipeline.variables["PURSER_SEAL"]) == ({}, seal_of(plan))
    [job] = site.jobs(pipeline)
    kept = {name: artifacts.read(job, f"purser-artifacts/{name}") or b"" for name in KEPT}
    kept["manifest"] = artifacts.read(job, f"purser-artifacts/manifests/{site.namespace}_web.yaml") or b""
    assert json.loads(kept["plan.json"])["seal"] == seal_of(plan)
    assert [it["state"] for it in json.loads(kept["run.json"])["releases"]] == ["applied", "applied"]
    assert b"kind: ConfigMap" in kept["manifest"]
    assert not any(b"not-a-real-password" in text for text in kept.values())
    gone = releases(site.namespace, "web", "old").replace(
        "- name: old\n", "- name: old\n  installed: false\n"
    )
    second = await site.change("next", {RELEASES: gone, VALUES: values(color="green", replicas=1)})
    plan, note = await merged(site, second)
    assert "1 to upgrade, 1 to uninstall" in plan
    assert "-  color: blue\n+  color: green" in plan
    assert "-  replicas: 0\n+  replicas: 1" in plan
    assert f"{site.namespace}/old is uninstalled." in note
    assert f"{site.namespace}/web runs web 1.0.0." in note
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "green"}


async def test_a_chart_that_does_not_render_holds_the_merge(site: Site) -> None:
    mr = await site.change(files={"charts/web/templates/all.yaml": "a: {{ fail `no color was given` }}\n"})
    plan = await site.planned(mr)
    assert "no color was given" in plan
    assert "This plan has no seal: it would not be deployed." in plan
    [status] = site.statuses(mr.head)
    assert status.status == "failed"
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "⏸️ Held: `production` was not deployed" in note
    assert "its plan is incomplete" in note
    assert "Open another merge request" in note
    assert site.apply_pipelines() == []


async def test_what_the_api_server_would_refuse_is_found_before_the_merge_and_held(site: Site) -> None:
    mr = await site.change(files={VALUES: values(replicas=-1)})
    plan = await site.planned(mr)
    assert "would fail: 1 error" in plan
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "its plan has errors: the cluster would have refused it." in note
    assert site.apply_pipelines() == []


async def test_a_merge_before_there_is_a_plan_is_held_with_the_way_out(site: Site) -> None:
    site.gitlab.hooks.policy = without("action", "open")
    mr = await site.change()
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "it was merged before there was a plan." in note
    assert "Open another merge request" in note
    assert site.apply_pipelines() == []


async def test_a_push_right_before_the_merge_is_held_with_the_reason_and_the_way_out(site: Site) -> None:
    mr = await site.change()
    await site.planned(mr)
    old = mr.head
    site.gitlab.hooks.policy = without("oldrev", old)
    await site.push("change", {VALUES: values(color="red")})
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert f"the plan was made for {old[:8]}, but {mr.head[:8]} was merged." in note
    assert "Open another merge request" in note
    assert site.apply_pipelines() == []


async def test_the_merge_request_after_one_that_was_held_plans_both(site: Site) -> None:
    bad = {"charts/web/templates/bad.yaml": "a: {{ fail `not yet` }}\n", VALUES: values(color="green")}
    held = await site.change(files=bad)
    assert "⏸️ Held" in (await merged(site, held))[1]
    mend = await site.change("mend", {"charts/web/templates/bad.yaml": ""})
    assert "+  color: green" in await site.planned(mend)


async def test_a_job_refuses_when_the_branch_moved_since_the_plan(running: World, site: Site) -> None:
    mr = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(mr)
    await site.push("main", {VALUES: values(color="red")}, by=site.max)
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "❌ The deploy to `production` failed" in note
    assert "Refused: the seal no longer holds, so nothing was touched." in note
    assert "Something moved since the plan was made; the log says what." in note
    [pipeline] = site.apply_pipelines()
    assert b"exit code 3" in site.jobs(pipeline)[0].trace
    assert running.cluster is not None
    assert running.cluster.objects(namespace=site.namespace) == []


async def test_helm_s_failure_is_shown_with_the_end_of_its_log_and_the_artifact(site: Site) -> None:
    """The dry run cannot know that an image does not start."""
    waiting = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 1s\n")
    broken = {RELEASES: waiting, VALUES: values(replicas=1, tag="broken")}
    mr = await site.change(files=broken)
    plan, note = await merged(site, mr)
    assert "1 to install" in plan
    assert "❌ The deploy to `production` failed" in note
    assert "The end of the job's log" in note
    assert "FAILED" in note
    assert f"not applied: {site.namespace}/web" in note
    [pipeline] = site.apply_pipelines()
    [job] = site.jobs(pipeline)
    assert (
        f"[the whole output]({site.gitlab.world.web(site.project)}/-/jobs/{job.id}/artifacts/browse)" in note
    )
    assert "Mend the cause" in note
    assert "not-a-real-password-1" not in note


async def test_a_pipeline_that_a_person_cancels_is_said(site: Site) -> None:
    with site.gitlab.runner.pausing():
        mr = await site.change()
        await site.planned(mr)
        await site.gitlab.merge(mr, site.max)
        [pipeline] = await until(site.apply_pipelines, "the pipeline")
        await call(site, "POST", f"pipelines/{pipeline.id}/cancel")
        note = await site.deployed(mr)
    assert "its pipeline was cancelled." in note


async def test_a_project_without_the_job_is_told_what_to_add(running: World) -> None:
    site = await running.site(ci="build:\n  script: [echo hello]\n  rules: [{if: $CI_COMMIT_TAG}]\n")
    mr = await site.change()
    _, note = await merged(site, mr)
    assert "⏸️ Held" in note
    assert "Add the job `purser-apply`" in note.replace("&#96;", "`")


@pytest.mark.parametrize("state", ["unreachable", "refused"])
async def test_a_cluster_that_does_not_work_is_said_and_nothing_is_deployed(
    running: World, state: str
) -> None:
    site = await running.site(state, namespace=f"ns-{state}")
    mr = await site.change()
    plan = await site.planned(mr)
    words = {"unreachable": "The cluster did not answer", "refused": "The cluster refused to be read"}
    assert words[state] in plan
    assert "❌ Plan for `production`: the plan is incomplete, 1 error" in plan
    assert "This plan has no seal" in plan
    assert site.statuses(mr.head)[0].status == "failed"
    await site.gitlab.merge(mr, site.max)
    assert "⏸️ Held" in await site.deployed(mr)
