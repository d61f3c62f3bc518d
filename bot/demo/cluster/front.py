"""The HTTP side of the simulated API server: addresses, bodies, answers."""

import asyncio
import contextlib
import hmac
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import yaml
from aiohttp import web

from bot.demo.cluster import discovery, lists, patching, protobuf, refusals
from bot.demo.cluster.incoming import Write
from bot.demo.cluster.objects import Objects
from bot.demo.cluster.refusals import Refusal
from bot.demo.cluster.resources import Resource, Resources
from bot.demo.cluster.reviews import Rights
from bot.demo.cluster.scaling import scale_of, scaled
from bot.demo.cluster.storage import Logs, Object, Storage

_JSON = "application/json"
_ACCEPTS_AGGREGATED = re.compile(r"v=v2;as=APIGroupDiscoveryList")
_NOT_ALLOWED = "the server does not allow this method on the requested resource"


class NoSuchPathError(Exception):
    """Nothing is served there; the answer is plain text, as the real server's is."""


@dataclass(frozen=True, slots=True)
class Address:
    """What a path names: a resource, perhaps one object of it, perhaps a subresource of that."""

    resource: Resource
    namespace: str = ""
    name: str = ""
    subresource: str = ""


class Front:
    """Answers requests. Every request needs the bearer token, except the health checks."""

    def __init__(
        self, storage: Storage, resources: Resources, objects: Objects, token: str, rights: Rights, logs: Logs
    ) -> None:
        self._storage = storage
        self._resources = resources
        self._objects = objects
        self._token = token
        self._rights, self._logs = rights, logs

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """One request; whatever is refused comes back as a Status."""
        try:
            if request.path in ("/healthz", "/readyz", "/livez"):
                return web.Response(text="ok")
            self._authenticate(request)
            told = self._about(request)
            if told is not None:
                return told
            return await self._on_objects(request, self._address(request.path))
        except NoSuchPathError:
            return web.Response(text="404 page not found\n", status=404)
        except Refusal as refusal:
            return web.json_response(refusal.body(), status=refusal.status)

    def _authenticate(self, request: web.Request) -> None:
        given = request.headers.get("Authorization", "")
        if not hmac.compare_digest(given.encode(), f"Bearer {self._token}".encode()):
            raise Refusal(401, "Unauthorized", "Unauthorized")

    def _about(self, request: web.Request) -> web.Response | None:
        """What the server says of itself, or None where the path is about objects."""
        parts = request.path.strip("/").split("/")
        match parts:
            case ["version"]:
                return web.json_response(discovery.VERSION)
            case ["api" | "apis" as root]:
                return self._roots(request, root)
            case ["openapi", "v3"]:
                return web.json_response(discovery.open_api_index(self._resources))
            case ["openapi", "v3", "api", version]:
                return _found(discovery.open_api(self._resources, "", version))
            case ["openapi", "v3", "apis", group, version]:
                return _found(discovery.open_api(self._resources, group, version))
            case ["api", version]:
                return _found(discovery.resource_list(self._resources, "", version))
            case ["apis", group]:
                return _found(discovery.group(self._resources, group))
            case ["apis", group, version]:
                return _found(discovery.resource_list(self._resources, group, version))
            case _:
                return None

    def _roots(self, request: web.Request, root: str) -> web.Response:
        if _ACCEPTS_AGGREGATED.search(request.headers.get("Accept", "")):
            body = discovery.aggregated(self._resources, core=root == "api")
            return web.Response(text=json.dumps(body), headers={"Content-Type": discovery.AGGREGATED})
        if root == "api":
            return web.json_response(discovery.core_versions(request.host))
        return web.json_response(discovery.group_list(self._resources))

    def _address(self, path: str) -> Address:
        match path.strip("/").split("/"):
            case ["api", version, *rest]:
                group = ""
            case ["apis", group, version, *rest]:
                pass
            case _:
                raise NoSuchPathError
        if (group, version) not in self._resources.served():
            raise NoSuchPathError
        namespace = ""
        match rest:
            case ["namespaces", namespace, plural, *rest] if plural not in ("status", "finalize"):
                pass
            case [plural, *rest]:
                pass
            case _:
                raise refusals.no_such_path()
        resource = self._resources.find(group, version, plural)
        if resource is None or len(rest) > 2 or (namespace and not resource.namespaced):
            raise refusals.no_such_path()
        name, subresource, *_ = [*rest, "", ""]
        if subresource and subresource not in resource.subresources:
            raise refusals.no_such_path()
        return Address(resource, namespace, name, subresource)

    async def _on_objects(self, request: web.Request, at: Address) -> web.StreamResponse:
        query = dict(request.query)
        if request.method in ("GET", "HEAD"):
            return await self._read(request, at, query)
        body = await request.read()
        write = _write(request, query, at)
        if at.resource.entry["verbs"] == ["create"] and request.method == "POST":
            review = at.resource.identity | _object(request, body)
            return web.json_response(self._rights.answered(review), status=201)
        match request.method, bool(at.name):
            case "POST", False:
                made = self._objects.create(at.resource, at.namespace, _object(request, body), write)
                return _answer(request, made, write, 201)
            case "PUT", True:
                made = self._replace(at, _object(request, body), write)
                return _answer(request, made, write)
            case "PATCH", True:
                return self._patch(request, at, body, query, write)
            case "DELETE", _:
                return self._delete(request, at, body, query, write)
            case _:
                raise Refusal(405, "MethodNotAllowed", _NOT_ALLOWED, {})

    async def _read(self, request: web.Request, at: Address, query: dict[str, str]) -> web.StreamResponse:
        if "list" not in at.resource.verbs:
            raise Refusal(405, "MethodNotAllowed", _NOT_ALLOWED)
        accept = request.headers.get("Accept", "")
        if query.get("watch") in ("true", "1"):
            wanted = lists.selection(at.resource, at.namespace, query, at.name, accept)
            return await self._stream(request, wanted, query)
        if not at.name:
            wanted = lists.selection(at.resource, at.namespace, query, "", accept)
            return web.json_response(lists.listed(self._storage, wanted, query))
        found = self._objects.get(at.resource, at.namespace, at.name)
        if at.subresource == "log":
            return web.Response(text=self._logs.get((at.namespace, query.get("container", "")), ""))
        return _answer(request, scale_of(found) if at.subresource == "scale" else found)

    async def _stream(
        self, request: web.Request, wanted: lists.Selection, query: Mapping[str, str]
    ) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": _JSON})
        await response.prepare(request)
        events = lists.watched(self._storage, wanted, dict(query))
        with contextlib.suppress(TimeoutError, ConnectionError):
            async with asyncio.timeout(float(query.get("timeoutSeconds") or 3600)):
                async with contextlib.aclosing(events):
                    async for event in events:
                        await response.write(json.dumps(event, separators=(",", ":")).encode() + b"\n")
        return response

    def _replace(self, at: Address, manifest: Object, write: Write) -> Object:
        if at.subresource == "scale":
            change = scaled(manifest)
            return scale_of(self._objects.patch(at.resource, at.namespace, at.name, change, write))
        return self._objects.replace(at.resource, at.namespace, at.name, manifest, write)

    def _patch(
        self, request: web.Request, at: Address, body: bytes, query: Mapping[str, str], write: Write
    ) -> web.Response:
        content = _parsed(body)
        if request.content_type == "application/apply-patch+yaml":
            if not isinstance(content, dict):
                raise refusals.bad_request("the body of an apply is one object")
            if not query.get("fieldManager"):
                raise refusals.invalid(
                    "PatchOptions", "meta.k8s.io", "",
                    [("fieldManager", "FieldValueRequired", "Required value: is required for apply patch")],
                )  # fmt: skip
            force = query.get("force") == "true"
            made, new = self._objects.apply(at.resource, at.namespace, at.name, content, write, force=force)
            return _answer(request, made, write, 201 if new else 200)
        change = _change(request.content_type, content, at)
        if at.subresource == "scale":
            inner = change

            def change(live: Object) -> Any:
                return scaled(inner(scale_of(live)))(live)

        made = self._objects.patch(at.resource, at.namespace, at.name, change, write)
        return _answer(request, scale_of(made) if at.subresource == "scale" else made, write)

    def _delete(
        self, request: web.Request, at: Address, body: bytes, query: dict[str, str], write: Write
    ) -> web.Response:
        options = _object(request, body) if body else {}
        write.dry_run = write.dry_run or options.get("dryRun") == ["All"]
        if not at.name:
            wanted = lists.selection(at.resource, at.namespace, query, "", "")
            answer = lists.listed(self._storage, wanted, {})
            for one in answer["items"]:
                metadata = one["metadata"]
                self._objects.delete(at.resource, metadata.get("namespace", ""), metadata["name"], write, {})
            return web.json_response(answer)
        preconditions = options.get("preconditions") or {}
        gone = self._objects.delete(at.resource, at.namespace, at.name, write, preconditions)
        details = {"name": at.name, "group": at.resource.group, "kind": at.resource.plural}
        details["uid"] = gone["metadata"]["uid"]
        status = {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success"}
        return _answer(
            request, status | {"details": {key: value for key, value in details.items() if value}}, write
        )


def _change(content_type: str, content: Any, at: Address) -> Callable[[Object], Any]:
    match content_type:
        case "application/json-patch+json":
            return lambda live: patching.json_patch(live, content)
        case "application/merge-patch+json":
            return lambda live: patching.merge_patch(live, content)
        case "application/strategic-merge-patch+json" if not at.resource.custom:
            return lambda live: patching.strategic(live, content, at.resource.schema)
        case _:
            raise Refusal(
                415,
                "UnsupportedMediaType",
                "the body of the request was in an unknown format - accepted media types include: "
                "application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            )


def _write(request: web.Request, query: Mapping[str, str], at: Address) -> Write:
    dry_run = query.get("dryRun", "")
    if dry_run not in ("", "All"):
        cause = (
            "dryRun",
            "FieldValueNotSupported",
            f'Unsupported value: "{dry_run}": supported values: "All"',
        )
        raise refusals.invalid("PatchOptions", "meta.k8s.io", "", [cause])
    manager = query.get("fieldManager") or request.headers.get("User-Agent", "unknown").partition("/")[0]
    return Write(manager, dry_run == "All", query.get("fieldValidation") or "Warn", at.subresource)


def _object(request: web.Request, body: bytes) -> Object:
    if request.content_type == "application/vnd.kubernetes.protobuf":
        return protobuf.decoded(body)
    content = _parsed(body)
    if not isinstance(content, dict):
        raise refusals.bad_request("the body is no object")
    return content


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        pass
    try:
        return yaml.safe_load(body)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise refusals.bad_request(f"error decoding the body: {error}") from error


def _found(body: Object | None) -> web.Response:
    if body is None:
        raise NoSuchPathError
    return web.json_response(body)


def _answer(
    request: web.Request, body: Object, write: Write | None = None, status: int = 200
) -> web.Response:
    if "as=PartialObjectMetadata" in request.headers.get("Accept", "") and "metadata" in body:
        body = lists.partial(body)
    response = web.json_response(body, status=status)
    for warning in write.warnings if write else ():
        response.headers.add("Warning", f"299 - {json.dumps(warning)}")
    return response
