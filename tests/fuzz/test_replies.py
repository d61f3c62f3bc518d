"""Replies to commands, with text that wants to break out wherever a cluster or a person wrote it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.memory import MemoryStore
from bot.app.commands.help import Help
from bot.app.commands.history import History
from bot.app.commands.request import Request, no_target
from bot.app.commands.status import Status
from bot.app.ports import MergeRequest
from bot.app.ports.cluster import ReleaseHead
from bot.app.ports.keeping import Deployment
from bot.core.command import Command
from bot.core.errors import ClusterUnreachable
from bot.core.gate.decision import Lock
from bot.core.model import Target
from tests.fuzz.harmless import assert_harmless
from tests.fuzz.hostile import texts

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
ROLES = {"help": 20, "status": 20, "history": 20, "plan": 30}
given_texts = st.lists(texts, min_size=4, max_size=4)


class Hostile:
    """A cluster, and how to open it, in which each name and status is of somebody else's making."""

    def __init__(self, given: list[str], *, answers: bool = True) -> None:
        self._given, self._answers = given, answers

    @asynccontextmanager
    async def open(self, target: Target) -> AsyncIterator[Any]:
        if not self._answers:
            raise ClusterUnreachable(self._given[0])
        yield self

    async def releases(self) -> tuple[ReleaseHead, ...]:
        name, namespace, status, _ = self._given
        return (ReleaseHead(name, namespace, 2, status, "1"), ReleaseHead(name, namespace, 1, status, "1"))

    async def release(self, namespace: str, name: str) -> None:
        return None


def _request(given: list[str], *args: str, targets: bool = True, elsewhere: bool = False) -> Request:
    mr = MergeRequest(
        "a/b", 1, 1, "opened", given[0], given[1], False, 1, given[2], given[3], "a" * 40, None, None, ""
    )
    note: Any = None  # none of these reads the note again
    aimed = (Target(given[1], "a/b"),) if targets else ()
    other = ((given[0], given[2]),) if elsewhere else ()
    return Request(Command("status", args), mr, note, aimed, 40, ROLES, other)


async def _store(given: list[str]) -> Any:
    store: Any = MemoryStore()
    await store.put_lock("a/b", given[1], Lock(given[2], given[3], AT))
    await store.put_deployment(Deployment("a/b", 1, given[1], "a" * 40, "held", reason=given[0]))
    return store


async def _status(given: list[str]) -> str:
    return (await Status(Hostile(given), await _store(given))(_request(given))).text


async def _status_unread(given: list[str]) -> str:
    return (await Status(Hostile(given, answers=False), await _store(given))(_request(given))).text


async def _history(given: list[str]) -> str:
    return (await History(Hostile(given), await _store(given))(_request(given, given[0]))).text


async def _history_of_none(given: list[str]) -> str:
    return (await History(Hostile(given), await _store(given))(_request(given, "x" + given[0]))).text


async def _help(given: list[str]) -> str:
    return (await Help(ROLES)(_request(given))).text


async def _help_elsewhere(given: list[str]) -> str:
    return (await Help(ROLES)(_request(given, targets=False, elsewhere=True))).text


async def _nothing_here(given: list[str]) -> str:
    return no_target(_request(given)).text


REPLIES = (
    _status, _status_unread, _history, _history_of_none, _help, _help_elsewhere, _nothing_here,
)  # fmt: skip


@pytest.mark.parametrize("reply", REPLIES, ids=lambda reply: reply.__name__[1:])
def test_nothing_that_others_wrote_does_anything_in_a_reply(reply: Any) -> None:
    with asyncio.Runner() as runner:

        @settings(max_examples=60, deadline=None, derandomize=True, database=None)
        @given(given_texts)
        def holds(given: list[str]) -> None:
            assert_harmless(runner.run(reply(given)))

        holds()
        assert runner.run(reply(["one", "two", "three", "four"]))
