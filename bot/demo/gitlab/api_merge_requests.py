"""API: merge requests and their approvals."""

from __future__ import annotations

from typing import Any

from aiohttp import web

from bot.demo.gitlab import entities, entities_ci, entities_mr, merge_requests, merging
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.errors import forbidden, invalid, not_found
from bot.demo.gitlab.mergeability import detailed_status, look, merge_ref
from bot.demo.gitlab.state import Level, MergeRequest

api = Routes()
MR = "/projects/{id}/merge_requests/{iid}"


async def shown(call: Call, it: MergeRequest, status: int = 200) -> web.Response:
    """A merge request in full."""
    changed = await call.world.repository(it.project).diff(it.base, it.head) if it.base else []
    most = call.world.diff_max_files
    changes = f"{most}+" if len(changed) > most else str(len(changed))
    asking = call.caller.user if call.caller else None
    detailed = "checking" if it.lag and it.state == "opened" else detailed_status(call.world, it)
    return call.json(entities_mr.merge_request(call.world, it, detailed, asking, changes), status)


@api.get("/projects/{id}/merge_requests", job=True)
async def _listed(call: Call) -> web.Response:
    state = call.choice("state", ("opened", "closed", "locked", "merged", "all"), "all")
    order = call.choice("order_by", ("created_at", "updated_at", "merged_at", "title"), "created_at")
    backwards = call.choice("sort", ("asc", "desc"), "desc") == "desc"
    found = [
        m for m in call.project.merge_requests.values() if state in ("all", m.state) and _matches(call, m)
    ]
    found.sort(key=lambda m: (getattr(m, order) or m.created_at, m.id), reverse=backwards)
    return call.page(
        found, lambda m: entities_mr.basic_merge_request(call.world, m, detailed_status(call.world, m))
    )


def _matches(call: Call, it: MergeRequest) -> bool:
    after, before = call.moment("updated_after"), call.moment("updated_before")
    wanted = [t for t in (call.text("labels") or "").split(",") if t]
    iids = call.params.get("iids", call.params.get("iids[]"))
    tests = (
        after is None or it.updated_at >= after,
        before is None or it.updated_at <= before,
        call.text("source_branch") in (None, it.source_branch),
        call.text("target_branch") in (None, it.target_branch),
        call.text("author_username") in (None, it.author.username),
        {label.title for label in it.labels} >= set(wanted),
        iids is None or str(it.iid) in [str(i) for i in (iids if isinstance(iids, list) else [iids])],
    )
    return all(tests)


@api.get(MR, job=True)
async def _one(call: Call) -> web.Response:
    it = call.merge_request()
    response = await shown(call, it)
    await look(call.world, it)  # asking makes GitLab check in the background, so the next answer knows
    return response


@api.post("/projects/{id}/merge_requests")
async def _create(call: Call) -> web.Response:
    title = call.require("title", "source_branch", "target_branch")
    target = call.project
    if (number := call.params.get("target_project_id")) is not None:
        found = call.world.project(str(number))
        if found is None or not call.world.can_see(call.user, found):
            raise not_found("Project")
        target = found
    it = await merge_requests.open_merge_request(
        call.world, target, call.project, call.text("source_branch") or "", call.text("target_branch") or "",
        title, call.user, call.text("description") or "",
    )  # fmt: skip
    return await shown(call, it, 201)


@api.put(MR)
async def _edit(call: Call) -> web.Response:
    it = call.merge_request()
    if it.author is not call.user and call.level() < Level.DEVELOPER:
        raise forbidden()
    wanted = {
        n: call.text(n) or "" for n in ("title", "description", "target_branch") if call.text(n) is not None
    }
    edits: dict[str, Any] = dict(wanted)
    if "labels" in call.params:
        edits["labels"] = merge_requests.labels(call.world, it.project, _names(call.params["labels"]))
    for add, keep in (("add_labels", True), ("remove_labels", False)):
        if add in call.params:
            tags = merge_requests.labels(call.world, it.project, _names(call.params[add]))
            rest = [t for t in edits.get("labels", it.labels) if t not in tags]
            edits["labels"] = [*rest, *tags] if keep else rest
    for name in ("assignee_ids", "reviewer_ids"):
        if name in call.params:
            edits[name.replace("_ids", "s")] = merge_requests.people(call.world, call.params[name])
    event = call.text("state_event")
    if event not in (None, "close", "reopen"):
        raise invalid("state_event does not have a valid value")
    if event == "close":
        await merge_requests.close(call.world, it, call.user)
    if event == "reopen":
        await merge_requests.reopen(call.world, it, call.user)
    await merge_requests.edit(call.world, it, call.user, edits)
    return await shown(call, it)


def _names(value: Any) -> list[str]:
    return [str(v) for v in value] if isinstance(value, list) else str(value).split(",")


@api.put(MR + "/merge")
async def _merge(call: Call) -> web.Response:
    it = call.merge_request()
    await merging.merge(
        call.world, it, call.user, sha=call.text("sha"), squash=call.flag("squash"),
        text=call.text("merge_commit_message"), remove_source=call.flag("should_remove_source_branch"),
    )  # fmt: skip
    return await shown(call, it)


@api.get(MR + "/merge_ref", job=True)
async def _the_merge_ref(call: Call) -> web.Response:
    return call.json({"commit_id": await merge_ref(call.world, call.merge_request())})


@api.get(MR + "/commits", job=True)
async def _commits(call: Call) -> web.Response:
    it = call.merge_request()
    found = await call.world.repository(it.project).commits(f"{it.base}..{it.head}")
    return call.page(found, lambda c: entities.commit(call.world, it.project, c))


@api.get(MR + "/diffs", job=True)
async def _diffs(call: Call) -> web.Response:
    it = call.merge_request()
    changed = await call.world.repository(it.project).diff(it.base, it.head)
    return call.page(changed[: call.world.diff_max_files], entities.diff)


@api.get(MR + "/pipelines", job=True)
async def _pipelines(call: Call) -> web.Response:
    it = call.merge_request()
    found = [p for p in it.project.pipelines.values() if p.merge_request is it or p.sha == it.head]
    return call.page(sorted(found, key=lambda p: -p.id), lambda p: entities_ci.basic_pipeline(call.world, p))


@api.get(MR + "/approvals", job=True)
async def _approvals(call: Call) -> web.Response:
    asking = call.caller.user if call.caller else None
    return call.json(entities_mr.approvals(call.world, call.merge_request(), asking))


@api.post(MR + "/approve")
async def _approve(call: Call) -> web.Response:
    it = call.merge_request()
    await merge_requests.approve(call.world, it, call.user, call.text("sha"))
    return call.json(entities_mr.approvals(call.world, it, call.user), 201)


@api.post(MR + "/unapprove")
async def _unapprove(call: Call) -> web.Response:
    it = call.merge_request()
    await merge_requests.unapprove(call.world, it, call.user)
    return call.json(entities_mr.approvals(call.world, it, call.user), 201)
