"""Probes over real HTTP, against a look-alike of Prometheus and pages beside it."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from bot.adapters.probes import WebProbes
from bot.core.verify.probes import Answered, Measured, NoAnswer
from bot.core.verify.rules import Asking, HttpProbe, PromProbe
from tests.probes.prometheus import LookAlike, look_alike, scalar, vector

QUERY = 'sum(rate(hubble_flows_processed_total{verdict="DROPPED"}[5m]))'
PATIENT = Asking(timeout=30)


@pytest.fixture
async def there() -> AsyncIterator[LookAlike]:
    async with look_alike() as made:
        yield made


def query_of(there: LookAlike, query: str = QUERY) -> PromProbe:
    return PromProbe("drops", f"{there.url}/prometheus", query, "<=", 1.0, asking=PATIENT)


def page_of(there: LookAlike, path: str, status: int = 200, contains: str = "") -> HttpProbe:
    return HttpProbe("page", there.url + path, status, contains, asking=PATIENT)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        pytest.param(vector("0.25"), Measured(0.25), id="a vector of one series is its value"),
        pytest.param(scalar("3"), Measured(3.0), id="a scalar is its value"),
        pytest.param(vector("+Inf"), Measured(float("inf")), id="infinity is a value"),
        pytest.param(
            vector("NaN"), NoAnswer("the value is not a number (NaN)"), id="NaN is no value, and said so"
        ),
        pytest.param(
            vector(),
            NoAnswer("the query gives no series; where none means zero, add: or vector(0)"),
            id="an empty vector is not zero",
        ),
        pytest.param(
            vector("1", "2", "3"),
            NoAnswer("the query gives 3 series; a probe needs one: use sum() or max()"),
            id="several series are too many",
        ),
        pytest.param(
            {"status": "success", "data": {"resultType": "matrix", "result": []}},
            NoAnswer("the query gives a matrix; a probe needs one value"),
            id="a matrix is no value",
        ),
        pytest.param(
            {"status": "success", "data": {"resultType": "vector", "result": [{"histogram": [1, {}]}]}},
            NoAnswer("the query gives no plain number; a probe needs one"),
            id="a histogram is no number",
        ),
        pytest.param(vector("zero"), NoAnswer("the query gives no number"), id="a word is no number"),
        pytest.param(
            {"status": "error", "errorType": "timeout", "error": "query timed out"},
            NoAnswer("Prometheus says: query timed out"),
            id="an error is told in its words",
        ),
        pytest.param(
            (200, "<html>log in</html>"),
            NoAnswer("HTTP 200, and the answer is not one of Prometheus"),
            id="a page to log in is not Prometheus",
        ),
        pytest.param(
            (502, "<html>bad gateway</html>"),
            NoAnswer("HTTP 502, and the answer is not one of Prometheus"),
            id="a gateway's page is not Prometheus",
        ),
        pytest.param({"status": "success"}, NoAnswer("HTTP 200, and the answer is not one of Prometheus"),
            id="JSON of another shape is not Prometheus"),
    ],
)  # fmt: skip
async def test_what_a_query_gives(there: LookAlike, answer: object, expected: Measured | NoAnswer) -> None:
    there.answers[QUERY] = answer
    assert await WebProbes().ask(query_of(there)) == expected
    assert there.asked == [("/prometheus/api/v1/query", QUERY, "")]


async def test_a_query_that_cannot_be_parsed_is_told_as_prometheus_tells_it(there: LookAlike) -> None:
    found = await WebProbes().ask(query_of(there, "sum("))
    assert found == NoAnswer('Prometheus says: invalid parameter "query": 1:1: parse error: sum(')


@pytest.mark.parametrize(
    ("path", "status", "contains", "expected"),
    [
        pytest.param("/health", 200, "", Answered(200), id="the expected status"),
        pytest.param("/health", 200, "is ok", Answered(200), id="the expected text"),
        pytest.param("/health", 200, "missing", Answered(200, contains=False), id="another text"),
        pytest.param("/down", 200, "no", Answered(503), id="another status"),
        pytest.param("/down", 503, "no", Answered(503), id="an error that is expected"),
        pytest.param("/moved", 200, "is ok", Answered(200), id="a redirect on the same host is followed"),
        pytest.param("/moved", 302, "", Answered(302), id="a redirect that is expected is not followed"),
        pytest.param(
            "/away", 200, "",
            NoAnswer("it leads to another host (elsewhere.example.com), which is not followed"),
            id="a redirect to another host is not followed",
        ),
        pytest.param(
            "/round", 200, "", NoAnswer("it leads on more than 3 times"), id="a circle of redirects ends"
        ),
        pytest.param(
            "/large", 200, "needle",
            NoAnswer("the text is not in the first 1024 KiB, and no more is read"),
            id="a large page is not read to its end",
        ),
    ],
)  # fmt: skip
async def test_what_a_page_gives(
    there: LookAlike, path: str, status: int, contains: str, expected: Answered | NoAnswer
) -> None:
    assert await WebProbes().ask(page_of(there, path, status, contains)) == expected


async def test_a_token_is_sent_as_it_is_now_and_never_shown(there: LookAlike) -> None:
    tokens = iter(["first", "second"])
    probe = replace(page_of(there, "/health"), asking=Asking(timeout=30, token=lambda: next(tokens)))
    await WebProbes().ask(probe)
    await WebProbes().ask(probe)
    assert [sent for _, _, sent in there.asked] == ["Bearer first", "Bearer second"]
    assert "token" not in repr(probe)


async def test_nobody_there_is_said(there: LookAlike) -> None:
    listener = await asyncio.start_server(lambda *_: None, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    listener.close()
    await listener.wait_closed()
    gone = HttpProbe("page", f"http://127.0.0.1:{port}/", asking=PATIENT)
    assert await WebProbes().ask(gone) == NoAnswer("the connection was refused")


async def test_who_never_answers_is_given_up() -> None:
    released = asyncio.Event()

    async def silent(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.close()

    listener = await asyncio.start_server(silent, "127.0.0.1", 0)
    port = listener.sockets[0].getsockname()[1]
    probe = HttpProbe("page", f"http://127.0.0.1:{port}/", asking=Asking(timeout=0.2))
    try:
        assert await WebProbes().ask(probe) == NoAnswer("no answer within 0.2 seconds")
    finally:
        released.set()
        listener.close()
