"""A deploy that fails for want of a kubeconfig, and whose job a person tries again once that is there."""

from bot.demo.gitlab import MergeRequest, Pipeline
from tests.e2e.site import Site, call


async def failed(site: Site) -> MergeRequest:
    """A merge request whose deploy has failed."""
    site.gitlab.set_variable(site.project, "KUBECONFIG", "/nowhere/config")
    mr = await site.change()
    await site.planned(mr)
    await site.gitlab.merge(mr, site.max)
    assert "❌ The deploy to `production` failed" in await site.deployed(mr)
    return mr


async def retry(site: Site, kubeconfig: str) -> Pipeline:
    """The pipeline, whose only job is tried again with what it lacked."""
    site.gitlab.set_variable(site.project, "KUBECONFIG", kubeconfig, file=True)
    [pipeline] = site.apply_pipelines()
    [job] = site.jobs(pipeline)
    await call(site, "POST", f"jobs/{job.id}/retry")
    return pipeline
