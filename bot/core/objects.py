"""What Kubernetes objects have in common: metadata, ownership marks, one text per value."""

import json
from typing import Any

from bot.core.model import Manifest

MANAGED_BY = "app.kubernetes.io/managed-by"
RELEASE_NAME = "meta.helm.sh/release-name"
RELEASE_NAMESPACE = "meta.helm.sh/release-namespace"
RESOURCE_POLICY = "helm.sh/resource-policy"


def mapping(value: Any) -> dict[str, Any]:
    """The value where it is a map, else an empty one: others wrote what it is read from."""
    return value if isinstance(value, dict) else {}


def mappings(value: Any) -> list[dict[str, Any]]:
    """The maps in the value where it is a list, else none."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


def metadata_of(manifest: Manifest) -> dict[str, Any]:
    """The object's metadata; empty where it is not a map."""
    return mapping(manifest.get("metadata"))


def annotations_of(manifest: Manifest) -> dict[str, Any]:
    """The object's annotations; empty where they are not a map."""
    return mapping(metadata_of(manifest).get("annotations"))


def labels_of(manifest: Manifest) -> dict[str, Any]:
    """The object's labels; empty where they are not a map."""
    return mapping(metadata_of(manifest).get("labels"))


def with_metadata(manifest: Manifest, **fields: Any) -> Manifest:
    """The object with these metadata fields; one that is None is taken out."""
    metadata = {key: value for key, value in {**metadata_of(manifest), **fields}.items() if value is not None}
    return {**manifest, "metadata": metadata}


def owned_by(manifest: Manifest, release: str, namespace: str) -> Manifest:
    """The object with the marks that Helm puts on every object of a release before it applies it."""
    return with_metadata(
        manifest,
        labels={**labels_of(manifest), MANAGED_BY: "Helm"},
        annotations={**annotations_of(manifest), RELEASE_NAME: release, RELEASE_NAMESPACE: namespace},
    )


def missing_marks(manifest: Manifest, release: str, namespace: str) -> tuple[str, ...]:
    """Which of Helm's three marks of this release the object lacks, in words; none: it may be adopted."""
    wanted = (
        ("label", MANAGED_BY, "Helm", labels_of(manifest)),
        ("annotation", RELEASE_NAME, release, annotations_of(manifest)),
        ("annotation", RELEASE_NAMESPACE, namespace, annotations_of(manifest)),
    )
    return tuple(
        f"{what} {key} is {found[key]!r}, not {value!r}" if key in found else f"{what} {key} is missing"
        for what, key, value, found in wanted
        if found.get(key) != value
    )


def canonical(value: Any) -> str:
    """One text per JSON value: sorted keys, no spaces."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, default=str)
