"""The API client: what it sends, where to, and what it makes of the answers."""

import asyncio
from datetime import UTC, datetime

import pytest
from aiohttp import web

from bot.adapters.gitlab.answers import ShutOut, retry_after, words
from bot.adapters.gitlab.client import Answered, open_client
from bot.core.errors import AuthorError, ForgeRefused, TransientError
from tests.adapters.gitlab_script import MASKER, QUICK, TOKEN, Script, client_of, html, says, served


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, "refused"),
        (409, "conflict"),
        (422, "refused"),
        (302, "refused"),
    ],
)
async def test_a_refusal_is_final_and_says_why(status: int, code: str) -> None:
    script = Script(says(status, {"message": {"base": [f"no, not with {TOKEN}"]}}))
    async with client_of(script) as client:
        with pytest.raises(ForgeRefused) as caught:
            await client.post("/projects/1/notes", data={})
        assert (caught.value.status, caught.value.code) == (status, code)
        assert "base: no, not with" in str(caught.value)
        assert TOKEN not in str(caught.value)
        assert script.times == 1


@pytest.mark.parametrize(
    ("status", "said", "way_out"),
    [
        (401, {"message": "401 Unauthorized"}, "a valid one"),
        (401, {"error": "invalid_token", "error_description": "Token was revoked."}, "gitlab.token"),
        (403, {"message": "403 Forbidden"}, "role maintainer"),
        (403, {"error": "insufficient_scope"}, "scope api"),
        (404, {"message": "404 Project Not Found"}, "a member"),
    ],
)
async def test_a_gitlab_that_shuts_us_out_is_told_with_the_way_out_and_not_pestered(
    status: int, said: dict[str, str], way_out: str
) -> None:
    script = Script(says(status, said))
    async with client_of(script) as client:
        for call in (client.find("/projects/a%2Fb"), client.post("/projects/a%2Fb/notes", data={})):
            with pytest.raises(ShutOut, match=way_out) as caught:
                await call
            assert caught.value.status == status
            assert "/projects/a%2Fb" in caught.value.what
        assert script.times == 2


@pytest.mark.parametrize("status", [400, 403, 404])
async def test_what_gitlab_quotes_of_others_is_masked(status: int) -> None:
    said = {"message": {"base": ["jobs:sync:variables: password=Zq7hunter2Qx is not allowed"]}}
    async with client_of(Script(says(status, said))) as client:
        with pytest.raises((ForgeRefused, ShutOut)) as caught:
            await client.post("/projects/1/pipeline", data={})
    assert "variables: password=‹masked" in str(caught.value)
    assert "Zq7hunter2Qx" not in str(caught.value)


async def test_a_missing_item_is_none() -> None:
    async with client_of(Script(says(404, {"message": "404 Not found"}))) as client:
        assert await client.find("/projects/1") is None


async def test_the_token_travels_in_its_header_only() -> None:
    script = Script(says())
    async with client_of(script) as client:
        await client.getitem("/projects/a%2Fb", {"search": "x y"})
    [request] = script.seen
    assert request.headers["PRIVATE-TOKEN"] == TOKEN
    assert "Authorization" not in request.headers
    assert TOKEN not in str(request.url)
    assert request.raw_path == "/api/v4/projects/a%2Fb?search=x+y"
    assert TOKEN not in repr(vars(client))


async def test_a_renewed_token_counts_at_once() -> None:
    tokens = iter(["old", "new"])
    script = Script(says())
    async with (
        served(script) as url,
        open_client(url, lambda: next(tokens), patience=QUICK, mask=MASKER.text) as client,
    ):
        await client.getitem("/version")
        await client.getitem("/version")
    assert [request.headers["PRIVATE-TOKEN"] for request in script.seen] == ["old", "new"]


async def test_an_address_elsewhere_never_gets_a_request() -> None:
    elsewhere = Script(says())
    async with served(elsewhere) as other, client_of(Script(says())) as client:
        with pytest.raises(ForgeRefused, match="another address"):
            await client.getitem(other.replace("127.0.0.1", "localhost") + "/api/v4/version")
    assert elsewhere.times == 0


async def test_a_redirect_elsewhere_is_refused_and_one_at_home_followed() -> None:
    async def away(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=302, headers={"Location": "http://evil.invalid/api/v4/version"})

    async def renamed(_: web.Request) -> web.StreamResponse:
        return web.json_response({}, status=301, headers={"Location": "/api/v4/projects/7"})

    async with client_of(Script(away)) as client:
        with pytest.raises(ForgeRefused, match="another address"):
            await client.getitem("/version")
    script = Script(renamed, says())
    async with client_of(script) as client:
        await client.getitem("/projects/old%2Fname")
    assert [request.path for request in script.seen][-1] == "/api/v4/projects/7"
    async with client_of(Script(renamed)) as client:
        with pytest.raises(ForgeRefused, match="circle"):
            await client.getitem("/projects/old%2Fname")


