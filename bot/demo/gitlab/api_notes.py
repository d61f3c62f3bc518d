"""API: notes, discussions and award emoji on merge requests; notes and state of issues."""

from __future__ import annotations

from aiohttp import web

from bot.demo.gitlab import entities, issues, notes
from bot.demo.gitlab.call import Call, Routes
from bot.demo.gitlab.errors import not_found
from bot.demo.gitlab.notes import OnlyCommands
from bot.demo.gitlab.state import Issue, Level, MergeRequest, Note

api = Routes()
MR = "/projects/{id}/merge_requests/{iid}"
ISSUE = "/projects/{id}/issues/{iid}"


def _noteable(call: Call) -> MergeRequest | Issue:
    return call.merge_request() if "/merge_requests/" in call.request.path else call.issue()


def _visible(call: Call, on: MergeRequest | Issue) -> list[Note]:
    """Internal notes are for reporters and above."""
    return [n for n in on.notes if not n.internal or call.level() >= Level.REPORTER]


def _note(call: Call) -> Note:
    note = notes.find(_noteable(call), call.number("note_id"))
    if note not in _visible(call, note.noteable):
        raise not_found()
    return note


@api.get(MR + "/notes", job=True)
@api.get(ISSUE + "/notes")
async def _listed(call: Call) -> web.Response:
    order = call.choice("order_by", ("created_at", "updated_at"), "created_at")
    backwards = call.choice("sort", ("asc", "desc"), "desc") == "desc"
    kind = call.choice("activity_filter", ("all_notes", "only_comments", "only_activity"), "all_notes")
    found = _visible(call, _noteable(call))
    if kind != "all_notes":
        found = [n for n in found if n.system == (kind == "only_activity")]
    found = sorted(found, key=lambda n: (getattr(n, order), n.id), reverse=backwards)
    return call.page(found, lambda n: entities.note(call.world, n))


@api.get(MR + "/notes/{note_id}", job=True)
@api.get(ISSUE + "/notes/{note_id}")
async def _one(call: Call) -> web.Response:
    return call.json(entities.note(call.world, _note(call)))


@api.post(MR + "/notes")
@api.post(ISSUE + "/notes")
async def _create(call: Call) -> web.Response:
    body, on = call.require("body"), _noteable(call)
    internal = bool(call.flag("internal") or call.flag("confidential"))
    made = await notes.create(call.world, on, call.user, body, internal=internal)
    if isinstance(made, OnlyCommands):
        return call.json({"commands_changes": made.changes, "summary": made.summary}, 202)
    return call.json(entities.note(call.world, made), 201)


@api.put(MR + "/notes/{note_id}")
@api.put(ISSUE + "/notes/{note_id}")
async def _edit(call: Call) -> web.Response:
    note = _note(call)
    await notes.edit(call.world, note, call.user, call.require("body"))
    return call.json(entities.note(call.world, note))


@api.delete(MR + "/notes/{note_id}")
@api.delete(ISSUE + "/notes/{note_id}")
async def _delete(call: Call) -> web.Response:
    notes.delete(call.world, _note(call), call.user)
    return web.Response(status=204)


def _thread(call: Call) -> list[Note]:
    wanted = call.path("discussion_id")
    found = [n for n in _visible(call, _noteable(call)) if n.discussion_id == wanted]
    if not found:
        raise not_found("Discussion")
    return found


@api.get(MR + "/discussions", job=True)
@api.get(ISSUE + "/discussions")
async def _discussions(call: Call) -> web.Response:
    return call.page(notes.threads(_noteable(call)), lambda thread: entities.discussion(call.world, thread))


@api.get(MR + "/discussions/{discussion_id}", job=True)
@api.get(ISSUE + "/discussions/{discussion_id}")
async def _one_discussion(call: Call) -> web.Response:
    return call.json(entities.discussion(call.world, _thread(call)))


@api.post(MR + "/discussions")
@api.post(ISSUE + "/discussions")
async def _start_discussion(call: Call) -> web.Response:
    made = await notes.create(call.world, _noteable(call), call.user, call.require("body"), discussion=True)
    if isinstance(made, OnlyCommands):
        return call.json({"commands_changes": made.changes, "summary": made.summary}, 202)
    return call.json(entities.discussion(call.world, [made]), 201)


@api.post(MR + "/discussions/{discussion_id}/notes")
@api.post(ISSUE + "/discussions/{discussion_id}/notes")
async def _reply(call: Call) -> web.Response:
    thread = _thread(call)
    made = await notes.create(call.world, _noteable(call), call.user, call.require("body"), thread=thread)
    if isinstance(made, OnlyCommands):
        return call.json({"commands_changes": made.changes, "summary": made.summary}, 202)
    return call.json(entities.note(call.world, made), 201)


@api.put(MR + "/discussions/{discussion_id}")
async def _resolve(call: Call) -> web.Response:
    call.require("resolved")
    thread = _thread(call)
    notes.resolve(call.world, thread, call.user, bool(call.flag("resolved")))
    return call.json(entities.discussion(call.world, thread))


EMOJI = "/notes/{note_id}/award_emoji"


@api.get(MR + EMOJI, job=True)
@api.get(ISSUE + EMOJI)
async def _awards(call: Call) -> web.Response:
    note = _note(call)
    return call.page(note.awards, lambda it: entities.award(call.world, it, note))


@api.post(MR + EMOJI)
@api.post(ISSUE + EMOJI)
async def _award(call: Call) -> web.Response:
    note = _note(call)
    it = await notes.award(call.world, note, call.user, call.require("name"))
    return call.json(entities.award(call.world, it, note), 201)


@api.delete(MR + EMOJI + "/{award_id}")
@api.delete(ISSUE + EMOJI + "/{award_id}")
async def _revoke(call: Call) -> web.Response:
    await notes.revoke(call.world, _note(call), call.user, call.number("award_id"))
    return web.Response(status=204)


@api.get("/projects/{id}/issues")
async def _issue_list(call: Call) -> web.Response:
    state = call.choice("state", ("opened", "closed", "all"), "all")
    wanted = {t for t in (call.text("labels") or "").split(",") if t}
    search = (call.text("search") or "").lower()
    author = call.text("author_id")
    oldest_first = call.choice("sort", ("asc", "desc"), "desc") == "asc"
    found = [
        i
        for i in call.project.issues.values()
        if state in ("all", i.state)
        and {label.title for label in i.labels} >= wanted
        and (search in i.title.lower() or search in i.description.lower())
        and author in (None, str(i.author.id))
    ]
    return call.page(found if oldest_first else found[::-1], lambda it: entities.issue(call.world, it))


@api.get(ISSUE)
async def _one_issue(call: Call) -> web.Response:
    return call.json(entities.issue(call.world, call.issue()))


def _labels(call: Call) -> list[str]:
    given = call.params.get("labels") or []
    names = given if isinstance(given, list) else str(given).split(",")
    return [str(name) for name in names if name]


@api.post("/projects/{id}/issues")
async def _create_issue(call: Call) -> web.Response:
    title, text = call.require("title"), call.text("description") or ""
    it = await issues.create(call.world, call.project, call.user, title, text, _labels(call))
    return call.json(entities.issue(call.world, it), 201)


@api.put(ISSUE)
async def _edit_issue(call: Call) -> web.Response:
    wanted: dict[str, object] = {
        name: call.text(name) for name in ("title", "description", "state_event") if name in call.params
    }
    if "labels" in call.params:
        wanted["labels"] = _labels(call)
    it = call.issue()
    await issues.edit(call.world, it, call.user, wanted)
    return call.json(entities.issue(call.world, it))
