"""Plain pages to look at and to click in: projects, merge requests, pipelines, jobs. Meant for the demo on
loopback: whoever opens them may act as any of its people.
"""

from __future__ import annotations

import secrets
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jinja2
from aiohttp import web
from markupsafe import Markup

from bot.demo.gitlab import log_view, markdown, merge_requests, merging, notes, pipeline_actions
from bot.demo.gitlab.call import WORLD
from bot.demo.gitlab.errors import Refused
from bot.demo.gitlab.mergeability import detailed_status, look
from bot.demo.gitlab.state import Level, MergeRequest, Project, User
from bot.demo.gitlab.world import World

_FORM = secrets.token_urlsafe(16)
_REASONS = {
    "draft_status": "it is still a draft",
    "conflict": "there are conflicts",
    "ci_must_pass": "its pipeline must succeed first",
    "ci_still_running": "its pipeline is still running",
    "not_approved": "it needs an approval",
    "commits_status": "it changes nothing",
    "need_rebase": "it must be rebased first",
    "unchecked": "GitLab is still checking",
}


def _ago(world: World, at: datetime | None) -> str:
    if at is None:
        return ""
    seconds = max(0, int((world.now() - at).total_seconds()))
    for size, unit in ((86400, "day"), (3600, "hour"), (60, "minute")):
        if seconds >= size:
            count = seconds // size
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def _environment() -> jinja2.Environment:
    loader = jinja2.FileSystemLoader(Path(__file__).parent / "templates")
    made = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True)
    made.filters["markdown"] = lambda text: Markup(markdown.render(text))  # noqa: S704 - sanitised there
    made.filters["diff"] = lambda text: Markup(markdown.diff_lines(text))  # noqa: S704 - escaped there
    made.filters["log"] = lambda trace: Markup(log_view.render(trace))  # noqa: S704 - escaped there
    made.filters["emoji"] = markdown.emoji
    return made


_TEMPLATES = _environment()


def routes() -> list[web.RouteDef]:
    """Everything below a project's path but git's own addresses."""
    mr = r"/{project:.+?}/-/merge_requests/{iid:\d+}"
    return [
        web.get("/", _home),
        web.get(mr, _merge_request),
        web.post(mr + "/act", _act),
        web.get(r"/{project:.+?}/-/pipelines/{number:\d+}", _pipeline),
        web.get(r"/{project:.+?}/-/jobs/{number:\d+}", _job),
        web.post(r"/{project:.+?}/-/jobs/{number:\d+}/act", _act_on_job),
        web.get(r"/{project:(?!api/)[^.].*?}", _project),
    ]


def _show(request: web.Request, template: str, **values: Any) -> web.Response:
    world = request.app[WORLD]
    nonce = secrets.token_urlsafe(12)
    text = _TEMPLATES.get_template(template).render(
        world=world, ago=lambda at: _ago(world, at), nonce=nonce, form=_FORM,
        said=request.query.get("said", ""), acting=request.cookies.get("acting", ""), **values,
    )  # fmt: skip
    policy = (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'nonce-{nonce}'; connect-src 'self'; "
    )
    policy += "img-src 'self' data:; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    headers = {
        "Content-Security-Policy": policy,
        "Cache-Control": "no-store",
        "Referrer-Policy": "same-origin",
    }
    return web.Response(text=text, content_type="text/html", headers=headers)


def _find(request: web.Request) -> Project:
    project = request.app[WORLD].project(request.match_info["project"])
    if project is None or request.match_info["project"].isdigit():
        raise web.HTTPNotFound(text="There is no such page here.")
    return project


def _people(world: World, project: Project) -> list[tuple[User, str]]:
    """Who can be acted as, with their role in words."""
    table = world.members(project)
    return [
        (world.users[number], level.name.capitalize())
        for number, level in table.items()
        if not world.users[number].bot and world.users[number].state == "active" and level >= Level.GUEST
    ]


async def _home(request: web.Request) -> web.Response:
    return _show(request, "home.html", projects=list(request.app[WORLD].projects.values()))


async def _project(request: web.Request) -> web.Response:
    project, world = _find(request), request.app[WORLD]
    repo = world.repository(project)
    commits = await repo.commits(f"refs/heads/{project.default_branch}", 8)
    files = await repo.paths(f"refs/heads/{project.default_branch}")
    requests = sorted(project.merge_requests.values(), key=lambda m: -m.iid)
    pipelines = sorted(project.pipelines.values(), key=lambda p: -p.id)[:8]
    return _show(
        request,
        "project.html",
        project=project,
        commits=commits,
        files=files,
        requests=requests,
        pipelines=pipelines,
    )