async def test_every_page_is_read_once_even_with_a_foreign_scheme_in_its_link() -> None:
    async def page(request: web.Request) -> web.StreamResponse:
        number = int(request.query.get("page", "1"))
        link = (
            f'<https://127.0.0.1/api/v4/things?page={number + 1}&per_page=100>; rel="next", <x>; rel="first"'
        )
        headers = {"Link": link} if number < 3 else {}
        return web.json_response([number * 10, number * 10 + 1], headers=headers)

    script = Script(page)
    async with client_of(script) as client:
        assert [item async for item in client.getiter("/things", {"sort": "asc"})] == [10, 11, 20, 21, 30, 31]
    assert script.seen[0].query["per_page"] == "100"
    assert script.times == 3


async def test_paging_that_does_not_end_is_an_error() -> None:
    async def for_ever(request: web.Request) -> web.StreamResponse:
        link = f'<{request.url.update_query(page=str(int(request.query.get("page", "1")) + 1))}>; rel="next"'
        return web.json_response([1], headers={"Link": link})

    async def circle(request: web.Request) -> web.StreamResponse:
        return web.json_response([1], headers={"Link": f'<{request.url}>; rel="next"'})

    for act in (for_ever, circle):
        async with client_of(Script(act)) as client:
            with pytest.raises(ForgeRefused, match="does not end"):
                _ = [item async for item in client.getiter("/things", pages=5)]


async def test_a_link_elsewhere_ends_the_list_with_an_error() -> None:
    link = '<http://evil.invalid/api/v4/things?page=2>; rel="next"'
    async with client_of(Script(says(200, [1], Link=link))) as client:
        with pytest.raises(ForgeRefused, match="another address"):
            _ = [item async for item in client.getiter("/things")]


async def test_no_more_requests_at_a_time_than_allowed() -> None:
    running, peak = 0, 0
    full = asyncio.Event()

    async def slow(_: web.Request) -> web.StreamResponse:
        nonlocal running, peak
        running += 1
        peak = max(peak, running)
        if running == 3:
            full.set()
        await asyncio.wait_for(full.wait(), 5)
        running -= 1
        return web.json_response({})

    async with (
        served(Script(slow)) as url,
        open_client(url, lambda: TOKEN, concurrency=3, mask=MASKER.text) as client,
    ):
        await asyncio.gather(*(client.getitem("/version") for _ in range(12)))
    assert peak == 3


async def test_requests_are_told_by_route_and_never_by_path() -> None:
    told: list[Answered] = []
    script = Script(says(500), says(200, None, RateLimit_Remaining="41"))
    async with client_of(script, observe=told.append) as client:
        await client.getitem("/projects/ops%2Fcluster/merge_requests/7/notes/12")
    routes = {answered.route for answered in told}
    assert routes == {"projects/:id/merge_requests/:id/notes/:id"}
    assert [(answered.status, answered.remaining) for answered in told] == [(500, None), (200, 41)]
    assert all(answered.seconds >= 0 for answered in told)


async def test_a_long_log_is_read_to_its_last_bytes() -> None:
    async def log(request: web.Request) -> web.StreamResponse:
        return web.Response(body=b"x" * 3_000_000 + b"the end", content_type="text/plain")

    async with client_of(Script(log)) as client:
        assert await client.tail("/projects/1/jobs/1/trace", 10) == b"xxxthe end"
    async with client_of(Script(html)) as client:
        with pytest.raises(TransientError):
            await client.tail("/projects/1/jobs/1/trace", 10)


async def test_a_server_that_is_not_there_is_transient() -> None:
    async with served(Script(says())) as url:
        pass
    async with open_client(url, lambda: TOKEN, patience=QUICK, mask=MASKER.text) as client:
        with pytest.raises(TransientError, match="could not be reached"):
            await client.getitem("/version")


async def test_a_certificate_file_that_is_none_is_the_operators_to_mend() -> None:
    with pytest.raises(AuthorError, match="PEM"):
        async with open_client("https://gitlab.invalid", lambda: TOKEN, ca_file=__file__, mask=MASKER.text):
            raise AssertionError("never opened")


def test_retry_after_is_seconds_or_a_date() -> None:
    now = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
    assert retry_after("7", now) == 7
    assert retry_after("Sun, 01 Nov 2026 12:00:30 GMT", now) == 30
    assert retry_after("Sun, 01 Nov 2026 11:00:00 GMT", now) == 0
    assert retry_after("soon", now) is None
    assert retry_after(None, now) is None


def test_words_of_a_refusal_are_one_bounded_line() -> None:
    json_type = {"content-type": "application/json"}
    assert words(json_type, b'{"message": {"base": ["a\\nb", "c"]}}', str) == "base: a b; c"
    expired = b'{"error": "invalid_token", "error_description": "Expired."}'
    assert words(json_type, expired, str) == "invalid_token; Expired."
    assert words({"content-type": "text/html"}, b"<b>no</b>", str) == ""
    assert len(words(json_type, b'{"message": "' + b"x" * 9000 + b'"}', str)) == 400
