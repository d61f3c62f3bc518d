"""API: branches that are made, and commits that are taken back on one."""

from __future__ import annotations

from aiohttp import web

from bot.demo.gitlab import entities, merging
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.errors import invalid, message, not_found
from bot.demo.gitlab.git_repos import ZERO, Person
from bot.demo.gitlab.state import Level

api = Routes()
REPO = "/projects/{id}/repository"


@api.post(REPO + "/branches", level=Level.DEVELOPER)
async def _make_branch(call: Call) -> web.Response:
    name, ref = call.require("branch", "ref"), call.text("ref") or ""
    repo = call.world.repository(call.project)
    async with call.world.lock(call.project):
        if f"refs/heads/{name}" in await repo.refs():
            raise message(400, "Branch already exists")
        start = await repo.commit(ref)
        if start is None:
            raise message(400, "Invalid reference name: " + ref)
        await repo.update_ref(f"refs/heads/{name}", start.id)
    await merging.moved(call.world, call.project, name, ZERO, start.id, call.user)
    body = {
        "name": name,
        "commit": entities.commit(call.world, call.project, start),
        "merged": False,
        "protected": False,
        "developers_can_push": False,
        "developers_can_merge": False,
        "can_push": True,
        "default": False,
        "web_url": call.world.web(call.project, "tree", name),
    }
    return call.json(body, 201)


@api.post(REPO + "/commits/{sha}/revert", level=Level.DEVELOPER)
async def _revert(call: Call) -> web.Response:
    branch = call.require("branch")
    repo = call.world.repository(call.project)
    commit = await repo.commit(call.path("sha"))
    if commit is None:
        raise not_found("Commit")
    if not call.world.may_push(call.user, call.project, branch):
        raise message(403, "403 Forbidden - You are not allowed to push into this branch")
    async with call.world.lock(call.project):
        tip = (await repo.refs()).get(f"refs/heads/{branch}")
        if tip is None or not commit.parents:
            raise not_found("Branch")
        by, now = Person(call.user.name, call.user.email), call.world.now()
        # Taken back on top of itself, and that merged into the branch.
        undone = await repo.commit_tree(await repo.tree(commit.parents[0]), [commit.id], "Undo", by, now)
        tree = await repo.merge_tree(tip, undone)
        if tree is None:
            raise _refused("conflict", "A conflict prevents this action.")
        if tree == await repo.tree(tip):
            raise _refused("empty", "The commit is taken back already.")
        text = f'Revert "{commit.title}"\n\nThis reverts commit {commit.id}.'
        new = await repo.commit_tree(tree, [tip], text, by, now)
        await repo.update_ref(f"refs/heads/{branch}", new)
    await merging.moved(call.world, call.project, branch, tip, new, call.user)
    made = await repo.commit(new)
    if made is None:
        raise invalid("commit")
    return call.json(entities.commit(call.world, call.project, made), 201)


def _refused(code: str, why: str) -> Exception:
    return message(400, f"Sorry, we cannot revert this commit automatically. {why} ({code})")
