"""Notes, threads and reactions."""

from __future__ import annotations

from typing import Any

import pytest

from bot.demo.gitlab.notes import LONGEST
from tests.demo.world import Scene


@pytest.fixture
async def mr(scene: Scene) -> Any:
    return await scene.merge_request()


@pytest.fixture
def path(mr: Any) -> str:
    return f"/merge_requests/{mr.iid}/notes"


async def test_a_note_is_written_read_edited_and_deleted(scene: Scene, path: str) -> None:
    made = await scene.api.post(path, body="first")
    assert (made.status, made.json["author"]["id"]) == (201, scene.bot.id)
    one = f"{path}/{made.json['id']}"
    scene.clock.advance(minutes=1)
    edited = await scene.api.put(one, body="second")
    assert (edited.status, edited.json["body"]) == (200, "second")
    assert edited.json["updated_at"] > edited.json["created_at"]
    assert (await scene.api.get(one)).json["body"] == "second"
    assert (await scene.api.delete(one)).status == 204
    assert (await scene.api.get(one)).status == 404


async def test_the_newest_note_comes_first_unless_asked_otherwise(scene: Scene, path: str) -> None:
    for body in ("one", "two"):
        await scene.api.post(path, body=body)
    assert [n["body"] for n in (await scene.api.get(path)).json] == ["two", "one"]
    assert [n["body"] for n in (await scene.api.get(path + "?sort=asc")).json] == ["one", "two"]


async def test_a_note_of_a_million_characters_is_taken_and_one_more_is_not(
    scene: Scene, mr: Any, path: str
) -> None:
    assert (await scene.api.post(path, body="x" * LONGEST)).status == 201
    refused = await scene.api.post(path, body="x" * (LONGEST + 1))
    assert (refused.status, len(mr.notes)) == (400, 1)
    assert "is too long (maximum is 1000000 characters)" in refused.json["message"]


@pytest.mark.parametrize("body", ["", "  \n "])
async def test_a_blank_note_is_400(scene: Scene, mr: Any, path: str, body: str) -> None:
    refused = await scene.api.post(path, body=body)
    assert (refused.status, mr.notes) == (400, [])
    assert "can't be blank" in refused.json["message"]


async def test_a_missing_body_is_named(scene: Scene, path: str) -> None:
    answer = await scene.api.post(path)
    assert (answer.status, answer.json) == (400, {"error": "body is missing"})


async def test_others_notes_are_not_edited_but_by_maintainers(scene: Scene, mr: Any, path: str) -> None:
    note = await scene.gitlab.comment(mr, scene.reporter, "mine")
    assert note is not None
    assert (await scene.as_(scene.developer).put(f"{path}/{note.id}", body="yours")).status == 403
    assert (await scene.as_(scene.maintainer).put(f"{path}/{note.id}", body="ours")).status == 200


async def test_too_many_notes_a_minute_are_429(scene: Scene, path: str) -> None:
    scene.gitlab.limits.notes_per_minute = 2
    assert [(await scene.api.post(path, body="x")).status for _ in range(3)] == [201, 201, 429]
    refused = await scene.api.post(path, body="x")
    assert refused.headers["Retry-After"] == "60"
    assert refused.json["message"]["error"].startswith("This endpoint has been requested too many times")
    scene.clock.advance(seconds=61)
    assert (await scene.api.post(path, body="x")).status == 201


async def test_internal_notes_are_hidden_from_guests(scene: Scene, mr: Any, path: str) -> None:
    scene.project.visibility = "public"
    await scene.gitlab.comment(mr, scene.maintainer, "between us", internal=True)
    assert (await scene.anonymous().get(path)).json == []
    assert (await scene.api.get(path)).json[0]["internal"] is True


async def test_system_notes_are_listed_among_the_others(scene: Scene, mr: Any, path: str) -> None:
    await scene.gitlab.approve(mr, scene.maintainer)
    await scene.gitlab.comment(mr, scene.developer, "thanks")
    assert [n["system"] for n in (await scene.api.get(path)).json] == [False, True]
    only = await scene.api.get(path + "?activity_filter=only_comments")
    assert [n["body"] for n in only.json] == ["thanks"]


