"""The verbs on objects: create, replace, patch, apply and delete, each with its dry run."""

import copy
import secrets
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from bot.demo.cluster import applying, checking, custom_defaults, defaults, freezing, refusals, validating
from bot.demo.cluster.incoming import Write, addressed, name_of, read
from bot.demo.cluster.preparing import CLAIM_PROTECTION, Preparer
from bot.demo.cluster.reading import normal
from bot.demo.cluster.resources import CRD_GROUP, Resource, Resources
from bot.demo.cluster.storage import Object, Storage, key_of

_OTHER_NAME = "the name of the object ({}) does not match the name on the URL ({})"


def now() -> str:
    """The time as objects carry it, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


class Objects:
    """What clients do to the objects of `storage`. Every refusal is a Refusal."""

    def __init__(self, resources: Resources, storage: Storage, preparer: Preparer) -> None:
        self._resources = resources
        self._storage = storage
        self._preparer = preparer

    def get(self, resource: Resource, namespace: str, name: str) -> Object:
        """The object in the version asked for; 404 without it."""
        found = self._storage.get(resource.group, resource.plural, (namespace, name))
        if found is None:
            raise refusals.not_found(resource.plural, resource.group, name)
        return found | {"apiVersion": resource.api_version}

    def create(self, resource: Resource, namespace: str, manifest: Object, write: Write) -> Object:
        """POST. 409 for what exists already."""
        read(resource, manifest, write)
        manifest = addressed(resource, namespace, manifest)
        if "generateName" in manifest["metadata"] and not manifest["metadata"].get("name"):
            manifest["metadata"]["name"] = manifest["metadata"]["generateName"] + secrets.token_hex(3)[:5]
        name_of(manifest)
        manager = applying.Manager(write.manager, "Update", resource.api_version, write.subresource)
        return self._new(
            resource,
            manifest,
            write,
            lambda fresh: applying.update({}, fresh, manager, resource.schema, now=now()),
        )

    def replace(
        self, resource: Resource, namespace: str, name: str, manifest: Object, write: Write
    ) -> Object:
        """PUT. 404 without the object, 409 for an outdated resourceVersion."""
        read(resource, manifest, write)
        live = self.get(resource, namespace, name)
        manifest = addressed(resource, namespace, manifest)
        return self._changed(resource, live, manifest, write)

    def patch(
        self, resource: Resource, namespace: str, name: str, change: Callable[[Object], Any], write: Write
    ) -> Object:
        """PATCH by a function from the object as it is to the object as it shall be."""
        live = self.get(resource, namespace, name)
        manifest = change(copy.deepcopy(live))
        if not isinstance(manifest, dict):
            raise refusals.bad_request("the patch leaves no object")
        read(resource, manifest, write, "patched")
        return self._changed(resource, live, addressed(resource, namespace, manifest), write)

    def apply(
        self, resource: Resource, namespace: str, name: str, config: Object, write: Write, *, force: bool
    ) -> tuple[Object, bool]:
        """Server-side apply; also whether the object is new."""
        if config.get("apiVersion") != resource.api_version or config.get("kind") != resource.kind:
            raise refusals.bad_request(f"the object is no {resource.kind} of {resource.api_version}")
        config.setdefault("metadata", {})
        read(resource, config, write, "applied")
        config = addressed(resource, namespace, config)
        if config["metadata"].setdefault("name", name) != name:
            raise refusals.bad_request(_OTHER_NAME.format(config["metadata"]["name"], name))
        if config["metadata"].get("managedFields"):
            raise refusals.bad_request("metadata.managedFields must be nil")
        manager = applying.Manager(write.manager, "Apply", resource.api_version, write.subresource)
        live = self._storage.get(resource.group, resource.plural, (namespace, name))
        base = live | {"apiVersion": resource.api_version} if live is not None else {}
        merged, managed = applying.apply(base, config, manager, resource.schema, force=force, now=now())
        if live is None:
            return self._new(resource, merged, write, lambda _: managed), True
        wanted = config["metadata"].get("resourceVersion")
        if wanted:
            merged["metadata"]["resourceVersion"] = wanted
        return self._changed(resource, base, merged, write, managed), False

    def delete(
        self, resource: Resource, namespace: str, name: str, write: Write, preconditions: dict[str, str]
    ) -> Object:
        """DELETE. The object stays, marked, while it has finalizers."""
        live = self.get(resource, namespace, name)
        for key, wanted in preconditions.items():
            if live["metadata"].get(key) != wanted:
                found = live["metadata"].get(key, "")
                raise refusals.precondition(resource.group, resource.kind, name, key, wanted, found)
        if write.dry_run:
            return live
        if set(live["metadata"].get("finalizers", ())) - {CLAIM_PROTECTION}:
            live["metadata"].setdefault("deletionTimestamp", now())
            live["metadata"].setdefault("deletionGracePeriodSeconds", 0)
            return self._storage.put(resource, live)
        return self._gone(resource, live)

    def _gone(self, resource: Resource, live: Object) -> Object:
        """Removes the object, and what cannot be without it."""
        name = live["metadata"]["name"]
        if resource.kind == "Namespace" and resource.group == "":
            for group, plural, one in self._storage.every():
                if one["metadata"].get("namespace") == name:
                    self._storage.take(group, plural, key_of(one))
        if resource.group == CRD_GROUP:
            group, plural = live["spec"]["group"], live["spec"]["names"]["plural"]
            for one in self._storage.all(group, plural):
                self._storage.take(group, plural, key_of(one))
            self._resources.forget(name)
        return self._storage.take(resource.group, resource.plural, key_of(live)) or live

    def _new(
        self,
        resource: Resource,
        manifest: Object,
        write: Write,
        managed: Callable[[Object], applying.Managed],
    ) -> Object:
        namespace = manifest["metadata"].get("namespace", "")
        if resource.namespaced and self._storage.get("", "namespaces", ("", namespace)) is None:
            raise refusals.not_found("namespaces", "", namespace)
        metadata = manifest["metadata"]
        for key in (
            "resourceVersion",
            "uid",
            "creationTimestamp",
            "managedFields",
            "deletionTimestamp",
            "selfLink",
        ):
            metadata.pop(key, None)
        metadata["uid"] = str(uuid.uuid4())
        metadata["creationTimestamp"] = now()
        if "status" in resource.subresources and resource.custom:
            manifest.pop("status", None)
        fresh = self._completed(resource, manifest)
        if resource.generates:
            fresh["metadata"]["generation"] = 1
        self._check(resource, fresh, None, write)
        if self._storage.get(resource.group, resource.plural, key_of(fresh)) is not None:
            raise refusals.already_exists(resource.plural, resource.group, fresh["metadata"]["name"])
        owned = managed(fresh)
        if not resource.custom:
            self._preparer.prepare(fresh)
        _manage(fresh, owned)
        return self._keep(resource, fresh, write)

    def _changed(
        self,
        resource: Resource,
        live: Object,
        manifest: Object,
        write: Write,
        managed: applying.Managed | None = None,
    ) -> Object:
        name = live["metadata"]["name"]
        wanted = manifest["metadata"].get("resourceVersion")
        if wanted and wanted != live["metadata"]["resourceVersion"]:
            raise refusals.outdated(resource.plural, resource.group, name)
        manifest = _with_identity(live, _part(resource, live, manifest, write.subresource))
        self._preparer.keep(live, manifest)
        fresh = self._completed(resource, manifest)
        self._preparer.count(live, fresh)
        if managed is None:
            manager = applying.Manager(write.manager, "Update", resource.api_version, write.subresource)
            managed = applying.update(live, fresh, manager, resource.schema, now=now())
        self._check(resource, fresh, live, write)
        if resource.generates and _substance(fresh) != _substance(live):
            fresh["metadata"]["generation"] = live["metadata"].get("generation", 1) + 1
        _manage(fresh, managed)
        if _timeless(fresh) == _timeless(live):
            return live
        if (
            not write.dry_run
            and "deletionTimestamp" in fresh["metadata"]
            and not fresh["metadata"].get("finalizers")
        ):
            return self._gone(resource, fresh)
        return self._keep(resource, fresh, write)

    def _completed(self, resource: Resource, manifest: Object) -> Object:
        fresh: Object = normal(manifest, resource.schema)
        if resource.custom:
            custom_defaults.fill_custom(fresh, resource.schema)
        else:
            defaults.fill(fresh)
        return fresh

    def _check(self, resource: Resource, fresh: Object, live: Object | None, write: Write) -> None:
        causes = [*validating.wrong(fresh, resource.schema)]
        if live is not None and not resource.custom:
            causes += freezing.frozen(live, fresh)
        if causes:
            raise refusals.invalid(resource.kind, resource.group, fresh["metadata"]["name"], causes)
        if not resource.custom:
            write.warnings += checking.deprecated(fresh)

    def _keep(self, resource: Resource, fresh: Object, write: Write) -> Object:
        if write.dry_run:
            return fresh
        if resource.group == CRD_GROUP:
            custom_defaults.establish(fresh, now())
            self._resources.define(fresh)
        return self._storage.put(resource, fresh)


def _part(resource: Resource, live: Object, manifest: Object, subresource: str) -> Object:
    """What a write through this path may touch: all but the status, or only that."""
    if subresource == "status":
        return {key: value for key, value in live.items() if key != "status"} | (
            {"status": manifest["status"]} if "status" in manifest else {}
        )
    if "status" in resource.subresources:
        kept = {"status": live["status"]} if "status" in live else {}
        return {key: value for key, value in manifest.items() if key != "status"} | kept
    return manifest


def _with_identity(live: Object, manifest: Object) -> Object:
    metadata = dict(manifest["metadata"])
    for key in ("uid", "creationTimestamp", "generation", "resourceVersion", "deletionTimestamp"):
        if key in live["metadata"]:
            metadata[key] = live["metadata"][key]
        else:
            metadata.pop(key, None)
    return manifest | {"metadata": metadata}


def _manage(manifest: Object, managed: applying.Managed) -> None:
    manifest["metadata"].pop("managedFields", None)
    if entries := applying.written(managed):
        manifest["metadata"]["managedFields"] = entries


def _substance(manifest: Object) -> Object:
    return {key: value for key, value in manifest.items() if key not in ("metadata", "status", "apiVersion")}


def _timeless(manifest: Object) -> Object:
    """The object without what a write that changes nothing would still touch."""
    metadata = {key: value for key, value in manifest["metadata"].items() if key != "managedFields"}
    entries = [
        {key: value for key, value in entry.items() if key != "time"}
        for entry in manifest["metadata"].get("managedFields", ())
    ]
    return manifest | {"metadata": metadata, "managed": entries}
