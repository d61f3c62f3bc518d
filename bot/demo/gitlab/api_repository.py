"""API: branches, commits, comparisons and files of a repository."""

from __future__ import annotations

import base64
import hashlib

from aiohttp import web

from bot.demo.gitlab import entities, entities_ci, entities_mr
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.entities import Json
from bot.demo.gitlab.errors import invalid, not_found
from bot.demo.gitlab.git_repos import Commit, Repository
from bot.demo.gitlab.state import Level

api = Routes()
REPO = "/projects/{id}/repository"


def _repo(call: Call) -> Repository:
    return call.world.repository(call.project)


async def _commit(call: Call, revision: str) -> Commit:
    found = await _repo(call).commit(revision)
    if found is None:
        raise not_found("Commit")
    return found


async def _branch(call: Call, name: str) -> Json:
    commit = await _commit(call, f"refs/heads/{name}")
    rules = call.project.protected.get(name)
    return {
        "name": name,
        "commit": entities.commit(call.world, call.project, commit),
        "merged": False,
        "protected": rules is not None,
        "developers_can_push": rules is not None and rules.push <= Level.DEVELOPER,
        "developers_can_merge": rules is not None and rules.merge <= Level.DEVELOPER,
        "can_push": call.caller is not None and call.world.may_push(call.caller.user, call.project, name),
        "default": name == call.project.default_branch,
        "web_url": call.world.web(call.project, "tree", name),
    }


@api.get(REPO + "/branches", level=Level.REPORTER)
async def _branches(call: Call) -> web.Response:
    names = [ref.removeprefix("refs/heads/") for ref in await _repo(call).refs()]
    return call.page([await _branch(call, name) for name in names], lambda shown: shown)


@api.get(REPO + "/branches/{branch}", level=Level.REPORTER)
async def _one_branch(call: Call) -> web.Response:
    name = call.path("branch")
    if f"refs/heads/{name}" not in await _repo(call).refs():
        raise not_found("Branch")
    return call.json(await _branch(call, name))


@api.get(REPO + "/commits", level=Level.REPORTER)
async def _commits(call: Call) -> web.Response:
    head = await _commit(call, call.text("ref_name") or call.project.default_branch)
    found = await _repo(call).commits(head.id, 1000)
    return call.page(found, lambda it: entities.commit(call.world, call.project, it))


@api.get(REPO + "/commits/{sha}", level=Level.REPORTER)
async def _one_commit(call: Call) -> web.Response:
    it = await _commit(call, call.path("sha"))
    newest = [p for p in call.project.pipelines.values() if p.sha == it.id]
    last = max(newest, key=lambda p: p.id, default=None)
    more = {
        "status": last.status if last else None,
        "project_id": call.project.id,
        "last_pipeline": entities_ci.basic_pipeline(call.world, last) if last else None,
    }
    return call.json({**entities.commit(call.world, call.project, it), **more})


@api.get(REPO + "/commits/{sha}/merge_requests", level=Level.REPORTER)
async def _commit_merge_requests(call: Call) -> web.Response:
    it = await _commit(call, call.path("sha"))
    found = [
        mr
        for mr in list(call.project.merge_requests.values())  # more may come while Git is asked
        if it.id in (mr.head, mr.merge_commit, mr.squash_commit)
        or await _holds(call, mr.base, mr.head, it.id)
    ]
    return call.page(found, lambda mr: entities_mr.basic_merge_request(call.world, mr, "not_open"))


async def _holds(call: Call, base: str, head: str, wanted: str) -> bool:
    return bool(base) and wanted in [c.id for c in await _repo(call).commits(f"{base}..{head}")]


@api.get(REPO + "/compare", level=Level.REPORTER)
async def _compare(call: Call) -> web.Response:
    call.require("from", "to")
    old, new = await _commit(call, call.text("from") or ""), await _commit(call, call.text("to") or "")
    straight = bool(call.flag("straight"))
    base = old.id if straight else (await _repo(call).merge_base(old.id, new.id)) or old.id
    found = await _repo(call).commits(f"{base}..{new.id}")
    shown = [entities.commit(call.world, call.project, it) for it in reversed(found)]
    body = {
        "commit": shown[-1] if shown else None,
        "commits": shown,
        "diffs": [entities.diff(it) for it in await _repo(call).diff(base, new.id)],
        "compare_timeout": False,
        "compare_same_ref": old.id == new.id,
        "web_url": call.world.web(call.project, "compare", f"{old.id}...{new.id}"),
    }
    return call.json(body)


@api.get(REPO + "/files/{file_path}", level=Level.REPORTER)
@api.get(REPO + "/files/{file_path}/raw", level=Level.REPORTER)
async def _file(call: Call) -> web.Response:
    raw = call.request.path.endswith("/raw")
    ref = call.text("ref") or (call.project.default_branch if raw else "")
    if not ref:
        raise invalid("ref is missing, ref is empty")
    commit, path = await _commit(call, ref), call.path("file_path")
    data = await _repo(call).read(commit.id, path)
    if data is None:
        raise not_found("File")
    if raw:
        return web.Response(body=data, content_type="text/plain")
    body = {
        "file_name": path.rpartition("/")[2],
        "file_path": path,
        "size": len(data),
        "encoding": "base64",
        "content_sha256": hashlib.sha256(data).hexdigest(),
        "ref": ref,
        "blob_id": hashlib.sha1(b"blob %d\0" % len(data) + data, usedforsecurity=False).hexdigest(),
        "commit_id": commit.id,
        "last_commit_id": commit.id,
        "execute_filemode": False,
        "content": base64.b64encode(data).decode(),
    }
    return call.json(body)
