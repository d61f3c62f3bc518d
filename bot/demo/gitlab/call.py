"""One API request as its handler sees it, and the table of handlers."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, TypeVar

from aiohttp import hdrs, web

from bot.demo.gitlab.access import Caller, api_caller, check_scope
from bot.demo.gitlab.errors import forbidden, invalid, not_found, unauthorized
from bot.demo.gitlab.paging import paged
from bot.demo.gitlab.state import Issue, Level, MergeRequest, Project, User
from bot.demo.gitlab.world import World

WORLD = web.AppKey("world", World)
CALLER = web.RequestKey("caller", Caller)
T = TypeVar("T")


@dataclass(slots=True)
class Call:
    """A request whose caller, project and parameters are known."""

    request: web.Request
    world: World
    caller: Caller | None
    params: dict[str, Any]
    _project: Project | None = None

    @property
    def user(self) -> User:
        """The caller; 401 for an anonymous request."""
        if self.caller is None:
            raise unauthorized()
        return self.caller.user

    @property
    def project(self) -> Project:
        if self._project is None:
            raise LookupError(f"{self.request.path} names no project")
        return self._project

    def need_user(self) -> None:
        """401 for an anonymous request."""
        if self.caller is None:
            raise unauthorized()

    def path(self, name: str) -> str:
        return self.request.match_info[name]

    def number(self, name: str) -> int:
        """A number in the path; not a number is 400, as GitLab's parameter check says it."""
        raw = self.path(name)
        if not raw.isdigit():
            raise invalid(f"{name} is invalid")
        return int(raw)

    def text(self, name: str) -> str | None:
        value = self.params.get(name)
        if value is None or isinstance(value, str):
            return value
        if isinstance(value, (int, float)):
            return str(value)
        raise invalid(f"{name} is invalid")

    def require(self, *names: str) -> str:
        """The first parameter's text; all of them must be given."""
        missing = [name for name in names if self.params.get(name) is None]
        if missing:
            raise invalid(", ".join(f"{name} is missing" for name in missing))
        return self.text(names[0]) or ""

    def flag(self, name: str) -> bool | None:
        value = self.params.get(name)
        if value is None or isinstance(value, bool):
            return value
        if str(value).lower() not in ("true", "false", "1", "0"):
            raise invalid(f"{name} is invalid")
        return str(value).lower() in ("true", "1")

    def moment(self, name: str) -> datetime | None:
        raw = self.text(name)
        try:
            return datetime.fromisoformat(raw.replace("Z", "+00:00")) if raw else None
        except ValueError:
            raise invalid(f"{name} is invalid") from None

    def choice(self, name: str, allowed: Sequence[str], default: str) -> str:
        value = self.text(name) or default
        if value not in allowed:
            raise invalid(f"{name} does not have a valid value")
        return value

    def level(self) -> Level:
        return self.world.level(self.caller.user if self.caller else None, self.project)

    def need(self, level: Level) -> None:
        """403 unless the caller has that role in the project (401 if nobody is calling)."""
        if self.level() < level:
            raise forbidden() if self.caller else unauthorized()

    def merge_request(self) -> MergeRequest:
        mr = self.project.merge_requests.get(self.number("iid"))
        if mr is None:
            raise not_found()
        return mr

    def issue(self) -> Issue:
        issue = self.project.issues.get(self.number("iid"))
        if issue is None:
            raise not_found("Issue")
        return issue

    def json(self, data: Any, status: int = 200) -> web.Response:
        return web.json_response(data, status=status)

    def page(self, items: Sequence[T], show: Callable[[T], Any]) -> web.Response:
        return paged(self.request, self.world.url, items, show)


Handler = Callable[[Call], Awaitable[web.StreamResponse]]


@dataclass(slots=True)
class Routes:
    """Handlers by method and path below /api/v4.

    `level` is the role that the project in the path asks for (GUEST: may see it). `job` lets CI job
    tokens in. `scopes` names scopes that open this one endpoint besides `api` and `read_api`.
    """

    table: list[web.RouteDef] = field(default_factory=list)

    def add(
        self,
        method: str,
        path: str,
        level: Level = Level.GUEST,
        job: bool = False,
        scopes: Sequence[str] = (),
    ) -> Callable[[Handler], Handler]:
        def register(handler: Handler) -> Handler:
            async def answer(request: web.Request) -> web.StreamResponse:
                return await handler(await _open(request, level, job, scopes))

            self.table.append(web.route(method, "/api/v4" + path, answer))
            return handler

        return register

    def get(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        return self.add(hdrs.METH_GET, path, **rules)

    def post(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        return self.add(hdrs.METH_POST, path, **rules)

    def put(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        return self.add(hdrs.METH_PUT, path, **rules)

    def delete(self, path: str, **rules: Any) -> Callable[[Handler], Handler]:
        return self.add(hdrs.METH_DELETE, path, **rules)


async def _open(request: web.Request, level: Level, job: bool, scopes: Sequence[str]) -> Call:
    world = request.app[WORLD]
    caller = api_caller(world, request)
    if caller is not None:
        request[CALLER] = caller
        if caller.is_job and not job:
            raise unauthorized()
        if not caller.token.scopes & set(scopes):
            check_scope(caller, request.method)
    elif request.method not in ("GET", "HEAD"):
        raise unauthorized()
    call = Call(request, world, caller, await _params(request))
    if "id" in request.match_info and request.path.startswith("/api/v4/projects/"):
        call._project = _visible(world, caller, request.match_info["id"])
        if level > Level.GUEST:
            call.need(level)
    return call


def _visible(world: World, caller: Caller | None, reference: str) -> Project:
    project = world.project(reference)
    if project is None or not world.can_see(caller.user if caller else None, project):
        raise not_found("Project")
    job = caller.token.job if caller else None
    if job is not None and job.pipeline.project is not project and project.visibility == "private":
        raise not_found("Project")
    return project


async def _params(request: web.Request) -> dict[str, Any]:
    params: dict[str, Any] = dict(request.query)
    if not request.body_exists:
        return params
    if request.content_type == "application/json":
        raw = await request.read()
        try:
            body = json.loads(raw) if raw.strip() else {}
        except ValueError:
            raise invalid("The provided content-type 'application/json' is not valid") from None
        return params | (body if isinstance(body, dict) else {})
    form = await request.post()
    for key in form:
        values = form.getall(key)
        params[key.removesuffix("[]")] = list(values) if key.endswith("[]") else values[-1]
    return params
