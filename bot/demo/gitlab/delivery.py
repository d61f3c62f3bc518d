"""Webhooks on their way: signed, sent over real HTTP in the background, logged, never retried."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import uuid
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import aiohttp

from bot.demo.gitlab.state import Hook, Project
from bot.demo.gitlab.world import World

EVENTS = {
    "push": ("push_events", "Push Hook"),
    "merge_request": ("merge_requests_events", "Merge Request Hook"),
    "note": ("note_events", "Note Hook"),
    "confidential_note": ("confidential_note_events", "Confidential Note Hook"),
    "issue": ("issues_events", "Issue Hook"),
    "pipeline": ("pipeline_events", "Pipeline Hook"),
    "job": ("job_events", "Job Hook"),
    "deployment": ("deployment_events", "Deployment Hook"),
    "emoji": ("emoji_events", "Emoji Hook"),
}
"""What happened -> the switch on the webhook, and the X-Gitlab-Event header."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """One HTTP request; `status` is None where no answer came, and `error` says why."""

    at: datetime
    status: int | None
    error: str
    headers: dict[str, str]


@dataclass(slots=True, eq=False)
class Delivery:
    """One event on its way to one webhook; `key` is its Idempotency-Key."""

    id: int
    hook: Hook
    kind: str
    payload: dict[str, Any]
    event_uuid: str
    key: str
    attempts: list[Attempt] = field(default_factory=list)

    @property
    def event(self) -> str:
        """The X-Gitlab-Event header."""
        return EVENTS[self.kind][1]

    @property
    def body(self) -> bytes:
        return json.dumps(self.payload, ensure_ascii=False, separators=(",", ":")).encode()

    @property
    def status(self) -> int | None:
        """The last answer's."""
        return self.attempts[-1].status if self.attempts else None


Policy = Callable[[Delivery], Sequence[float]]
"""When a delivery is sent: a request after each of the given seconds. No entry: it is lost."""


def once(delivery: Delivery) -> Sequence[float]:
    """As GitLab does on a good day."""
    return (0.0,)


def drop(delivery: Delivery) -> Sequence[float]:
    """It is lost."""
    return ()


def twice(delivery: Delivery) -> Sequence[float]:
    """It arrives two times, as after a time-out."""
    return (0.0, 0.0)


@dataclass(slots=True)
class Postman:
    """Sends, and remembers what it sent in `log`."""

    world: World
    policy: Policy = once
    auto_disable: bool = False
    timeout: float = 10.0
    log: list[Delivery] = field(default_factory=list)
    _held: list[Delivery] | None = None
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _session: aiohttp.ClientSession | None = None

    def emit(self, project: Project, kind: str, payload: dict[str, Any]) -> None:
        """Hands the event to each webhook of the project and of the groups above it that asked for it."""
        switch, _ = EVENTS[kind]
        event = self._uuid(f"event {self.world.number('event')}")
        frozen = json.dumps(payload, ensure_ascii=False)
        for hook in list(self.world.hooks.values()):
            mine = hook.project is project or (
                hook.group and f"{project.namespace}/".startswith(hook.group + "/")
            )
            if mine and switch in hook.events and not self._disabled(hook):
                number = self.world.number("delivery")
                made = Delivery(number, hook, kind, json.loads(frozen), event, self._uuid(f"key {number}"))
                self.log.append(made)
                self._send_by_policy(made)

    def hold(self) -> None:
        """From now on deliveries wait for `release`."""
        self._held = self._held or []

    def release(self, order: Callable[[list[Delivery]], Iterable[Delivery]] = list) -> None:
        """Sends what waits, in the given order (e.g. `reversed`)."""
        held, self._held = self._held or [], None
        for delivery in order(held):
            self._start(delivery, 0.0)

    async def resend(self, delivery: Delivery) -> int | None:
        """Sends it again as a person does by hand: same Idempotency-Key, new X-Gitlab-Webhook-UUID. The
        answer's status, None if none came.
        """
        await self._send(delivery, 0.0)
        return delivery.status

    async def send_sample(self, hook: Hook, kind: str, payload: dict[str, Any]) -> int | None:
        """One delivery to one webhook, whatever it asked for; waits for the answer's status."""
        number = self.world.number("delivery")
        event = self._uuid(f"event {self.world.number('event')}")
        made = Delivery(number, hook, kind, payload, event, self._uuid(f"key {number}"))
        self.log.append(made)
        return await self.resend(made)

    async def idle(self, within: float = 10.0) -> None:
        """Waits until nothing is on its way; TimeoutError after so many seconds."""
        async with asyncio.timeout(within):
            while self._tasks:
                await asyncio.gather(*self._tasks)

    async def close(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        if self._session is not None:
            await self._session.close()

    def _send_by_policy(self, delivery: Delivery) -> None:
        if self._held is not None:
            self._held.append(delivery)
            return
        for delay in self.policy(delivery):
            self._start(delivery, delay)

    def _start(self, delivery: Delivery, delay: float) -> None:
        task = asyncio.get_running_loop().create_task(self._send(delivery, delay))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _send(self, delivery: Delivery, delay: float) -> None:
        if delay:
            await asyncio.sleep(delay)
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=self.timeout))
        body, status, error = delivery.body, None, ""
        headers = self.headers(delivery, body)
        try:
            async with self._session.post(
                delivery.hook.url, data=body, headers=headers, allow_redirects=False
            ) as answer:
                await answer.read()
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as problem:
            error = f"{type(problem).__name__}: {problem}"
        delivery.attempts.append(Attempt(self.world.now(), status, error, headers))
        self._count(delivery.hook, status is not None and status < 400)

    def headers(self, delivery: Delivery, body: bytes) -> dict[str, str]:
        hook, moment = delivery.hook, str(int(self.world.now().timestamp()))
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"GitLab/{self.world.version}",
            "X-Gitlab-Event": delivery.event,
            "X-Gitlab-Instance": self.world.url,
            "X-Gitlab-Event-UUID": delivery.event_uuid,
            "X-Gitlab-Webhook-UUID": self._uuid(f"attempt {self.world.number('attempt')}"),
            "Idempotency-Key": delivery.key,
            "webhook-id": delivery.key,
            "webhook-timestamp": moment,
        }
        if hook.token:
            headers["X-Gitlab-Token"] = hook.token
        if hook.signing_token:
            headers["webhook-signature"] = sign(hook.signing_token, delivery.key, moment, body)
        return headers

    def _count(self, hook: Hook, good: bool) -> None:
        """Four failures in a row switch a hook off for a minute, then ever longer; forty for good."""
        if good:
            hook.failures, hook.disabled_until = 0, None
            return
        hook.failures += 1
        if self.auto_disable and hook.failures >= 40:
            hook.disabled = True
        elif self.auto_disable and hook.failures >= 4:
            minutes = min(2 ** (hook.failures - 4), 24 * 60)
            hook.disabled_until = self.world.now() + timedelta(minutes=minutes)

    def _disabled(self, hook: Hook) -> bool:
        return hook.disabled or (hook.disabled_until is not None and self.world.now() < hook.disabled_until)

    def _uuid(self, seed: str) -> str:
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.world.url}/{seed}"))


def sign(token: str, key: str, moment: str, body: bytes) -> str:
    """`v1,<base64 HMAC-SHA256>` over "{id}.{timestamp}.{body}"; the key is what follows whsec_, decoded."""
    secret = base64.b64decode(token.removeprefix("whsec_"))
    digest = hmac.new(secret, f"{key}.{moment}.".encode() + body, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()
