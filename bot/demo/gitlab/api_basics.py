"""API: version, people, tokens, projects, members."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.demo.gitlab import entities
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.errors import not_found, unauthorized
from bot.demo.gitlab.state import Level

api = Routes()


@api.get("/version", scopes=["read_user"])
@api.get("/metadata", scopes=["read_user"])
async def _metadata(call: Call) -> web.Response:
    call.need_user()
    kas = {"enabled": False, "externalUrl": None, "externalK8sProxyUrl": None, "version": None}
    return call.json(
        {"version": call.world.version, "revision": "0a1b2c3d4e5", "kas": kas, "enterprise": False}
    )


@api.get("/user", scopes=["read_user"])
async def _myself(call: Call) -> web.Response:
    return call.json(entities.current_user(call.world, call.user))


@api.get("/users", scopes=["read_user"])
async def _users(call: Call) -> web.Response:
    call.need_user()
    name, search = call.text("username"), (call.text("search") or "").lower()
    found = [
        who
        for who in call.world.users.values()
        if (name is None or who.username.lower() == name.lower())
        and (search in who.username.lower() or search in who.name.lower())
    ]
    return call.page(found, lambda who: entities.user(call.world, who))


@api.get("/users/{user_id}", scopes=["read_user"])
async def _one_user(call: Call) -> web.Response:
    call.need_user()
    who = call.world.users.get(call.number("user_id"))
    if who is None:
        raise not_found("User")
    return call.json(entities.public_user(call.world, who))


_ANY = ["read_repository", "write_repository", "read_user", "self_rotate"]


@api.get("/personal_access_tokens/self", scopes=_ANY)
async def _my_token(call: Call) -> web.Response:
    if call.caller is None or call.caller.is_job:
        raise unauthorized()
    return call.json(entities.token(call.world, call.caller.token))


@api.get("/projects")
async def _projects(call: Call) -> web.Response:
    who = call.caller.user if call.caller else None
    seen = [p for p in call.world.projects.values() if call.world.can_see(who, p)]
    if call.flag("membership"):
        seen = [p for p in seen if call.world.level(who, p)]
    return call.page(seen, lambda p: entities.project(call.world, p, call.world.level(who, p)))


@api.get("/projects/{id}", job=True)
async def _project(call: Call) -> web.Response:
    return call.json(entities.project(call.world, call.project, call.level()))


@api.put("/projects/{id}", level=Level.MAINTAINER)
async def _edit_project(call: Call) -> web.Response:
    settings = call.project.settings
    for name, value in call.params.items():
        if not hasattr(settings, name) or name == "approvals_required":
            continue
        old: Any = getattr(settings, name)
        setattr(settings, name, call.flag(name) if isinstance(old, bool) else str(value))
    call.project.description = call.text("description") or call.project.description
    return call.json(entities.project(call.world, call.project, call.level()))


@api.get("/projects/{id}/members")
@api.get("/projects/{id}/members/all")
async def _members(call: Call) -> web.Response:
    table = call.world.members(call.project)
    if not call.request.path.endswith("/all"):
        table = dict(call.project.members)
    found = list(table.items())
    return call.page(found, lambda pair: entities.member(call.world, call.world.users[pair[0]], pair[1]))


@api.get("/projects/{id}/members/{user_id}")
@api.get("/projects/{id}/members/all/{user_id}")
async def _one_member(call: Call) -> web.Response:
    table = call.world.members(call.project)
    if "/all/" not in call.request.path:
        table = dict(call.project.members)
    number = call.number("user_id")
    if number not in table:
        raise not_found()
    return call.json(entities.member(call.world, call.world.users[number], table[number]))
