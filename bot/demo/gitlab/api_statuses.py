"""API: commit statuses and deployments."""

from __future__ import annotations

from aiohttp import web

from bot.demo.gitlab import deployments, entities_ci, statuses
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.ci_state import CommitStatus, Deployment, Job
from bot.demo.gitlab.entities import Json
from bot.demo.gitlab.errors import invalid, not_found
from bot.demo.gitlab.state import Level

api = Routes()


@api.post("/projects/{id}/statuses/{sha}", level=Level.DEVELOPER)
async def _set_status(call: Call) -> web.Response:
    names = ("state", "name", "context", "ref", "target_url", "description", "pipeline_id")
    wanted = {name: call.text(name) for name in names if call.params.get(name) is not None}
    it = await statuses.set_status(call.world, call.project, call.path("sha"), call.user, wanted)
    return call.json(entities_ci.status(call.world, it), 201)


@api.get("/projects/{id}/repository/commits/{sha}/statuses", level=Level.REPORTER)
async def _listed(call: Call) -> web.Response:
    sha = await call.world.repository(call.project).resolve(call.path("sha"))
    if sha is None:
        raise not_found("Commit")
    every = call.flag("all")
    found: list[CommitStatus | Job] = []
    for pipeline in call.project.pipelines.values():
        if pipeline.sha == sha and call.text("pipeline_id") in (None, str(pipeline.id)):
            found += [job for job in pipeline.jobs if every or not job.retried]
            found += [status for status in pipeline.statuses if every or not status.retried]
    kept = [
        it for it in found if call.text("name") in (None, it.name) and call.text("ref") in (None, _ref(it))
    ]
    kept.sort(key=lambda it: it.id, reverse=call.text("sort") == "desc")
    return call.page(kept, lambda it: _shown(call, it))


def _ref(it: CommitStatus | Job) -> str:
    return it.ref if isinstance(it, CommitStatus) else it.pipeline.ref


def _shown(call: Call, it: CommitStatus | Job) -> Json:
    if isinstance(it, CommitStatus):
        return entities_ci.status(call.world, it)
    return entities_ci.job_status(call.world, it)


def _deployment(call: Call) -> Deployment:
    it = call.project.deployments.get(call.number("deployment_id"))
    if it is None:
        raise not_found("Deployment")
    return it


@api.get("/projects/{id}/deployments", level=Level.REPORTER, job=True)
async def _deployment_list(call: Call) -> web.Response:
    order = call.choice("order_by", ("id", "iid", "created_at", "updated_at", "finished_at", "ref"), "id")
    backwards = call.choice("sort", ("asc", "desc"), "asc") == "desc"
    after = call.moment("updated_after")
    found = [
        it
        for it in call.project.deployments.values()
        if call.text("environment") in (None, it.environment.name)
        and call.text("status") in (None, it.status)
        and (after is None or it.updated_at >= after)
    ]
    found.sort(key=lambda it: (getattr(it, order) or it.created_at, it.id), reverse=backwards)
    return call.page(found, lambda it: entities_ci.deployment(call.world, it))


@api.get("/projects/{id}/deployments/{deployment_id}", level=Level.REPORTER, job=True)
async def _one_deployment(call: Call) -> web.Response:
    return call.json(entities_ci.deployment(call.world, _deployment(call)))


@api.post("/projects/{id}/deployments", level=Level.DEVELOPER, job=True)
async def _create_deployment(call: Call) -> web.Response:
    name = call.require("environment", "sha", "ref", "tag", "status")
    status = call.choice("status", deployments.STATES, "")
    it = await deployments.record(
        call.world, call.project, name, call.text("ref") or "", call.text("sha") or "",
        bool(call.flag("tag")), status, call.user,
    )  # fmt: skip
    return call.json(entities_ci.deployment(call.world, it), 201)


@api.put("/projects/{id}/deployments/{deployment_id}", level=Level.DEVELOPER, job=True)
async def _update_deployment(call: Call) -> web.Response:
    it = _deployment(call)
    call.require("status")
    await deployments.update(
        call.world, call.project, it, call.choice("status", deployments.STATES, ""), outside=True
    )
    return call.json(entities_ci.deployment(call.world, it))


@api.get("/projects/{id}/environments", level=Level.REPORTER, job=True)
async def _environments(call: Call) -> web.Response:
    found = [it for it in call.project.environments.values() if call.text("name") in (None, it.name)]
    return call.page(found, lambda it: entities_ci.environment(call.world, it, None))


@api.get("/projects/{id}/environments/{environment_id}", level=Level.REPORTER, job=True)
async def _one_environment(call: Call) -> web.Response:
    number = call.number("environment_id")
    it = next((e for e in call.project.environments.values() if e.id == number), None)
    if it is None:
        raise not_found("Environment")
    made = [d for d in call.project.deployments.values() if d.environment is it and d.status == "success"]
    return call.json(entities_ci.environment(call.world, it, made[-1] if made else None))


@api.post("/projects/{id}/environments", level=Level.DEVELOPER, job=True)
async def _create_environment(call: Call) -> web.Response:
    name = call.require("name")
    if name in call.project.environments:
        raise invalid("name has already been taken")
    it = call.world.environment(call.project, name)
    it.external_url = call.text("external_url")
    return call.json(entities_ci.environment(call.world, it, None), 201)