def _mr(request: web.Request) -> MergeRequest:
    mr = _find(request).merge_requests.get(int(request.match_info["iid"]))
    if mr is None:
        raise web.HTTPNotFound(text="There is no such merge request.")
    return mr


async def _merge_request(request: web.Request) -> web.Response:
    mr, world = _mr(request), request.app[WORLD]
    await look(world, mr)
    detailed = detailed_status(world, mr)
    changes = await world.repository(mr.project).diff(mr.base, mr.head)
    shas = {mr.head, mr.merge_ref, mr.merge_commit, mr.squash_commit} - {None}
    pipelines = [p for p in mr.project.pipelines.values() if p.sha in shas or p.merge_request is mr]
    statuses = [s for p in pipelines for s in p.statuses if not s.retried]
    return _show(
        request, "merge_request.html", mr=mr, project=mr.project, threads=notes.threads(mr), changes=changes,
        detailed=detailed, reason=_REASONS.get(detailed, ""), statuses=statuses,
        pipelines=[p for p in pipelines if p.jobs], people=_people(world, mr.project),
    )  # fmt: skip


async def _actor(request: web.Request, project: Project) -> tuple[User, dict[str, str]]:
    """The person that the form acts as; a form that was not made here is refused."""
    form = {key: str(value) for key, value in (await request.post()).items()}
    if not secrets.compare_digest(form.get("form", "").encode(), _FORM.encode()):
        raise web.HTTPForbidden(text="This form is not from here.")
    who = request.app[WORLD].user(form.get("acting", ""))
    if who is None or who not in [person for person, _ in _people(request.app[WORLD], project)]:
        raise web.HTTPForbidden(text="There is nobody of that name here.")
    return who, form


def _back(where: str, who: User, said: str) -> web.Response:
    query = "?" + urlencode({"said": said}) if said else ""
    target = web.Response(status=303, headers={"Location": where + query})
    target.set_cookie("acting", who.username, samesite="Strict", httponly=True)
    return target


async def _act(request: web.Request) -> web.Response:
    mr, world = _mr(request), request.app[WORLD]
    who, form = await _actor(request, mr.project)
    said = ""
    try:
        match form.get("action"):
            case "comment":
                made = await notes.create(world, mr, who, form.get("body", "").replace("\r\n", "\n"))
                said = " ".join(made.summary) if isinstance(made, notes.OnlyCommands) else ""
            case "merge":
                await merging.merge(world, mr, who)
            case "approve":
                await merge_requests.approve(world, mr, who)
            case "unapprove":
                await merge_requests.unapprove(world, mr, who)
            case "close":
                await merge_requests.close(world, mr, who)
            case "reopen":
                await merge_requests.reopen(world, mr, who)
            case _:
                raise web.HTTPBadRequest(text="There is no such action.")
    except Refused as refused:
        said = f"GitLab refused: {refused.body.get('message', refused.body)}"
    return _back(f"/{mr.project.path}/-/merge_requests/{mr.iid}", who, said)


async def _pipeline(request: web.Request) -> web.Response:
    project = _find(request)
    pipeline = project.pipelines.get(int(request.match_info["number"]))
    if pipeline is None:
        raise web.HTTPNotFound(text="There is no such pipeline.")
    return _show(request, "pipeline.html", project=project, pipeline=pipeline)


async def _job(request: web.Request) -> web.Response:
    project, world = _find(request), request.app[WORLD]
    job = world.find_job(project, int(request.match_info["number"]))
    if job is None:
        raise web.HTTPNotFound(text="There is no such job.")
    return _show(request, "job.html", project=project, job=job, people=_people(world, project))


async def _act_on_job(request: web.Request) -> web.Response:
    project, world = _find(request), request.app[WORLD]
    who, form = await _actor(request, project)
    job = world.find_job(project, int(request.match_info["number"]))
    if job is None:
        raise web.HTTPNotFound(text="There is no such job.")
    said, shown = "", job
    try:
        match form.get("action"):
            case "retry":
                shown = await pipeline_actions.retry(world, job, who)
            case "play":
                await pipeline_actions.play(world, job, who, {})
            case "cancel":
                await pipeline_actions.cancel(world, job, who)
            case _:
                raise web.HTTPBadRequest(text="There is no such action.")
    except Refused as refused:
        said = f"GitLab refused: {refused.body.get('message', refused.body)}"
    return _back(f"/{project.path}/-/jobs/{shown.id}", who, said)
