"""Every verb of every resource that a cluster serves, tried for real with somebody's token."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.cluster.api import Api, ApiError

MARK = {"planner-was-here": "yes"}
REVIEWS = ("selfsubjectreviews", "selfsubjectaccessreviews", "selfsubjectrulesreviews")
"""Questions about oneself, which everybody may ask and which leave nothing behind."""
_METHODS = {
    "create": "POST",
    "update": "PUT",
    "patch": "PATCH",
    "delete": "DELETE",
    "deletecollection": "DELETE",
}
_MERGE = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource (or subresource, `pods/log`) of one version, and what the server would do with it."""

    base: str
    group: str
    name: str
    kind: str
    api_version: str
    namespaced: bool
    verbs: tuple[str, ...]

    @property
    def is_part(self) -> bool:
        """Whether it is a subresource."""
        return "/" in self.name

    def path(self, namespace: str, name: str = "") -> str:
        """Where the list is served, or the object (or its part)."""
        plural, _, part = self.name.partition("/")
        place = f"/namespaces/{namespace}" if self.namespaced else ""
        return f"{self.base}{place}/{plural}" + (f"/{name}" if name else "") + (f"/{part}" if part else "")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one attempt: the HTTP status and the server's words."""

    resource: Resource
    verb: str
    status: int
    words: str

    @property
    def told(self) -> str:
        """For a failed assertion."""
        return (
            f"{self.verb} {self.resource.api_version} {self.resource.name}: {self.status} {self.words[:160]}"
        )


def resources(api: Api) -> list[Resource]:
    """All that is served, in each of its versions."""
    bases = {"/api/v1": "v1"}
    for group in api.call("GET", "/apis")["groups"]:
        bases |= {f"/apis/{it['groupVersion']}": it["groupVersion"] for it in group["versions"]}
    return [
        Resource(base, version.rpartition("/")[0], it["name"], it["kind"], version, it["namespaced"],
                 tuple(it["verbs"]))
        for base, version in bases.items()
        for it in api.call("GET", base)["resources"]
    ]  # fmt: skip


def tried(api: Api, found: Resource, namespace: str, specimen: Mapping[str, Any] | None) -> Iterator[Outcome]:
    """Each writing verb that the resource has, done and not dried, at the specimen or at nothing."""
    name = specimen["metadata"]["name"] if specimen else "nothing-there"
    for verb in found.verbs:
        if verb in _METHODS:
            yield _attempt(api, found, verb, namespace, name, specimen)


def _attempt(
    api: Api, found: Resource, verb: str, namespace: str, name: str, specimen: Mapping[str, Any] | None
) -> Outcome:
    head = {"apiVersion": found.api_version, "kind": found.kind}
    body: Any = {**head, "metadata": {"name": name, "labels": MARK}}
    content, path = "application/json", found.path(namespace, name)
    if verb == "create":
        body = {**(specimen or {}), **head, "metadata": {"name": "planner-made", "labels": MARK}}
        path = path if found.is_part else found.path(namespace)
    elif verb == "update":
        body = {**(specimen or {}), **body}
    elif verb == "patch":
        body, content = {"metadata": {"labels": MARK}}, _MERGE
    elif verb == "deletecollection":
        body, path = None, found.path(namespace)
    else:
        body = None
    return _outcome(api, found, verb, _METHODS[verb], path, body, content)


def _outcome(
    api: Api, found: Resource, verb: str, method: str, path: str, body: Any, content: str
) -> Outcome:
    try:
        api.call(method, path, body, content_type=content)
    except ApiError as error:
        return Outcome(found, verb, error.status, str(error))
    return Outcome(found, verb, 200, "done")


def reading(api: Api, found: Resource, namespace: str) -> int:
    """The status that the list answers with."""
    try:
        api.call("GET", found.path(namespace))
    except ApiError as error:
        return error.status
    return 200


def as_somebody(server: str, context: Any, token: str, headers: Mapping[str, str]) -> int:
    """The status of a request in somebody else's name."""
    asked = urllib.request.Request(
        f"{server}/api/v1/namespaces", headers={"Authorization": f"Bearer {token}", **headers}
    )
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=context)
    )
    try:
        with opener.open(asked, timeout=30) as answer:
            json.loads(answer.read())
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
