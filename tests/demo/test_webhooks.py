"""Webhooks on their way: headers, signature, order, loss, resending."""

from __future__ import annotations

import base64
import hashlib
import hmac

from bot.demo.gitlab import drop, twice
from bot.demo.gitlab.delivery import EVENTS
from tests.demo.world import Receiver, Scene


def _secret() -> tuple[str, bytes]:
    key = hashlib.sha256(b"key").digest()
    return "whsec_" + base64.b64encode(key).decode(), key


async def test_the_headers_are_gitlabs(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, token="hush")
    await scene.merge_request()
    await scene.gitlab.hooks.idle()
    headers = {r.headers["X-Gitlab-Event"]: r.headers for r in receiver.got}["Merge Request Hook"]
    assert headers["X-Gitlab-Token"] == "hush"
    assert headers["X-Gitlab-Instance"] == scene.gitlab.url
    assert headers["Idempotency-Key"] == headers["webhook-id"]
    assert headers["webhook-timestamp"] == str(int(scene.clock.at.timestamp()))
    assert {"X-Gitlab-Event-UUID", "X-Gitlab-Webhook-UUID"} <= set(headers)
    assert "webhook-signature" not in headers


async def test_a_signing_token_signs_the_raw_body(scene: Scene, receiver: Receiver) -> None:
    token, key = _secret()
    scene.gitlab.add_hook(scene.project, receiver.url, signing_token=token)
    await scene.merge_request()
    await scene.gitlab.hooks.idle()
    for got in receiver.got:
        signed = f"{got.headers['webhook-id']}.{got.headers['webhook-timestamp']}.".encode() + got.body
        digest = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert got.headers["webhook-signature"] == f"v1,{digest}"
        assert "X-Gitlab-Token" not in got.headers


async def test_a_merge_requests_life_in_hooks(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, events=["merge_requests"])
    hooks, mr = scene.gitlab.hooks, await scene.merge_request()
    old = mr.head
    await hooks.idle()
    await scene.gitlab.push(scene.project, "change", {"values.yaml": "replicas: 3\n"}, scene.developer)
    await hooks.idle()
    await scene.gitlab.edit(mr, scene.developer, labels=["x"])
    await hooks.idle()
    for act in (scene.gitlab.close, scene.gitlab.reopen, scene.gitlab.approve):
        await act(mr, scene.maintainer)
        await hooks.idle()
    await scene.gitlab.merge(mr, scene.maintainer)
    await hooks.idle()
    actions = [action for _, action in receiver.events()]
    assert actions == ["open", "update", "update", "close", "reopen", "approved", "merge"]
    bodies = [r.json for r in receiver.got]
    assert bodies[1]["object_attributes"]["oldrev"] == old
    assert "oldrev" not in bodies[2]["object_attributes"]
    assert set(bodies[2]["changes"]) == {"labels", "updated_at"}
    assert bodies[6]["object_attributes"]["merge_commit_sha"] == mr.merge_commit


async def test_draft_and_target_changes_are_told(scene: Scene, receiver: Receiver) -> None:
    await scene.gitlab.push(scene.project, "other", {"x": "y"}, scene.maintainer)
    mr = await scene.merge_request()
    await scene.gitlab.edit(mr, scene.developer, title="Draft: x")
    scene.gitlab.add_hook(scene.project, receiver.url, events=["merge_requests"])
    await scene.gitlab.edit(mr, scene.developer, title="x", target_branch="other")
    await scene.gitlab.hooks.idle()
    changes = receiver.got[0].json["changes"]
    assert changes["draft"] == {"previous": True, "current": False}
    assert changes["target_branch"] == {"previous": "main", "current": "other"}


async def test_notes_tell_whether_they_are_new_or_edited(scene: Scene, receiver: Receiver) -> None:
    mr = await scene.merge_request()
    scene.gitlab.add_hook(scene.project, receiver.url, events=["note", "confidential_note", "emoji"])
    made = await scene.api.post(f"/merge_requests/{mr.iid}/notes", body="one")
    await scene.gitlab.hooks.idle()
    await scene.api.put(f"/merge_requests/{mr.iid}/notes/{made.json['id']}", body="two")
    await scene.gitlab.hooks.idle()
    await scene.gitlab.comment(mr, scene.maintainer, "psst", internal=True)
    await scene.gitlab.hooks.idle()
    await scene.api.post(f"/merge_requests/{mr.iid}/notes/{made.json['id']}/award_emoji", name="eyes")
    await scene.gitlab.approve(mr, scene.maintainer)  # makes a system note, which fires nothing
    await scene.gitlab.hooks.idle()
    assert receiver.events() == [
        ("Note Hook", "create"),
        ("Note Hook", "update"),
        ("Confidential Note Hook", "create"),
        ("Emoji Hook", "award"),
    ]


