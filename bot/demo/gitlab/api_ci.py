"""API: pipelines and jobs."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.demo.gitlab import artifacts, entities, entities_ci, pipeline_actions, pipelines
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.ci_state import Job, Pipeline
from bot.demo.gitlab.errors import bad_request, forbidden, not_found
from bot.demo.gitlab.state import Level

api = Routes()
PIPELINE = "/projects/{id}/pipelines/{pipeline_id}"
JOB = "/projects/{id}/jobs/{job_id}"


def _pipeline(call: Call) -> Pipeline:
    it = call.project.pipelines.get(call.number("pipeline_id"))
    if it is None:
        raise not_found()
    return it


def _job(call: Call) -> Job:
    it = call.world.find_job(call.project, call.number("job_id"))
    if it is None:
        raise not_found()
    return it


async def _shown(call: Call, it: Job) -> dict[str, Any]:
    commit = await call.world.repository(call.project).commit(it.pipeline.sha)
    shown = entities_ci.job(call.world, it)
    return {**shown, "commit": entities.commit(call.world, call.project, commit) if commit else None}


@api.post("/projects/{id}/pipeline", level=Level.DEVELOPER)
async def _create(call: Call) -> web.Response:
    ref = call.require("ref")
    given = call.params.get("variables") or []
    if not isinstance(given, list) or not all(isinstance(v, dict) and "key" in v for v in given):
        raise bad_request("variables is invalid")
    inputs = call.params.get("inputs") or {}
    if not isinstance(inputs, dict):
        raise bad_request("inputs is invalid")
    variables = {str(v["key"]): str(v.get("value", "")) for v in given}
    it = await pipelines.create(call.world, call.project, ref, call.user, variables=variables, inputs=inputs)
    return call.json(entities_ci.pipeline(call.world, it), 201)


@api.get("/projects/{id}/pipelines", level=Level.REPORTER, job=True)
async def _listed(call: Call) -> web.Response:
    order = call.choice("order_by", ("id", "status", "ref", "updated_at", "user_id"), "id")
    backwards = call.choice("sort", ("asc", "desc"), "desc") == "desc"
    after = call.moment("updated_after")
    found = [
        it
        for it in call.project.pipelines.values()
        if all(call.text(n) in (None, getattr(it, n)) for n in ("sha", "ref", "source", "status"))
        and call.text("username") in (None, it.user.username)
        and (after is None or it.updated_at >= after)
    ]
    key = "id" if order == "user_id" else order
    found.sort(key=lambda it: (getattr(it, key), it.id), reverse=backwards)
    return call.page(found, lambda it: entities_ci.basic_pipeline(call.world, it))


@api.get(PIPELINE, level=Level.REPORTER, job=True)
async def _one(call: Call) -> web.Response:
    return call.json(entities_ci.pipeline(call.world, _pipeline(call)))


@api.get(PIPELINE + "/variables", level=Level.DEVELOPER)
async def _variables(call: Call) -> web.Response:
    shown = [
        {"key": k, "value": v, "variable_type": "env_var", "raw": False}
        for k, v in _pipeline(call).variables.items()
    ]
    return call.json(shown)


@api.get(PIPELINE + "/jobs", level=Level.REPORTER, job=True)
async def _jobs(call: Call) -> web.Response:
    every, scope = call.flag("include_retried"), call.params.get("scope")
    states = scope if isinstance(scope, list) else [scope] if scope else None
    found = [
        j for j in _pipeline(call).jobs if (every or not j.retried) and (not states or j.status in states)
    ]
    return call.page([await _shown(call, it) for it in reversed(found)], lambda shown: shown)


@api.post(PIPELINE + "/cancel")
async def _cancel_pipeline(call: Call) -> web.Response:
    it = _pipeline(call)
    await pipeline_actions.cancel_pipeline(call.world, it, call.user)
    return call.json(entities_ci.pipeline(call.world, it))


@api.post(PIPELINE + "/retry")
async def _retry_pipeline(call: Call) -> web.Response:
    it = _pipeline(call)
    await pipeline_actions.retry_pipeline(call.world, it, call.user)
    return call.json(entities_ci.pipeline(call.world, it), 201)


@api.get("/projects/{id}/jobs", level=Level.REPORTER, job=True)
async def _all_jobs(call: Call) -> web.Response:
    found = [j for p in call.project.pipelines.values() for j in p.jobs if not j.retried]
    found.sort(key=lambda j: -j.id)
    return call.page([await _shown(call, it) for it in found], lambda shown: shown)


@api.get(JOB, level=Level.REPORTER, job=True)
async def _one_job(call: Call) -> web.Response:
    return call.json(await _shown(call, _job(call)))


@api.get(JOB + "/trace", level=Level.REPORTER)
async def _trace(call: Call) -> web.Response:
    return web.Response(body=_job(call).trace, content_type="text/plain")


@api.get(JOB + "/artifacts", level=Level.REPORTER, job=True)
async def _artifacts(call: Call) -> web.Response:
    archive = _job(call).artifacts
    if archive is None:
        raise not_found()
    headers = {"Content-Disposition": 'attachment; filename="artifacts.zip"'}
    return web.Response(body=archive.read_bytes(), content_type="application/zip", headers=headers)


@api.get(JOB + "/artifacts/{path:.+}", level=Level.REPORTER, job=True)
async def _artifact(call: Call) -> web.Response:
    data = artifacts.read(_job(call), call.path("path"))
    if data is None:
        raise not_found()
    return web.Response(body=data, content_type="application/octet-stream")


@api.post(JOB + "/play")
async def _play(call: Call) -> web.Response:
    it = _job(call)
    given = call.params.get("job_variables_attributes") or []
    variables = {str(v["key"]): str(v.get("value", "")) for v in given}
    await pipeline_actions.play(call.world, it, call.user, variables)
    return call.json(await _shown(call, it))


@api.post(JOB + "/retry")
async def _retry(call: Call) -> web.Response:
    made = await pipeline_actions.retry(call.world, _job(call), call.user)
    return call.json(await _shown(call, made), 201)


@api.post(JOB + "/cancel")
async def _cancel(call: Call) -> web.Response:
    it = _job(call)
    await pipeline_actions.cancel(call.world, it, call.user)
    return call.json(await _shown(call, it), 201)


@api.get("/job", job=True)
async def _current_job(call: Call) -> web.Response:
    if call.caller is None or call.caller.token.job is None:
        raise forbidden()
    return call.json(entities_ci.job(call.world, call.caller.token.job))
