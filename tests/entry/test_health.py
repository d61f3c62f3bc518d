"""Health and metrics."""

import asyncio
from collections.abc import Mapping

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.app.ports.keeping import Backlog
from bot.entry.health import Check, add_health
from bot.entry.metrics import Metrics, metrics_app


async def fine() -> None:
    return None


async def broken() -> None:
    raise OSError("password=hunter2")


async def asked(checks: Mapping[str, Check], path: str) -> tuple[int, str]:
    app = web.Application()
    add_health(app, checks)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, client.get(path) as answer:
        return answer.status, await answer.text()


async def test_the_process_is_alive_whatever_is_broken() -> None:
    assert (await asked({"database": broken}, "/healthz"))[0] == 200


async def test_ready_when_everything_it_needs_answers() -> None:
    status, body = await asked({"database": fine, "engine": fine}, "/readyz")
    assert status == 200
    assert '"database": "ok"' in body


async def test_not_ready_names_the_part_and_no_more() -> None:
    status, body = await asked({"database": broken, "engine": fine}, "/readyz")
    assert status == 503
    assert '"database": "failed"' in body
    assert '"engine": "ok"' in body
    assert "hunter2" not in body


async def test_the_page_of_metrics_shows_counts_depth_and_age() -> None:
    metrics = Metrics()
    metrics.deliveries.labels("accepted").inc(3)

    async def engine() -> dict[str, Backlog]:
        return {"plans": Backlog(2, 61.5), "deploys": Backlog()}

    async def inbox() -> dict[str, Backlog]:
        return {"inbox": Backlog(1, 0.5)}

    app = metrics_app(metrics, (engine, inbox))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client, client.get("/metrics") as answer:
        text = await answer.text()
        assert answer.headers["Content-Type"].startswith("text/plain")
    assert 'purser_deliveries_total{result="accepted"} 3.0' in text
    assert 'purser_queue_depth{queue="plans"} 2.0' in text
    assert 'purser_queue_oldest_seconds{queue="plans"} 61.5' in text
    assert 'purser_queue_oldest_seconds{queue="deploys"} 0.0' in text
    assert 'purser_queue_oldest_seconds{queue="inbox"} 0.5' in text


async def test_a_database_that_does_not_answer_takes_the_queues_from_the_page_and_nothing_else() -> None:
    metrics, answers = Metrics(), [True, False]
    metrics.deliveries.labels("accepted").inc(3)

    async def engine() -> dict[str, Backlog]:
        if not answers.pop(0):
            raise OSError("password=hunter2")
        return {"plans": Backlog(2, 61.5)}

    app = metrics_app(metrics, (engine,))
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        pages = []
        for _ in range(2):
            async with client.get("/metrics") as answer:
                assert answer.status == 200
                pages.append(await answer.text())
    assert 'purser_queue_oldest_seconds{queue="plans"} 61.5' in pages[0]
    assert "purser_queue_oldest_seconds{" not in pages[1]
    assert "purser_queue_depth{" not in pages[1]
    assert 'purser_deliveries_total{result="accepted"} 3.0' in pages[1]
    assert "hunter2" not in pages[1]


async def test_answers_are_timed_by_route_and_never_by_path() -> None:
    metrics = Metrics()

    async def show(request: web.Request) -> web.Response:
        return web.Response()

    app = web.Application(middlewares=[metrics.measure])
    app.router.add_get("/plans/{id}", show)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        paths = ("/plans/1", "/plans/2", "/no/such/path")
        answers = await asyncio.gather(*(client.get(path) for path in paths))
        assert [answer.status for answer in answers] == [200, 200, 404]

    def count(route: str, status: str) -> float | None:
        labels = {"route": route, "status": status}
        return metrics.registry.get_sample_value("purser_http_request_seconds_count", labels)

    assert count("/plans/{id}", "200") == 2
    assert count("unknown", "404") == 1
