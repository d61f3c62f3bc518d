"""What the tests of the look-alike stand on: a small world, an API client, a receiver of webhooks."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import aiohttp
from aiohttp import web
from yarl import URL

from bot.demo.gitlab import GitLab, Project, User


class Clock:
    """Stands still until it is told to go on."""

    def __init__(self) -> None:
        self.at = datetime(2026, 3, 1, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def advance(self, **span: float) -> None:
        self.at += timedelta(**span)


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    json: Any
    text: str
    headers: Mapping[str, str]


@dataclass(slots=True)
class Api:
    """Calls the API with one token. A path that begins with a slash is below the project of the tests."""

    session: aiohttp.ClientSession
    gitlab: GitLab
    project: Project
    headers: dict[str, str]

    async def __call__(self, method: str, path: str, **options: Any) -> Answer:
        prefix = f"/projects/{self.project.id}" if path.startswith("/") or not path else "/"
        headers = {**self.headers, **options.pop("headers", {})}
        url = URL(f"{self.gitlab.url}/api/v4{prefix}{path}", encoded=True)
        async with self.session.request(method, url, headers=headers, **options) as answer:
            text = await answer.text()
            shown = json.loads(text) if "json" in answer.headers.get("Content-Type", "") else None
            return Answer(answer.status, shown, text, dict(answer.headers))

    async def get(self, path: str, **options: Any) -> Answer:
        return await self("GET", path, **options)

    async def post(self, path: str, **body: Any) -> Answer:
        return await self("POST", path, json=body)

    async def put(self, path: str, **body: Any) -> Answer:
        return await self("PUT", path, json=body)

    async def delete(self, path: str) -> Answer:
        return await self("DELETE", path)


@dataclass(slots=True)
class Scene:
    """A project with a maintainer, a developer, a reporter and a bot; `as_(user)` is the API with that
    person's token.
    """

    gitlab: GitLab
    clock: Clock
    session: aiohttp.ClientSession
    project: Project
    maintainer: User
    developer: User
    reporter: User
    bot: User
    bot_token: str
    _tokens: dict[int, str] = field(default_factory=dict)

    @property
    def api(self) -> Api:
        return self.with_token(self.bot_token)

    def with_token(self, token: str) -> Api:
        return Api(self.session, self.gitlab, self.project, {"PRIVATE-TOKEN": token})

    def anonymous(self) -> Api:
        return Api(self.session, self.gitlab, self.project, {})

    def as_(self, user: User) -> Api:
        if user.id not in self._tokens:
            self._tokens[user.id] = self.gitlab.token_for(user)
        return self.with_token(self._tokens[user.id])

    async def merge_request(self, branch: str = "change", **files: str) -> Any:
        """A merge request of the developer that changes values.yaml (or the given files)."""
        content = {name.replace("__", "."): text for name, text in files.items()} or {
            "values.yaml": "replicas: 2\n"
        }
        await self.gitlab.push(self.project, branch, content, self.developer, "Change the values")
        return await self.gitlab.open_merge_request(self.project, branch, self.developer, f"Do {branch}")


@dataclass(frozen=True, slots=True)
class Received:
    headers: Mapping[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass(slots=True)
class Receiver:
    """Takes webhooks; `status` is what it answers."""

    url: str = ""
    status: int = 200
    got: list[Received] = field(default_factory=list)

    def events(self) -> list[tuple[str, str | None]]:
        return [
            (r.headers["X-Gitlab-Event"], r.json.get("object_attributes", {}).get("action")) for r in self.got
        ]

    async def take(self, request: web.Request) -> web.Response:
        self.got.append(Received(dict(request.headers), await request.read()))
        return web.Response(status=self.status)
