"""API: webhooks, their tests, their deliveries."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.demo.gitlab import payloads, payloads_ci, payloads_notes
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.delivery import EVENTS, Delivery, Postman
from bot.demo.gitlab.entities import Json, iso
from bot.demo.gitlab.errors import Refused, invalid, message, not_found
from bot.demo.gitlab.mergeability import detailed_status
from bot.demo.gitlab.state import Hook, Level

POSTMAN = web.AppKey("postman", Postman)
api = Routes()

HOOK_EVENTS = (
    "push_events",
    "tag_push_events",
    "merge_requests_events",
    "repository_update_events",
    "issues_events",
    "confidential_issues_events",
    "note_events",
    "confidential_note_events",
    "pipeline_events",
    "wiki_page_events",
    "deployment_events",
    "job_events",
    "releases_events",
    "emoji_events",
)


def shown(it: Hook) -> Json:
    """A webhook without its secrets."""
    now_off = it.disabled or it.disabled_until is not None
    return {
        "id": it.id,
        "url": it.url,
        "name": "",
        "description": "",
        "created_at": iso(it.created_at),
        **{kind: kind in it.events for kind in HOOK_EVENTS},
        "enable_ssl_verification": True,
        "alert_status": "disabled" if it.disabled else "temporarily_disabled" if now_off else "executable",
        "disabled_until": iso(it.disabled_until),
        "url_variables": [],
        "push_events_branch_filter": None,
        "branch_filter_strategy": "all_branches",
        "custom_headers": [],
        "project_id": it.project.id if it.project else None,
    }


def _hook(call: Call) -> Hook:
    hook = call.world.hooks.get(call.number("hook_id"))
    if hook is None or hook.project is not call.project:
        raise not_found()
    return hook


def apply(call: Call, hook: Hook, new: bool) -> Hook:
    """A PUT without `token` erases the secret, as GitLab does; `signing_token` is written, never read."""
    hook.url = call.text("url") or hook.url
    if not hook.url.startswith(("http://", "https://")):
        raise Refused(422, {"message": {"url": ["is blocked: Only allowed schemes are http, https"]}})
    hook.token = call.text("token") or ""
    if call.params.get("signing_token") is not None:
        hook.signing_token = call.text("signing_token") or ""
    for name in HOOK_EVENTS:
        wanted = call.flag(name)
        if wanted or (wanted is None and new and name == "push_events"):
            hook.events.add(name)
        elif wanted is False:
            hook.events.discard(name)
    return hook


@api.get("/projects/{id}/hooks", level=Level.MAINTAINER)
async def _hooks(call: Call) -> web.Response:
    return call.page([h for h in call.world.hooks.values() if h.project is call.project], shown)


@api.get("/projects/{id}/hooks/{hook_id}", level=Level.MAINTAINER)
async def _one_hook(call: Call) -> web.Response:
    return call.json(shown(_hook(call)))


@api.post("/projects/{id}/hooks", level=Level.MAINTAINER)
async def _add_hook(call: Call) -> web.Response:
    if not call.text("url"):
        raise invalid("url is missing")
    made = Hook(call.world.number("hook"), "", call.world.now(), call.project)
    apply(call, made, new=True)
    call.world.hooks[made.id] = made
    return call.json(shown(made), 201)


@api.put("/projects/{id}/hooks/{hook_id}", level=Level.MAINTAINER)
async def _edit_hook(call: Call) -> web.Response:
    hook = apply(call, _hook(call), new=False)
    hook.failures, hook.disabled, hook.disabled_until = 0, False, None
    return call.json(shown(hook))


@api.delete("/projects/{id}/hooks/{hook_id}", level=Level.MAINTAINER)
async def _delete_hook(call: Call) -> web.Response:
    del call.world.hooks[_hook(call).id]
    return web.Response(status=204)


@api.post("/projects/{id}/hooks/{hook_id}/test/{trigger}", level=Level.MAINTAINER)
async def _test(call: Call) -> web.Response:
    """Sends the hook as if the project's last such event happened now; 422 where none did or it fails."""
    hook, switch = _hook(call), call.path("trigger")
    kind = next((k for k, (name, _) in EVENTS.items() if name == switch), None)
    if kind is None:
        raise invalid("trigger does not have a valid value")
    payload = await _sample(call, kind)
    if payload is None:
        raise message(422, f"Ensure the project has {switch.removesuffix('_events').replace('_', ' ')}.")
    status = await call.request.app[POSTMAN].send_sample(hook, kind, payload)
    if status is None or status >= 400:
        raise message(422, f"Hook executed but returned HTTP {status}")
    return call.json({"message": "201 Created"}, 201)


async def _sample(call: Call, kind: str) -> Json | None:
    world, project, by = call.world, call.project, call.user
    mrs, pipelines = list(project.merge_requests.values()), list(project.pipelines.values())
    notes = [n for mr in mrs for n in mr.notes if not n.system]
    jobs = [j for p in pipelines for j in p.jobs]
    deployments = list(project.deployments.values())
    match kind:
        case "push":
            return await _sample_push(call)
        case "merge_request" if mrs:
            detailed = detailed_status(world, mrs[-1])
            return await payloads.merge_request(world, mrs[-1], by, "open", detailed, {})
        case "note" if notes:
            return await payloads_notes.note(world, notes[-1], by, "create", "mergeable")
        case "pipeline" if pipelines:
            return await payloads_ci.pipeline(world, pipelines[-1])
        case "job" if jobs:
            return await payloads_ci.job(world, jobs[-1])
        case "deployment" if deployments:
            return await payloads_ci.deployment(world, deployments[-1], project)
        case _:
            return None


async def _sample_push(call: Call) -> Json:
    project, ref = call.project, f"refs/heads/{call.project.default_branch}"
    commits = await call.world.repository(project).commits(ref, 3)
    old = commits[-1].parents[0] if commits[-1].parents else "0" * 40
    return await payloads.push(call.world, project, ref, old, commits[0].id, call.user, commits)


def deliveries(call: Call, hook: Hook) -> list[Delivery]:
    """Those to one webhook, newest first."""
    return [d for d in reversed(call.request.app[POSTMAN].log) if d.hook is hook]


def shown_delivery(it: Delivery) -> dict[str, Any]:
    """A delivery as it went last."""
    last = it.attempts[-1] if it.attempts else None
    return {
        "id": it.id,
        "url": it.hook.url,
        "trigger": EVENTS[it.kind][0].removesuffix("_events") + "_hooks",
        "request_headers": {k: v for k, v in last.headers.items() if k != "X-Gitlab-Token"} if last else {},
        "request_data": it.payload,
        "response_headers": {},
        "response_body": last.error if last else "",
        "response_status": str(it.status) if it.status else "internal error",
        "execution_duration": 0.0,
        "created_at": iso(last.at) if last else None,
    }


@api.get("/projects/{id}/hooks/{hook_id}/events", level=Level.MAINTAINER)
async def _events(call: Call) -> web.Response:
    return call.page(deliveries(call, _hook(call)), shown_delivery)


@api.post("/projects/{id}/hooks/{hook_id}/events/{event_id}/resend", level=Level.MAINTAINER)
async def _resend(call: Call) -> web.Response:
    it = next((d for d in deliveries(call, _hook(call)) if d.id == call.number("event_id")), None)
    if it is None:
        raise not_found()
    status = await call.request.app[POSTMAN].resend(it)
    return call.json({"response_status": status}, 201)
