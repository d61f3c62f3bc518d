"""From the opened merge request to the verified deploy."""

from tests.e2e.site import Site, seal_of
from tests.e2e.world import World


async def test_a_merge_request_is_planned_merged_deployed_and_verified(running: World, site: Site) -> None:
    mr = await site.change()
    note = await site.planned(mr)
    assert "1 to install" in note
    assert "**create** `ConfigMap" in note
    assert "+  color: green" in note
    [status] = site.statuses(mr.head)
    assert (status.status, status.description) == ("success", "1 to install")
    await site.gitlab.merge(mr, site.max)
    done = await site.deployed(mr)
    assert "✅ Deployed to `production` and verified" in done
    [pipeline] = site.apply_pipelines()
    assert (pipeline.sha, pipeline.status) == (mr.merge_commit, "success")
    assert pipeline.inputs == {
        "PURSER_TARGET": "production",
        "PURSER_SEAL": seal_of(note),
        "PURSER_MERGE_REQUEST": str(mr.iid),
    }
    assert running.cluster is not None
    [found] = running.cluster.objects("ConfigMap", site.namespace)
    assert found["data"] == {"color": "green"}
    assert len(site.plan_notes(mr)) == len(site.deploy_notes(mr)) == 1
