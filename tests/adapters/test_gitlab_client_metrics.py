"""What the client tells of its requests, as Prometheus reads it."""

import math

import pytest
from prometheus_client import CollectorRegistry

from bot.adapters.gitlab.answers import ShutOut
from bot.entry.metrics import GitLabMetrics
from bot.entry.tracing import NoSpans
from tests.adapters.gitlab_script import Act, Script, client_of, says, stall


async def asked(*acts: Act) -> CollectorRegistry:
    """The measures after one GET of a note that met these answers."""
    registry = CollectorRegistry()
    async with client_of(Script(*acts), observe=GitLabMetrics(registry, NoSpans())) as client:
        await client.getitem("/projects/ops%2Fcluster/merge_requests/7/notes/12")
    return registry


ROUTE = {"method": "GET", "route": "projects/:id/merge_requests/:id/notes/:id"}


async def test_requests_count_by_route_and_status_with_their_repetitions() -> None:
    found = await asked(stall, says(500), says(200))
    for status in ("none", "500", "200"):
        assert found.get_sample_value("purser_gitlab_requests_total", {**ROUTE, "status": status}) == 1
    assert found.get_sample_value("purser_gitlab_retries_total", ROUTE) == 2
    assert found.get_sample_value("purser_gitlab_request_seconds_count", ROUTE) == 3


async def test_what_the_rate_limit_leaves_is_its_last_word() -> None:
    silent = (await asked(says())).get_sample_value("purser_gitlab_rate_limit_remaining")
    assert silent is not None
    assert math.isnan(silent)
    found = await asked(says(500, RateLimit_Remaining="9"), says(RateLimit_Remaining="8"))
    assert found.get_sample_value("purser_gitlab_rate_limit_remaining") == 8


async def test_a_refused_token_shows_until_one_is_taken() -> None:
    registry = CollectorRegistry()
    async with client_of(Script(says(401), says(200)), observe=GitLabMetrics(registry, NoSpans())) as client:
        with pytest.raises(ShutOut):
            await client.getitem("/user")
        assert registry.get_sample_value("purser_gitlab_shut_out") == 1
        await client.getitem("/user")
        assert registry.get_sample_value("purser_gitlab_shut_out") == 0
