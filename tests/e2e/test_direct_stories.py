"""Mode `direct`: the bot applies by itself, in a process of its own, and says the same things."""

import pytest

from tests.e2e.files import RELEASES, VALUES, releases, values
from tests.e2e.site import seal_of
from tests.e2e.waiting import until
from tests.e2e.world import World


async def test_a_merge_is_applied_by_the_bot_without_any_pipeline(running: World) -> None:
    site = await running.site("direct-0")
    mr = await site.change()
    plan = await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in note
    assert seal_of(note) == seal_of(plan)
    assert f"| `{site.namespace}/web` | install | ✅ in " in note
    assert "revision 1 |" in note
    assert site.apply_pipelines() == []
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "green"}
    assert len(site.deploy_notes(mr)) == 1
    [recorded] = site.project.deployments.values()
    await until(lambda: recorded.status == "success", "GitLab's record of the deployment")
    assert (recorded.environment.name, recorded.job) == ("production", None)
    assert f"[deployments]({site.gitlab.world.web(site.project)}/-/environments)" in note


@pytest.mark.long
async def test_a_failure_says_of_each_release_what_became_of_it(running: World) -> None:
    """`late` never becomes ready, `after` needs it, `web` has nothing to do with them."""
    site = await running.site("direct-1")
    text = releases(site.namespace, "web", "late", "after")
    text = text.replace("- name: late\n", "- name: late\n  wait: true\n  timeout: 1s\n")
    text = text.replace("- name: after\n", f"- name: after\n  needs: [{site.namespace}/late]\n")
    late = values(replicas=1, tag="broken", password="not-a-real-password-4")
    files = {RELEASES: text, VALUES: values(), "values/late.yaml": late, "values/after.yaml": values()}
    mr = await site.change(files=files)
    assert "3 to install" in await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    space = site.namespace
    assert f"{space}/late failed." in note
    assert f"| `{space}/web` | install | ✅ in " in note
    assert f"| `{space}/late` | install | ❌ failed after " in note
    assert f"| `{space}/after` | install | ⏸️ not started: it waits for {space}/late" in note
    assert "The end of the run's log" in note
    assert "Mend the cause." in note
    assert f"**What the cluster says of `{space}/late`**" in note
    assert f"- Deployment {space}/late: 0 of 1 pods" in note
    assert "ImagePullBackOff" in note
    assert "- Warning, 3 times, " in note
    assert ": Failed to pull image" in note
    assert "not-a-real-password" not in note
    assert running.cluster is not None
    names = {it["metadata"]["name"] for it in running.cluster.objects("ConfigMap", space)}
    assert names == {"web", "late"}


@pytest.mark.long
async def test_the_seal_is_compared_once_more_before_anything_is_applied(running: World) -> None:
    site = await running.site("direct-2")
    mr = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(mr)
    await site.push("main", {VALUES: values(color="red")}, by=site.max)
    await site.gitlab.settle(mr)
    await site.gitlab.merge(mr, site.max)
    note = await site.deployed(mr)
    assert "❌ The deploy to `production` failed" in note
    assert "the seal no longer holds, so nothing was touched." in note
    assert "would change otherwise" in note
    assert running.cluster is not None
    assert running.cluster.objects(namespace=site.namespace) == []


@pytest.mark.long
async def test_two_merges_at_once_are_deployed_one_after_the_other(running: World) -> None:
    site = await running.site("direct-3")
    first = await site.change("one", {"README.md": "Words.\n"})
    await site.planned(first)
    second = await site.change("two", {VALUES: values(color="red")})
    await site.planned(second)
    await site.gitlab.merge(first, site.max)
    await site.gitlab.merge(second, site.max)
    notes = [await site.deployed(first), await site.deployed(second)]
    # The first installs; what the second was planned on has moved by then, so it is not applied blindly.
    assert "✅ Deployed to `production` and verified" in notes[0]
    assert "❌" in notes[1]
    assert "/helm deploy" in notes[1]
    _, said = await site.command(second, site.max, "/helm deploy")
    assert "Say `/helm deploy` again to deploy exactly this." in said, said
    await site.command(second, site.max, "/helm deploy")
    await site.noted_deploy(second, "✅ Deployed to `production` and verified")
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "red"}


@pytest.mark.long
async def test_a_run_that_is_cancelled_lets_helm_mark_what_it_was_at_as_failed(running: World) -> None:
    site = await running.site("direct-5")
    text = releases(site.namespace).replace("- name: web\n", "- name: web\n  wait: true\n  timeout: 80s\n")
    mr = await site.change(files={RELEASES: text, VALUES: values(replicas=1, tag="broken")})
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    cluster = running.cluster
    assert cluster is not None
    await until(lambda: cluster.objects("Deployment", site.namespace), "Helm to be at it")
    _, said = await site.command(mr, site.max, "/helm cancel")
    assert "Helm was asked to stop" in said
    note = await site.deployed(mr)
    assert "it was stopped from outside." in note
    assert f"| `{site.namespace}/web` | install | ❌ stopped after " in note
    assert "/helm deploy" in note
