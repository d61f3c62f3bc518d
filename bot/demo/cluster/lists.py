"""Lists and watches: whole objects or their metadata alone, in pages or as a stream."""

import asyncio
import base64
import binascii
import json
from collections.abc import AsyncGenerator, Iterator
from dataclasses import dataclass
from typing import Any

from bot.demo.cluster.refusals import Refusal, bad_request
from bot.demo.cluster.resources import Resource
from bot.demo.cluster.selecting import Selector, selector
from bot.demo.cluster.storage import Happening, Object, Storage

META = "meta.k8s.io/v1"
_BOOKMARK_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a resource a client wants to see, and whether only its metadata."""

    resource: Resource
    namespace: str
    matches: Selector
    metadata_only: bool = False

    def shown(self, manifest: Object) -> Object:
        """The object as the client asked to see it."""
        if self.metadata_only:
            return partial(manifest)
        return manifest | {"apiVersion": self.resource.api_version}

    def item(self, manifest: Object) -> Object:
        """The object as an item of a list: built-in kinds leave out what the list says already."""
        if self.metadata_only or self.resource.custom:
            return self.shown(manifest)
        return {key: value for key, value in manifest.items() if key not in ("apiVersion", "kind")}

    def has(self, manifest: Object) -> bool:
        return (
            not self.namespace or manifest["metadata"].get("namespace") == self.namespace
        ) and self.matches(manifest)


def partial(manifest: Object) -> Object:
    """The PartialObjectMetadata of an object."""
    return {"kind": "PartialObjectMetadata", "apiVersion": META, "metadata": manifest["metadata"]}


def selection(resource: Resource, namespace: str, query: dict[str, str], name: str, accept: str) -> Selection:
    """What a query asks for; `name` narrows it to one object."""
    fields = ",".join(filter(None, (query.get("fieldSelector", ""), f"metadata.name={name}" if name else "")))
    matches = selector(query.get("labelSelector", ""), fields)
    return Selection(resource, namespace, matches, "as=PartialObjectMetadata" in accept)


def listed(storage: Storage, wanted: Selection, query: dict[str, str]) -> Object:
    """The list, or the page of it that `limit` and `continue` ask for."""
    resource = wanted.resource
    found = [one for one in storage.all(resource.group, resource.plural) if wanted.has(one)]
    metadata: dict[str, Any] = {"resourceVersion": str(storage.revision)}
    start, limit = _start(query.get("continue", "")), int(query.get("limit") or 0)
    page = found[start : start + limit] if limit else found[start:]
    if rest := len(found) - start - len(page):
        metadata |= {"continue": _token(start + len(page)), "remainingItemCount": rest}
    items = [wanted.item(one) for one in page]
    if wanted.metadata_only:
        kind, api_version = "PartialObjectMetadataList", META
    else:
        kind, api_version = f"{resource.kind}List", resource.api_version
    return {"kind": kind, "apiVersion": api_version, "metadata": metadata, "items": items}


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(json.dumps({"start": start}).encode()).decode()


def _start(token: str) -> int:
    try:
        return int(json.loads(base64.urlsafe_b64decode(token))["start"]) if token else 0
    except (binascii.Error, ValueError, KeyError, TypeError):
        raise bad_request("continue key is not valid") from None


async def watched(storage: Storage, wanted: Selection, query: dict[str, str]) -> AsyncGenerator[Object, None]:
    """Watch events, forever; begins with what is there, or after a resourceVersion.

    A resourceVersion that is too old to know is an ERROR event with status 410, after which the stream ends.
    """
    given = query.get("resourceVersion") or "0"
    if not given.isdigit():
        raise bad_request(f'invalid resource version "{given}"')
    with storage.listening() as queue:
        for event in _beginning(storage, wanted, query, int(given)):
            yield event
            if event["type"] == "ERROR":
                return
        while True:
            try:
                happening = await asyncio.wait_for(queue.get(), _BOOKMARK_SECONDS)
            except TimeoutError:
                if query.get("allowWatchBookmarks") == "true":
                    yield _bookmark(storage, wanted, {})
                continue
            if (news := _event(happening, wanted)) is not None:
                yield news


def _beginning(storage: Storage, wanted: Selection, query: dict[str, str], revision: int) -> Iterator[Object]:
    """What a watcher is told at once: what there is, or what happened after the revision."""
    asked = query.get("sendInitialEvents") == "true"
    if asked or revision == 0:
        for one in storage.all(wanted.resource.group, wanted.resource.plural):
            if wanted.has(one):
                yield {"type": "ADDED", "object": wanted.shown(one)}
        if asked:
            yield _bookmark(storage, wanted, {"k8s.io/initial-events-end": "true"})
        return
    missed = storage.since(revision)
    if missed is None:
        told = f"too old resource version: {revision} ({storage.revision})"
        yield {"type": "ERROR", "object": Refusal(410, "Expired", told).body()}
        return
    for happening in missed:
        if (news := _event(happening, wanted)) is not None:
            yield news


def _event(happening: Happening, wanted: Selection) -> Object | None:
    """The event as this watcher sees it: an object that begins or ceases to match is added or deleted."""
    resource = wanted.resource
    if (happening.group, happening.plural) != (resource.group, resource.plural):
        return None
    now = happening.type != "DELETED" and wanted.has(happening.after)
    before = happening.before is not None and wanted.has(happening.before)
    if not now and not before:
        return None
    kind = "MODIFIED" if now and before else "ADDED" if now else "DELETED"
    return {"type": kind, "object": wanted.shown(happening.after)}


def _bookmark(storage: Storage, wanted: Selection, annotations: dict[str, str]) -> Object:
    kind, version = (
        ("PartialObjectMetadata", META)
        if wanted.metadata_only
        else (wanted.resource.kind, wanted.resource.api_version)
    )
    metadata: dict[str, Any] = {"resourceVersion": str(storage.revision)}
    if annotations:
        metadata["annotations"] = annotations
    return {"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": version, "metadata": metadata}}
