"""API: webhooks of a group, which only its owners may see."""

from __future__ import annotations

from aiohttp import web

from bot.demo.gitlab import api_hooks
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.entities import Json
from bot.demo.gitlab.errors import forbidden, invalid, not_found
from bot.demo.gitlab.state import Hook, Level

api = Routes()


def _group(call: Call) -> str:
    """The group of the path; 404 where there is none, 403 for all but its owners."""
    path = call.path("id")
    if not any(f"{project.namespace}/".startswith(f"{path}/") for project in call.world.projects.values()):
        raise not_found("Group")
    level = call.world.group_members.get(path, {}).get(call.user.id, Level.NONE)
    if level < Level.OWNER and not call.user.admin:
        raise forbidden()
    return path


def _hook(call: Call) -> Hook:
    hook = call.world.hooks.get(call.number("hook_id"))
    if hook is None or hook.group != _group(call):
        raise not_found()
    return hook


def _shown(it: Hook) -> Json:
    return {**api_hooks.shown(it), "group_id": 1, "subgroup_events": False}


@api.get("/groups/{id}/hooks")
async def _hooks(call: Call) -> web.Response:
    group = _group(call)
    return call.page([h for h in call.world.hooks.values() if h.group == group], _shown)


@api.post("/groups/{id}/hooks")
async def _add(call: Call) -> web.Response:
    group = _group(call)
    if not call.text("url"):
        raise invalid("url is missing")
    made = Hook(call.world.number("hook"), "", call.world.now(), group=group)
    api_hooks.apply(call, made, new=True)
    call.world.hooks[made.id] = made
    return call.json(_shown(made), 201)


@api.put("/groups/{id}/hooks/{hook_id}")
async def _edit(call: Call) -> web.Response:
    hook = api_hooks.apply(call, _hook(call), new=False)
    hook.failures, hook.disabled, hook.disabled_until = 0, False, None
    return call.json(_shown(hook))


@api.delete("/groups/{id}/hooks/{hook_id}")
async def _delete(call: Call) -> web.Response:
    del call.world.hooks[_hook(call).id]
    return web.Response(status=204)


@api.get("/groups/{id}/hooks/{hook_id}/events")
async def _events(call: Call) -> web.Response:
    return call.page(api_hooks.deliveries(call, _hook(call)), api_hooks.shown_delivery)
