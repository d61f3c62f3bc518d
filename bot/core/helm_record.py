"""Helm's own records: a revision of a release is a Secret `sh.helm.release.v1.<name>.v<revision>`.

Its `release` entry is JSON, gzipped, in base64; the API server's JSON puts base64 around it once more. The
shape is that of Helm 4's `pkg/release/v1` and of Helm 3's before it.
"""

import base64
import binascii
import json
import re
import zlib
from collections.abc import Mapping
from typing import Any

from bot.core.errors import AuthorError, Where
from bot.core.manifest import documents
from bot.core.model import Manifest
from bot.core.objects import mapping
from bot.core.release import Hook, StoredRelease
from bot.core.texts import recorded_texts, texts_digest

RECORD_LIMIT = 64 * 1024 * 1024
"""The most bytes that a record may unpack to. Helm's own limit is one Secret, 1 MiB of packed data."""

_NAME = re.compile(r"sh\.helm\.release\.v1\.(?P<name>.+)\.v(?P<revision>[1-9]\d*)")
_HELMS_OWN_LABELS = frozenset({"name", "owner", "status", "version", "createdAt", "modifiedAt"})
_GZIP_MAGIC = b"\x1f\x8b\x08"
_DEFAULT_POLICY = ("before-hook-creation",)


def secret_name(release: str, revision: int) -> str:
    """The name of the Secret that keeps this revision."""
    return f"sh.helm.release.v1.{release}.v{revision}"


def revision_in(name: str) -> tuple[str, int] | None:
    """Release and revision that a Secret of this name keeps, or None for any other Secret."""
    found = _NAME.fullmatch(name)
    return (found["name"], int(found["revision"])) if found else None


def base_revision(statuses: Mapping[int, str]) -> int:
    """The revision that Helm's upgrade starts from, of revision -> status (at least one).

    The newest if it is deployed, else the newest deployed one, else the newest.
    """
    deployed = [revision for revision, status in statuses.items() if status == "deployed"]
    return max(deployed or statuses)


def default_revision(statuses: Mapping[int, str]) -> int | None:
    """The newest revision below the present one that was deployed once, of revision -> status."""
    before = [one for one, status in statuses.items() if status in ("deployed", "superseded")]
    return max((one for one in before if one < max(statuses)), default=None)


def stored_release(secret: Manifest) -> StoredRelease:
    """What the Secret keeps. Raises AuthorError (`release-record`) where it cannot be read."""
    metadata = mapping(secret.get("metadata"))
    name = str(metadata.get("name", ""))
    try:
        return _release(
            _unpacked(mapping(secret.get("data")).get("release")), mapping(metadata.get("labels"))
        )
    except (ValueError, KeyError, TypeError, zlib.error, AuthorError, RecursionError) as error:
        raise AuthorError(
            f"Helm's record {metadata.get('namespace', '')}/{name} cannot be read ({type(error).__name__}).",
            fix="Restore the Secret, or delete it and let Helm start from the revision before it.",
            code="release-record",
        ) from None


def packed(record: Mapping[str, Any]) -> str:
    """The `release` entry for a Secret's `data`, made of the record's JSON."""
    # No name and no time in the header: equal records make equal bytes.
    packer = zlib.compressobj(9, zlib.DEFLATED, 16 + zlib.MAX_WBITS)
    inner = packer.compress(json.dumps(record, separators=(",", ":")).encode()) + packer.flush()
    return base64.b64encode(base64.b64encode(inner)).decode()


def record_of(secret: Manifest) -> Mapping[str, Any]:
    """The record's JSON, whole. Raises ValueError where the Secret holds none."""
    return _unpacked(mapping(secret.get("data")).get("release"))


def marked_failed(secret: Manifest) -> Manifest:
    """The same Secret with its revision failed. Raises ValueError where it holds no record."""
    record = dict(record_of(secret))
    words = "The operation was killed half-way; marked failed by Purser, as was agreed."
    record["info"] = {**mapping(record.get("info")), "status": "failed", "description": words}
    metadata = dict(mapping(secret.get("metadata")))
    metadata["labels"] = {**mapping(metadata.get("labels")), "status": "failed"}
    metadata.pop("managedFields", None)
    return {**secret, "metadata": metadata, "data": {"release": packed(record)}}


def _unpacked(entry: Any) -> Mapping[str, Any]:
    if not isinstance(entry, str):
        raise ValueError("no release entry")
    try:
        data = base64.b64decode(base64.b64decode(entry, validate=True), validate=True)
    except binascii.Error as error:
        raise ValueError("not base64") from error
    if data.startswith(_GZIP_MAGIC):
        unpacker = zlib.decompressobj(16 + zlib.MAX_WBITS)
        data = unpacker.decompress(data, RECORD_LIMIT)
        if not unpacker.eof:
            raise ValueError("larger than the limit, or cut off")
    record = json.loads(data)
    if not isinstance(record, dict):
        raise ValueError("not an object")
    return record


def _release(record: Mapping[str, Any], labels: Mapping[str, Any]) -> StoredRelease:
    info = mapping(record.get("info"))
    chart = mapping(mapping(record.get("chart")).get("metadata"))
    return StoredRelease(
        name=str(record["name"]),
        namespace=str(record["namespace"]),
        revision=int(record["version"]),
        status=str(info["status"]),
        chart_name=str(chart.get("name", "")),
        chart_version=str(chart.get("version", "")),
        app_version=str(chart.get("appVersion", "")),
        values=mapping(record.get("config")),
        manifest=str(record.get("manifest", "")),
        hooks=tuple(hook for entry in record.get("hooks") or () for hook in _hooks(entry)),
        apply_method=str(record.get("apply_method", "")),
        labels={key: str(value) for key, value in labels.items() if key not in _HELMS_OWN_LABELS},
        updated=str(info.get("last_deployed", "")),
        texts=texts_digest(recorded_texts(record)),
    )


def _hooks(entry: Any) -> list[Hook]:
    if not isinstance(entry, dict):
        raise ValueError("a hook is not an object")
    return [
        Hook(
            manifest=manifest,
            events=tuple(str(event) for event in entry.get("events") or ()),
            weight=int(entry.get("weight", 0)),
            delete_policies=tuple(str(p) for p in entry.get("delete_policies") or _DEFAULT_POLICY),
        )
        for manifest in documents(str(entry.get("manifest", "")), where=Where(str(entry.get("path", ""))))
    ]
