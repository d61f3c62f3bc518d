"""An API server that says what a test tells it to, over plain HTTP, and remembers what it was asked."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer

from bot.core.model import Target

VERSION = {"gitVersion": "v1.36.3"}
CORE = {
    "metadata": {},
    "versions": [
        {
            "version": "v1",
            "resources": [
                {
                    "resource": "configmaps",
                    "responseKind": {"group": "", "version": "", "kind": "ConfigMap"},
                    "scope": "Namespaced",
                    "verbs": ["get", "list"],
                }
            ],
        }
    ],
}


@dataclass(frozen=True, slots=True)
class Said:
    """One scripted answer; a mapping as body becomes JSON. With `late` it never comes."""

    status: int = 200
    body: Mapping[str, Any] | str = field(default_factory=dict)
    headers: tuple[tuple[str, str], ...] = ()
    late: bool = False


def status(code: int, reason: str, message: str, **details: Any) -> Said:
    body = {"kind": "Status", "apiVersion": "v1", "code": code, "reason": reason, "message": message}
    return Said(code, {**body, "details": details})


def groups(*items: Mapping[str, Any]) -> Said:
    return Said(200, {"kind": "APIGroupDiscoveryList", "items": list(items)})


class Script:
    """Answers by method and path, the last one again and again. `asked` holds the requests in order."""

    def __init__(self) -> None:
        self.asked: list[web.BaseRequest] = []
        self._answers: dict[tuple[str, str], list[Said]] = defaultdict(list)
        self._over = asyncio.Event()
        self.url = ""
        self.say("GET", "/version", Said(200, VERSION))
        self.say("GET", "/api", groups(CORE))
        self.say("GET", "/apis", groups())

    def say(self, method: str, path: str, *answers: Said) -> None:
        self._answers[method, path] = list(answers)

    def count(self, method: str, path: str) -> int:
        return sum((request.method, request.path) == (method, path) for request in self.asked)

    async def handle(self, request: web.BaseRequest) -> web.StreamResponse:
        self.asked.append(request)
        answers = self._answers[request.method, request.path]
        if not answers:
            return web.Response(status=404, text="404 page not found")
        said = answers.pop(0) if len(answers) > 1 else answers[0]
        if said.late:
            await self._over.wait()
        response = (
            web.Response(text=said.body, content_type="text/html")
            if isinstance(said.body, str)
            else web.json_response(said.body)
        )
        response.set_status(said.status)
        for name, value in said.headers:
            response.headers.add(name, value)
        return response

    def end(self) -> None:
        self._over.set()


@asynccontextmanager
async def serving(script: Script) -> AsyncIterator[Script]:
    """The script on a free port of 127.0.0.1; `url` is set."""
    app = web.Application()
    app.router.add_route("*", "/{path:.*}", script.handle)
    server = TestServer(app, host="127.0.0.1")
    await server.start_server()
    script.url = str(server.make_url("/")).rstrip("/")
    try:
        yield script
    finally:
        script.end()
        await server.close()


def kubeconfig(folder: Path, server: str, user: Mapping[str, Any], name: str = "kubeconfig") -> Path:
    """A kubeconfig file with one context, `main`."""
    path = folder / name
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "c", "cluster": {"server": server}}],
        "users": [{"name": "u", "user": dict(user)}],
        "contexts": [{"name": "main", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "main",
    }
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def target(path: Path | None, context: str | None = None) -> Target:
    return Target(
        name="production", project="group/project", kubeconfig=str(path) if path else None, context=context
    )
