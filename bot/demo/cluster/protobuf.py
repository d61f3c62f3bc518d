"""The little of Kubernetes' protobuf that Helm sends: Secrets, and options of a deletion.

A body is `k8s\\0` followed by a runtime.Unknown (TypeMeta and raw bytes). Field numbers are those of the
generated.proto files of k8s.io/api and k8s.io/apimachinery.
"""

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.demo.cluster.refusals import Refusal

MAGIC = b"k8s\x00"


def decoded(body: bytes) -> dict[str, Any]:
    """The object as JSON has it. 415 for what is neither a Secret nor DeleteOptions, 400 when broken."""
    if not body.startswith(MAGIC):
        raise Refusal(400, "BadRequest", "the body is not protobuf of Kubernetes")
    try:
        unknown = dict(_fields(body[len(MAGIC) :]))
        meta = {number: value.decode() for number, value in _fields(unknown.get(1, b""))}
        raw = unknown.get(2, b"")
        match meta.get(2):
            case "Secret":
                return {"apiVersion": "v1", "kind": "Secret"} | _secret(raw)
            case "DeleteOptions":
                return {"apiVersion": "v1", "kind": "DeleteOptions"} | _delete_options(raw)
            case kind:
                message = f"the simulated cluster reads protobuf of Secrets only, not of {kind}: send JSON"
                raise Refusal(415, "UnsupportedMediaType", message)
    except (IndexError, UnicodeDecodeError) as error:
        raise Refusal(400, "BadRequest", f"broken protobuf: {error}") from error


def _secret(raw: bytes) -> dict[str, Any]:
    secret: dict[str, Any] = {}
    for number, value in _fields(raw):
        match number:
            case 1:
                secret["metadata"] = _metadata(value)
            case 2:
                key, content = _entry(value)
                secret.setdefault("data", {})[key] = base64.b64encode(content).decode()
            case 3:
                secret["type"] = value.decode()
            case 4:
                key, content = _entry(value)
                secret.setdefault("stringData", {})[key] = content.decode()
            case 5:
                secret["immutable"] = bool(value)
    return secret


_TEXTS = {1: "name", 2: "generateName", 3: "namespace", 5: "uid", 6: "resourceVersion"}


def _metadata(raw: bytes) -> dict[str, Any]:
    metadata: dict[str, Any] = {}
    for number, value in _fields(raw):
        match number:
            case 1 | 2 | 3 | 5 | 6:
                if value:
                    metadata[_TEXTS[number]] = value.decode()
            case 7 if value:
                metadata["generation"] = value
            case 8 if value:
                metadata["creationTimestamp"] = _time(value)
            case 11 | 12:
                key, content = _entry(value)
                metadata.setdefault("labels" if number == 11 else "annotations", {})[key] = content.decode()
            case 14:
                metadata.setdefault("finalizers", []).append(value.decode())
    return metadata


def _delete_options(raw: bytes) -> dict[str, Any]:
    options: dict[str, Any] = {}
    for number, value in _fields(raw):
        match number:
            case 2:
                preconditions = {1: "uid", 2: "resourceVersion"}
                options["preconditions"] = {preconditions[at]: text.decode() for at, text in _fields(value)}
            case 4:
                options["propagationPolicy"] = value.decode()
            case 5:
                options.setdefault("dryRun", []).append(value.decode())
    return options


def _time(raw: bytes) -> str:
    seconds = dict(_fields(raw)).get(1, 0)
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _entry(raw: bytes) -> tuple[str, bytes]:
    pair = dict(_fields(raw))
    return pair.get(1, b"").decode(), pair.get(2, b"")


def _fields(raw: bytes) -> Iterator[tuple[int, Any]]:
    """Field number and value: an int, or bytes."""
    at = 0
    while at < len(raw):
        tag, at = _varint(raw, at)
        match tag & 7:
            case 0:
                value, at = _varint(raw, at)
                yield tag >> 3, value
            case 1:
                yield tag >> 3, raw[at : at + 8]
                at += 8
            case 2:
                size, at = _varint(raw, at)
                if at + size > len(raw):
                    raise IndexError("a field ends after the message")
                yield tag >> 3, raw[at : at + size]
                at += size
            case 5:
                yield tag >> 3, raw[at : at + 4]
                at += 4
            case kind:
                raise IndexError(f"wire type {kind}")


def _varint(raw: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = raw[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
