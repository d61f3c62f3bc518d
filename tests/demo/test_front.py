"""The log of requests, planted faults and the throttle."""

from __future__ import annotations

from aiohttp import web

from tests.demo.world import Scene


async def test_every_request_is_in_the_log(scene: Scene) -> None:
    mr = await scene.merge_request()
    await scene.api.post(f"/merge_requests/{mr.iid}/notes?x=1", body="hello")
    seen = scene.gitlab.requests[-1]
    assert (seen.method, seen.status, seen.user) == ("POST", 201, scene.bot.username)
    assert seen.path == f"/api/v4/projects/{scene.project.id}/merge_requests/{mr.iid}/notes"
    assert (seen.query, seen.body) == ({"x": "1"}, {"body": "hello"})


async def test_no_token_is_in_the_log(scene: Scene) -> None:
    await scene.api.get("")
    assert scene.bot_token not in repr(scene.gitlab.requests)


async def test_a_planted_fault_answers_instead(scene: Scene) -> None:
    scene.gitlab.plant_fault(lambda request: web.Response(status=502, text="<html>Bad Gateway</html>"))
    answer = await scene.api.get("")
    assert (answer.status, answer.json) == (502, None)
    scene.gitlab.plant_fault(None)
    assert (await scene.api.get("")).status == 200


async def test_an_answer_can_be_lost_after_the_work_is_done(scene: Scene) -> None:
    mr = await scene.merge_request()

    async def lose(request: web.Request, response: web.StreamResponse) -> web.Response | None:
        return web.Response(status=504) if request.method == "POST" else None

    scene.gitlab.plant_fault(after=lose)
    answer = await scene.api.post(f"/merge_requests/{mr.iid}/notes", body="once")
    assert (answer.status, [n.body for n in mr.notes]) == (504, ["once"])


async def test_the_throttle_says_when_to_come_back(scene: Scene) -> None:
    scene.gitlab.limits.requests_per_minute = 2
    scene.gitlab.limits.retry_after = 7
    answers = [await scene.api.get("") for _ in range(3)]
    assert [a.status for a in answers] == [200, 200, 429]
    assert (answers[-1].text, answers[-1].headers["Retry-After"]) == ("Retry later\n", "7")
    assert answers[-1].headers["RateLimit-Remaining"] == "0"
    scene.clock.advance(seconds=61)
    assert (await scene.api.get("")).status == 200