async def test_a_reply_joins_its_discussion(scene: Scene, mr: Any) -> None:
    base = f"/merge_requests/{mr.iid}/discussions"
    started = await scene.api.post(base, body="a question")
    assert (started.status, started.json["individual_note"]) == (201, False)
    answered = await scene.as_(scene.developer).post(f"{base}/{started.json['id']}/notes", body="an answer")
    assert answered.status == 201
    thread = (await scene.api.get(f"{base}/{started.json['id']}")).json
    assert [n["body"] for n in thread["notes"]] == ["a question", "an answer"]
    assert (await scene.api.get(f"{base}/nonsense")).status == 404


async def test_a_plain_note_is_a_discussion_of_its_own(scene: Scene, mr: Any, path: str) -> None:
    await scene.api.post(path, body="alone")
    listed = (await scene.api.get(f"/merge_requests/{mr.iid}/discussions")).json
    assert [(d["individual_note"], len(d["notes"])) for d in listed] == [(True, 1)]


async def test_a_reaction_is_given_once(scene: Scene, path: str) -> None:
    note = (await scene.api.post(path, body="x")).json["id"]
    where = f"{path}/{note}/award_emoji"
    made = await scene.api.post(where, name="eyes")
    assert (made.status, made.json["awardable_id"], made.json["awardable_type"]) == (201, note, "Note")
    again = await scene.api.post(where, name="eyes")
    assert again.status == 404
    assert "has already been taken" in again.json["message"]
    assert (await scene.api.post(where, name="no_such_emoji")).status == 404
    assert [a["name"] for a in (await scene.api.get(where)).json] == ["eyes"]
    one = f"{where}/{made.json['id']}"
    assert (await scene.as_(scene.developer).delete(one)).status == 401
    assert (await scene.api.delete(one)).status == 204


async def test_issues_are_opened_commented_and_closed(scene: Scene) -> None:
    made = await scene.api.post("/issues", title="Drift", description="x", labels="purser")
    assert (made.status, made.json["labels"]) == (201, ["purser"])
    assert (await scene.api.post("/issues/1/notes", body="still there")).status == 201
    assert [i["iid"] for i in (await scene.api.get("/issues?state=opened&labels=purser")).json] == [1]
    closed = await scene.api.put("/issues/1", state_event="close")
    assert (closed.json["state"], closed.json["closed_by"]["id"]) == ("closed", scene.bot.id)
    assert (await scene.api.get("/issues?state=opened")).json == []


async def test_a_thread_blocks_until_it_is_resolved_and_a_lone_comment_never_does(
    scene: Scene, mr: Any, path: str
) -> None:
    async def resolved() -> bool:
        return bool((await scene.api.get(f"/merge_requests/{mr.iid}")).json["blocking_discussions_resolved"])

    await scene.api.post(path, body="by itself")
    assert await resolved()
    thread = (await scene.api.post(path.replace("/notes", "/discussions"), body="why?")).json["id"]
    assert not await resolved()
    one = path.replace("/notes", f"/discussions/{thread}")
    answer = await scene.api.put(one, resolved=True)
    assert [(note["resolved"], note["resolved_by"]["id"]) for note in answer.json["notes"]] == [
        (True, scene.bot.id)
    ]
    assert await resolved()
    await scene.api.post(f"{one}/notes", body="because")
    assert not await resolved()


async def test_issues_are_listed_by_author(scene: Scene) -> None:
    await scene.api.post("/issues", title="by the bot")
    await scene.as_(scene.developer).post("/issues", title="by a person")
    found = await scene.api.get(f"/issues?author_id={scene.bot.id}")
    assert [it["title"] for it in found.json] == ["by the bot"]
    everything = await scene.api.get("/issues?sort=asc")
    assert [it["title"] for it in everything.json] == ["by the bot", "by a person"]