async def test_nothing_is_sent_again_by_itself_but_by_hand(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, events=["merge_requests"])
    receiver.status = 500
    await scene.merge_request()
    await scene.gitlab.hooks.idle()
    (delivery,) = scene.gitlab.deliveries
    assert (len(receiver.got), delivery.status) == (1, 500)
    receiver.status = 202
    assert await scene.gitlab.hooks.resend(delivery) == 202
    first, second = receiver.got
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"]
    assert first.headers["X-Gitlab-Webhook-UUID"] != second.headers["X-Gitlab-Webhook-UUID"]
    assert first.body == second.body


async def test_deliveries_can_be_dropped_doubled_and_turned_around(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, events=["merge_requests"])
    hooks = scene.gitlab.hooks
    hooks.policy = drop
    mr = await scene.merge_request()
    await hooks.idle()
    assert receiver.got == []
    hooks.policy = twice
    await scene.gitlab.close(mr, scene.developer)
    await hooks.idle()
    assert [a for _, a in receiver.events()] == ["close", "close"]
    hooks.hold()
    await scene.gitlab.reopen(mr, scene.developer)
    await scene.gitlab.approve(mr, scene.maintainer)
    hooks.release(lambda held: held[:0:-1])
    await hooks.idle()
    assert [a for _, a in receiver.events()][2:] == ["approved"]


async def test_four_failures_switch_a_hook_off_for_a_while(scene: Scene, receiver: Receiver) -> None:
    hook = scene.gitlab.add_hook(scene.project, receiver.url, events=["note"])
    scene.gitlab.hooks.auto_disable = True
    receiver.status = 404
    mr = await scene.merge_request()
    for number in range(6):
        await scene.gitlab.comment(mr, scene.developer, f"{number}")
        await scene.gitlab.hooks.idle()
    assert len(receiver.got) == 4
    shown = (await scene.api.get(f"/hooks/{hook.id}")).json
    assert shown["alert_status"] == "temporarily_disabled"
    scene.clock.advance(minutes=2)
    await scene.gitlab.comment(mr, scene.developer, "again")
    await scene.gitlab.hooks.idle()
    assert len(receiver.got) == 5


async def test_a_group_hook_and_a_project_hook_both_fire(scene: Scene, receiver: Receiver) -> None:
    scene.gitlab.add_hook(scene.project, receiver.url, events=["note"])
    scene.gitlab.add_hook("ops", receiver.url, events=["note"])
    scene.gitlab.add_hook("op", receiver.url, events=["note"])
    mr = await scene.merge_request()
    await scene.gitlab.comment(mr, scene.developer, "x")
    await scene.gitlab.hooks.idle()
    assert len(receiver.got) == 2
    assert len({r.headers["Idempotency-Key"] for r in receiver.got}) == 2
    assert len({r.headers["X-Gitlab-Event-UUID"] for r in receiver.got}) == 1


async def test_hooks_are_kept_through_the_api(scene: Scene, receiver: Receiver) -> None:
    api = scene.as_(scene.maintainer)
    made = await api.post("/hooks", url=receiver.url, token="a", note_events=True, push_events=False)
    assert (made.status, made.json["note_events"], made.json["push_events"]) == (201, True, False)
    assert not {"token", "signing_token"} & set(made.json)
    number = made.json["id"]
    edited = await api.put(f"/hooks/{number}", url=receiver.url, pipeline_events=True)
    assert (edited.json["note_events"], edited.json["pipeline_events"]) == (True, True)
    assert scene.gitlab.world.hooks[number].token == ""  # an edit that names no token erases it
    assert len((await api.get("/hooks")).json) == 1
    assert (await api.delete(f"/hooks/{number}")).status == 204
    assert (await api.post("/hooks", url="ftp://x")).status == 422


async def test_a_hook_can_be_tested(scene: Scene, receiver: Receiver) -> None:
    hook = scene.gitlab.add_hook(scene.project, receiver.url, events=[])
    await scene.merge_request()
    answer = await scene.as_(scene.maintainer).post(f"/hooks/{hook.id}/test/merge_requests_events")
    assert (answer.status, answer.json) == (201, {"message": "201 Created"})
    assert receiver.got[0].headers["X-Gitlab-Event"] == EVENTS["merge_request"][1]
    receiver.status = 401
    refused = await scene.as_(scene.maintainer).post(f"/hooks/{hook.id}/test/push_events")
    assert refused.status == 422
