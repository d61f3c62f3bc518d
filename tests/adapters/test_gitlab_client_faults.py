"""The API client when GitLab, or something before it, fails."""

import asyncio

import pytest

from bot.adapters.gitlab.answers import RateLimited
from bot.adapters.gitlab.client import Patience
from bot.core.errors import TransientError
from tests.adapters.gitlab_script import FAULTS, TOKEN, Act, Script, client_of, says


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_one_fault_of_a_read_goes_unnoticed(fault: Act) -> None:
    script = Script(fault, says())
    async with client_of(script) as client:
        assert await client.getitem("/version") == {"fine": True}
        assert script.times == 2


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_a_lasting_fault_is_transient_for_reads_and_repeatable_writes(fault: Act) -> None:
    script = Script(fault)
    hasty = Patience(total=0.1, budget=1, attempts=2, first_wait=0.001, longest_wait=0.01, jitter=0.001)
    async with client_of(script, hasty) as client:
        with pytest.raises(TransientError) as caught:
            await client.put("/projects/1", data={"a": 1})
        assert TOKEN not in str(caught.value)
        assert client.requests == 2


@pytest.mark.parametrize(
    "fault",
    [act for name, act in FAULTS.items() if "429" not in name],
    ids=[n for n in FAULTS if "429" not in n],
)
async def test_a_creation_is_never_repeated_when_its_end_is_unknown(fault: Act) -> None:
    script = Script(fault, says(201))
    async with client_of(script) as client:
        with pytest.raises(TransientError):
            await client.post("/projects/1/notes", data={"body": "once"})
        assert script.times == 1


async def test_a_creation_is_repeated_after_429_as_nothing_was_done() -> None:
    script = Script(says(429, retry_after="0"), says(201, {"id": 5}))
    async with client_of(script) as client:
        assert await client.post("/projects/1/notes", data={"body": "once"}) == {"id": 5}


async def test_a_wait_beyond_our_patience_is_handed_on_at_once() -> None:
    script = Script(says(429, retry_after="300"))
    async with client_of(script) as client:
        with pytest.raises(RateLimited) as caught:
            await client.getitem("/version")
        assert caught.value.retry_after == 300
        assert script.times == 1


async def test_waits_as_long_as_retry_after_says() -> None:
    script = Script(says(429, retry_after="1"), says())
    loop = asyncio.get_running_loop()
    async with client_of(script) as client:
        started = loop.time()
        await client.getitem("/version")
        assert loop.time() - started >= 1
