"""A hook door on a real socket, for the tests of it."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from bot.adapters.memory import MemoryInbox
from bot.core.model import Target
from bot.core.webhook.signature import Doorkeeper
from bot.core.webhook.source import Sources
from bot.entry.doorbell import Doorbell
from bot.entry.hook import Hook, Inbox
from bot.entry.metrics import Metrics

NOW = 1_795_000_000.0
TOKEN = "the-webhook-token"
EVENT = {"X-Gitlab-Event": "Merge Request Hook"}
TARGETS = (Target("production", "platform/cluster"),)


def opened(iid: int = 1, project: str = "platform/cluster") -> dict[str, Any]:
    return {
        "object_kind": "merge_request",
        "project": {"path_with_namespace": project, "default_branch": "main"},
        "object_attributes": {
            "iid": iid,
            "action": "open",
            "state": "opened",
            "target_branch": "main",
            "last_commit": {"id": "a" * 40},
        },
    }


@dataclass
class Door:
    client: TestClient[web.Request, web.Application]
    inbox: MemoryInbox
    metrics: Metrics = field(repr=False)

    async def knock(self, **request: Any) -> tuple[int, str]:
        """Status and status word of the answer; the token comes along unless headers are given."""
        request.setdefault("headers", {"X-Gitlab-Token": TOKEN, **EVENT})
        async with self.client.post("/hooks/gitlab", **request) as answer:
            text = await answer.text()
            assert text.endswith("\n")
            assert text.count("\n") == 1
            return answer.status, (await answer.json())["status"]

    def counted(self, result: str) -> float:
        return self.metrics.registry.get_sample_value("purser_deliveries_total", {"result": result}) or 0


@asynccontextmanager
async def open_door(
    signing_tokens: Sequence[str] = (),
    token: str | None = TOKEN,
    inbox: Inbox | None = None,
    read_seconds: float = 10.0,
    sources: Sources | None = None,
) -> AsyncIterator[Door]:
    kept, metrics = MemoryInbox(), Metrics()
    keeper = Doorkeeper(token, signing_tokens)
    hook = Hook(
        keeper,
        inbox or kept,
        TARGETS,
        Doorbell(),
        metrics,
        sources=sources,
        read_seconds=read_seconds,
        now=lambda: NOW,
    )
    app = web.Application(middlewares=[metrics.measure])
    hook.add_to(app)
    async with TestClient(TestServer(app, host="127.0.0.1")) as client:
        yield Door(client, kept, metrics)
