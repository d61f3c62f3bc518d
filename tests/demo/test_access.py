"""Who may call, and what is said to those who may not."""

from __future__ import annotations

from datetime import date

import pytest

from bot.demo.gitlab import Level
from tests.demo.world import Scene


@pytest.mark.parametrize("where", ["PRIVATE-TOKEN", "Authorization"])
async def test_a_token_is_taken_from_either_header(scene: Scene, where: str) -> None:
    value = scene.bot_token if where == "PRIVATE-TOKEN" else f"Bearer {scene.bot_token}"
    answer = await scene.anonymous().get("user", headers={where: value})
    assert (answer.status, answer.json["username"]) == (200, scene.bot.username)


async def test_a_wrong_token_is_401(scene: Scene) -> None:
    answer = await scene.with_token("glpat-wrong").get("")
    assert (answer.status, answer.json) == (401, {"message": "401 Unauthorized"})


async def test_a_revoked_token_is_401_and_says_so(scene: Scene) -> None:
    scene.gitlab.revoke(scene.bot_token)
    answer = await scene.api.get("")
    assert answer.status == 401
    assert answer.json["error"] == "invalid_token"
    assert "revoked" in answer.json["error_description"]


async def test_a_token_dies_on_the_day_it_expires(scene: Scene) -> None:
    token = scene.gitlab.token_for(scene.bot, expires=date(2026, 3, 2))
    assert (await scene.with_token(token).get("")).status == 200
    scene.clock.advance(days=1)
    answer = await scene.with_token(token).get("")
    assert answer.status == 401
    assert "expired" in answer.json["error_description"]


async def test_a_token_tells_about_itself(scene: Scene) -> None:
    token = scene.gitlab.token_for(scene.bot, scopes=["read_api"], expires=date(2027, 1, 1))
    answer = await scene.with_token(token).get("personal_access_tokens/self")
    assert answer.status == 200
    assert (answer.json["scopes"], answer.json["expires_at"], answer.json["active"]) == (
        ["read_api"],
        "2027-01-01",
        True,
    )


async def test_a_blocked_user_is_403(scene: Scene) -> None:
    token = scene.gitlab.token_for(scene.developer)
    scene.developer.state = "blocked"
    answer = await scene.with_token(token).get("")
    assert (answer.status, answer.json["message"]) == (403, "403 Forbidden - Your account has been blocked.")


async def test_read_api_reads_but_does_not_write(scene: Scene) -> None:
    mr = await scene.merge_request()
    api = scene.with_token(scene.gitlab.token_for(scene.maintainer, scopes=["read_api"]))
    assert (await api.get(f"/merge_requests/{mr.iid}")).status == 200
    refused = await api.post(f"/merge_requests/{mr.iid}/notes", body="hello")
    assert (refused.status, refused.json["error"], refused.json["scope"]) == (
        403,
        "insufficient_scope",
        "api",
    )


async def test_a_private_project_is_404_for_strangers(scene: Scene) -> None:
    stranger = scene.gitlab.add_user("stranger")
    for api in (scene.as_(stranger), scene.anonymous()):
        answer = await api.get("")
        assert (answer.status, answer.json) == (404, {"message": "404 Project Not Found"})


async def test_a_public_project_can_be_read_without_a_token_but_not_written(scene: Scene) -> None:
    scene.project.visibility = "public"
    assert (await scene.anonymous().get("")).status == 200
    assert (await scene.anonymous().post("/issues", title="x")).status == 401


async def test_a_project_is_found_by_its_encoded_path(scene: Scene) -> None:
    answer = await scene.api.get("projects/ops%2Fclusters%2Fmain")
    assert (answer.status, answer.json["id"]) == (200, scene.project.id)
    assert answer.json["path_with_namespace"] == "ops/clusters/main"


async def test_membership_of_a_group_above_counts(scene: Scene) -> None:
    lead = scene.gitlab.add_user("lead")
    scene.gitlab.add_group_member("ops", lead, Level.OWNER)
    scene.project.members[lead.id] = Level.GUEST
    answer = await scene.api.get(f"/members/all/{lead.id}")
    assert (answer.status, answer.json["access_level"]) == (200, 50)


async def test_somebody_without_a_role_is_not_a_member(scene: Scene) -> None:
    stranger = scene.gitlab.add_user("stranger")
    assert (await scene.api.get(f"/members/all/{stranger.id}")).status == 404


async def test_webhooks_are_for_maintainers(scene: Scene) -> None:
    answer = await scene.as_(scene.developer).get("/hooks")
    assert (answer.status, answer.json) == (403, {"message": "403 Forbidden"})


async def test_an_unknown_address_is_404_in_json(scene: Scene) -> None:
    answer = await scene.api.get("/nonsense")
    assert (answer.status, answer.json) == (404, {"error": "404 Not Found"})


async def test_people_are_found_by_name(scene: Scene) -> None:
    answer = await scene.api.get("users?username=ADA")
    assert [who["id"] for who in answer.json] == [scene.maintainer.id]
    assert (await scene.api.get("users/99999")).status == 404


async def test_the_version_is_told_to_those_who_are_known(scene: Scene) -> None:
    assert (await scene.api.get("version")).json["version"] == "19.0.1"
    assert (await scene.anonymous().get("version")).status == 401
