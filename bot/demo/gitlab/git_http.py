"""Smart HTTP: clone, fetch and push against the bare repositories."""

from __future__ import annotations

from aiohttp import web

from bot.demo.gitlab import merging
from bot.demo.gitlab.access import Caller, git_caller, git_scope_allows
from bot.demo.gitlab.call import CALLER, WORLD
from bot.demo.gitlab.errors import Refused
from bot.demo.gitlab.git_repos import ZERO, try_git
from bot.demo.gitlab.state import Level, Project
from bot.demo.gitlab.world import World

_SERVICES = ("git-upload-pack", "git-receive-pack")


def routes() -> list[web.RouteDef]:
    """git's addresses below a project's path."""
    return [
        web.get(r"/{project:.+?}.git/info/refs", _info_refs),
        web.post(r"/{project:.+?}.git/{service:git-(?:upload|receive)-pack}", _service),
    ]


async def _info_refs(request: web.Request) -> web.Response:
    service = request.query.get("service", "")
    if service not in _SERVICES:
        return web.Response(status=403, text="GitLab speaks only the smart protocol here\n")
    project, _ = _admit(request, service)
    env = _environment(request)
    _, out, err = await try_git(
        service.removeprefix("git-"), "--stateless-rpc", "--advertise-refs", ".", cwd=project.git_dir, env=env
    )
    if err and not out:
        return web.Response(status=500, text="git failed\n")
    head = b"" if b"version 2" in out[:20] else _packet(f"# service={service}\n") + b"0000"
    return _answer(f"application/x-{service}-advertisement", head + out)


async def _service(request: web.Request) -> web.Response:
    service = request.match_info["service"]
    project, caller = _admit(request, service)
    data = await request.read()
    kind = f"application/x-{service}-result"
    world = request.app[WORLD]
    env = _environment(request)
    if service == "git-upload-pack":
        _, out, _ = await try_git(
            "upload-pack", "--stateless-rpc", ".", cwd=project.git_dir, stdin=data, env=env
        )
        return _answer(kind, out)
    if caller is None:
        raise _challenge()
    closed = [f"refs/heads/{b}" for b in project.protected if not world.may_push(caller.user, project, b)]
    repo = world.repository(project)
    async with world.lock(project):
        before = await repo.refs()
        env["LOOKALIKE_PROTECTED"] = " ".join(closed)
        _, out, _ = await try_git(
            "receive-pack", "--stateless-rpc", ".", cwd=project.git_dir, stdin=data, env=env
        )
        after = await repo.refs()
    for ref in sorted(before.keys() | after.keys()):
        old, new = before.get(ref, ZERO), after.get(ref, ZERO)
        if old != new:
            await merging.moved(world, project, ref.removeprefix("refs/heads/"), old, new, caller.user)
    return _answer(kind, out)


def _environment(request: web.Request) -> dict[str, str]:
    protocol = request.headers.get("Git-Protocol", "")
    return {"GIT_PROTOCOL": protocol} if protocol in ("version=1", "version=2") else {}


def _admit(request: web.Request, service: str) -> tuple[Project, Caller | None]:
    """The project, if the caller may fetch from it or push to it; 401 with a challenge, 403 or 404
    otherwise.
    """
    world = request.app[WORLD]
    write = service == "git-receive-pack"
    try:
        caller = git_caller(world, request)
    except Refused:
        raise _challenge() from None
    project = world.project(request.match_info["project"])
    public = project is not None and project.visibility == "public"
    if caller is None:
        if project is None or not public or write or "Authorization" in request.headers:
            raise _challenge()
        return project, None
    request[CALLER] = caller
    if project is None or not world.can_see(caller.user, project) or not _job_may(world, caller, project):
        text = "The project you were looking for could not be found or you don't have permission to view it."
        raise web.HTTPNotFound(text=text)
    needed = Level.DEVELOPER if write else Level.REPORTER
    allowed = world.level(caller.user, project) >= needed or (public and not write)
    if not allowed or not git_scope_allows(caller, write):
        action = "upload code to" if write else "download code from"
        raise web.HTTPForbidden(text=f"You are not allowed to {action} this project.")
    return project, caller


def _job_may(world: World, caller: Caller, project: Project) -> bool:
    return caller.token.job is None or caller.token.job.pipeline.project is project


def _challenge() -> web.HTTPUnauthorized:
    headers = {"WWW-Authenticate": 'Basic realm="GitLab"'}
    return web.HTTPUnauthorized(headers=headers, text="HTTP Basic: Access denied. Use a valid token.\n")


def _packet(line: str) -> bytes:
    return f"{len(line) + 4:04x}{line}".encode()


def _answer(kind: str, body: bytes) -> web.Response:
    return web.Response(body=body, headers={"Content-Type": kind, "Cache-Control": "no-cache"})
