"""The door: a stand-in API server on loopback that answers a rendering's `lookup`, and nothing else.

It serves one verb, GET, and three kinds of path below a token that is made for one rendering and dies with
it: the kinds of an API version, one object, the objects of a kind. It holds no credentials and knows no
cluster: every answer is what the rendering's `Lookup` says. It names a kind's resource by the kind itself,
which Helm believes, so that nobody has to know plurals.
"""

import asyncio
import contextlib
import json
import secrets
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from aiohttp import web

from bot.app.ports.rendering import Lookup
from bot.core.errors import AuthorError

HOST = "127.0.0.1"
MOST_QUESTIONS = 1000
MOST_BYTES = 16 * 1024 * 1024
"""For one rendering: what a template may ask, and be told, before it is taken for an attack."""


class Errand:
    """One rendering's way through the door. `failure` is what kept a question from being answered."""

    def __init__(self, url: str, lookup: Lookup) -> None:
        self.url = url
        self.failure: Exception | None = None
        self.waiting = False
        """Whether a question is being answered right now."""
        self.questions = 0
        self._lookup = lookup
        self._bytes = 0

    async def answer(self, segments: list[str]) -> tuple[int, Mapping[str, Any]]:
        """HTTP status and body for a path below the token. What fails is kept, and told to Helm as a 500."""
        self.questions += 1
        self.waiting = True
        try:
            if self.questions > MOST_QUESTIONS:
                raise _too_much(f"asks more than {MOST_QUESTIONS} times")
            return await self._answer(segments)
        except Exception as error:  # noqa: BLE001 (raised again where the rendering was asked for)
            self.failure = self.failure or error
            return _status(500, "InternalError")
        finally:
            self.waiting = False

    async def _answer(self, segments: list[str]) -> tuple[int, Mapping[str, Any]]:
        match segments:
            case ["api", "v1", *rest]:
                api_version = "v1"
            case ["apis", group, version, *rest]:
                api_version = f"{group}/{version}"
            case _:
                return _status(404, "NotFound")
        kinds = await self._lookup.kinds(api_version)
        if kinds is None:
            return _status(404, "NotFound")
        match rest:
            case []:
                return 200, _kinds(api_version, kinds)
            case ["namespaces", namespace, kind, *name] if kinds.get(kind) is True and len(name) < 2:
                return await self._objects(api_version, kind, namespace, *name)
            case [kind] if kind in kinds:
                return await self._objects(api_version, kind, "")
            case [kind, name] if kinds.get(kind) is False:
                return await self._objects(api_version, kind, "", name)
        return _status(404, "NotFound")

    async def _objects(
        self, api_version: str, kind: str, namespace: str, name: str = ""
    ) -> tuple[int, Mapping[str, Any]]:
        body: Mapping[str, Any] | None
        if name:
            body = await self._lookup.get(api_version, kind, namespace, name)
        else:
            items = await self._lookup.list(api_version, kind, namespace)
            body = {"apiVersion": api_version, "kind": f"{kind}List", "metadata": {}, "items": items}
        return _status(404, "NotFound") if body is None else (200, body)

    def count(self, size: int) -> None:
        """Adds to what this rendering was told. Raises AuthorError (`render-limit`)."""
        self._bytes += size
        if self._bytes > MOST_BYTES:
            raise _too_much(f"asks for more than {MOST_BYTES // 2**20} MB")


class Door:
    """Listens from `start` on; each rendering gets its own address by `opened`."""

    def __init__(self) -> None:
        self._errands: dict[str, Errand] = {}
        self._runner: web.AppRunner | None = None
        self._starting = asyncio.Lock()
        self._port = 0

    async def start(self) -> int:
        """Listens, if it does not yet; gives the port."""
        async with self._starting:
            if self._runner is None:
                app = web.Application(client_max_size=0)
                app.router.add_route("*", "/{path:.*}", self._serve)
                runner = web.AppRunner(app, access_log=None, shutdown_timeout=1.0)
                await runner.setup()
                await web.TCPSite(runner, HOST, 0).start()
                self._runner, self._port = runner, runner.addresses[0][1]
        return self._port

    async def close(self) -> None:
        """Listens no more; every address is dead."""
        self._errands.clear()
        runner, self._runner = self._runner, None
        if runner is not None:
            await runner.cleanup()

    @contextlib.contextmanager
    def opened(self, lookup: Lookup) -> Iterator[Errand]:
        """An address that is answered by `lookup`, until the context ends."""
        token = secrets.token_urlsafe(32)
        # A token in a header would not come: Kubernetes' client sends credentials over TLS only.
        self._errands[token] = errand = Errand(f"http://{HOST}:{self._port}/{token}", lookup)
        try:
            yield errand
        finally:
            self._errands.pop(token, None)

    async def _serve(self, request: web.Request) -> web.Response:
        token, *segments = [unquote(part) for part in request.rel_url.raw_path.strip("/").split("/")]
        errand = self._errands.get(token)
        if errand is None:
            return _response(*_status(401, "Unauthorized"))
        if request.method != "GET" or set(request.rel_url.query) - {"timeout"}:
            return _response(*_status(405, "MethodNotAllowed"))
        response = _response(*await errand.answer(segments))
        try:
            errand.count(len(response.body) if isinstance(response.body, bytes) else 0)
        except AuthorError as error:
            errand.failure = errand.failure or error
            return _response(*_status(500, "InternalError"))
        return response


def _kinds(api_version: str, kinds: Mapping[str, bool]) -> Mapping[str, Any]:
    resources = [
        {"name": kind, "singularName": "", "kind": kind, "namespaced": namespaced, "verbs": ["get", "list"]}
        for kind, namespaced in sorted(kinds.items())
    ]
    return {
        "kind": "APIResourceList",
        "apiVersion": "v1",
        "groupVersion": api_version,
        "resources": resources,
    }


def _status(code: int, reason: str) -> tuple[int, Mapping[str, Any]]:
    words = "the server could not find the requested resource" if code == 404 else reason
    said = {"message": words, "reason": reason, "code": code}
    return code, {"kind": "Status", "apiVersion": "v1", "status": "Failure", **said}


def _response(status: int, body: Mapping[str, Any]) -> web.Response:
    return web.Response(status=status, body=json.dumps(body).encode(), content_type="application/json")


def _too_much(what: str) -> AuthorError:
    return AuthorError(
        f"A template {what} by `lookup`; it was ended.",
        fix="Ask for single objects by name.",
        code="render-limit",
    )
