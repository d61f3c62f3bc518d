"""Finds one version of one chart in a repository's index.yaml, without building the rest of it in memory."""

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import yaml
from yaml import events

from bot.core.composing import Composer
from bot.core.errors import AuthorError, Where
from bot.core.layouts.form import nearest

MAX_INDEX: Final = 64_000_000
_MAX_NODES: Final = 1_000_000
_ENTRIES: Final = re.compile(r"^entries:[ ]*$", re.MULTILINE)
_TOP: Final = re.compile(r"^[^\s#-]", re.MULTILINE)
_KEY: Final = re.compile(r"^  [^\s#-]", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Listed:
    """A version in an index: the address of its archive, perhaps relative, its hex SHA-256 or nothing."""

    url: str
    digest: str


def pick(data: bytes, where: str, name: str, version: str) -> Listed:
    """The entry of exactly this version; a leading `v` makes no difference, as for Helm.

    Raises AuthorError (`chart-not-found`, and `chart-invalid` for an index that is none).
    """
    try:
        text = _unpacked(data).decode("utf-8-sig")
        names, entries = _entries(_excerpt(text, name), where, name)
    except (yaml.YAMLError, UnicodeError, zlib.error, AuthorError):
        raise AuthorError(
            "This is no index of a chart repository.", where=Where(where), code="chart-invalid"
        ) from None
    if entries is None:
        meant = nearest(name, names)
        raise AuthorError(
            f"The repository has no chart `{name}`.",
            where=Where(where),
            fix=f"Did you mean `{meant}`?"
            if meant
            else "Check the chart's name and the repository's address.",
            code="chart-not-found",
        )
    found = next((one for one in entries if _same(one.get("version"), version)), None)
    urls = found.get("urls") if found else None
    if found is None or not isinstance(urls, list) or not urls or not isinstance(urls[0], str):
        versions = [str(one.get("version")) for one in entries[:5]]
        raise AuthorError(
            f"The repository has no version {version} of {name}.",
            where=Where(where),
            fix=f"It has {', '.join(versions)}{', …' if len(entries) > 5 else ''}.",
            code="chart-not-found",
        )
    digest = found.get("digest")
    if not isinstance(digest, str | None):
        raise AuthorError(
            f"The index has no proper digest for {name} {version}.", where=Where(where), code="chart-invalid"
        )
    return Listed(urls[0], (digest or "").removeprefix("sha256:").lower())


def _same(listed: Any, wanted: str) -> bool:
    return isinstance(listed, str) and listed.removeprefix("v") == wanted.removeprefix("v")


def _unpacked(data: bytes) -> bytes:
    """The index itself where a server packed it although it was not asked to."""
    if not data.startswith(b"\x1f\x8b"):
        return data
    unpacker = zlib.decompressobj(wbits=31)
    whole = unpacker.decompress(data, MAX_INDEX)
    if unpacker.unconsumed_tail:
        raise zlib.error("too large")
    return whole


def _excerpt(text: str, name: str) -> str:
    """An index of only this chart, cut out of one that is laid out as Helm writes it; else the whole text.

    Reading all of a large index takes seconds. Lines between two keys of the same indentation are one value.
    """
    start = _ENTRIES.search(text)
    if start is None:
        return text
    end = _TOP.search(text, start.end())
    inner = text[start.end() : end.start() if end else len(text)]
    head = re.search(rf"^  (?:{re.escape(name)}|\"{re.escape(name)}\"):[ ]*$", inner, re.MULTILINE)
    if head is None:
        return text
    after = _KEY.search(inner, head.end())
    return "entries:\n" + inner[head.start() : after.start() if after else len(inner)]


def _entries(text: str, where: str, name: str) -> tuple[list[str], list[dict[str, Any]] | None]:
    """The names of all charts up to this one, and its entries if it is there."""
    parser: Any = yaml.CSafeLoader(text)
    names: list[str] = []
    try:
        stream = _stream(parser)
        if not _enter(stream, "entries"):
            raise yaml.YAMLError("no entries")
        if not isinstance(next(stream), events.MappingStartEvent):
            raise yaml.YAMLError("entries is no mapping")
        for event in stream:
            if isinstance(event, events.MappingEndEvent):
                break
            names.append(getattr(event, "value", ""))
            if names[-1] == name:
                return names, _built(stream, where)
            _skip(stream, next(stream))
        return names, None
    finally:
        parser.dispose()


def _stream(parser: Any) -> Iterator[Any]:
    while not isinstance(event := parser.get_event(), events.StreamEndEvent):
        yield event


def _enter(stream: Iterator[Any], key: str) -> bool:
    """Whether the document is a mapping with this key; the stream then stands before its value."""
    for event in stream:
        if isinstance(event, events.MappingStartEvent):
            break
        if not isinstance(event, events.StreamStartEvent | events.DocumentStartEvent):
            return False
    for event in stream:
        if isinstance(event, events.MappingEndEvent):
            return False
        if getattr(event, "value", None) == key:
            return True
        _skip(stream, next(stream))
    return False


def _skip(stream: Iterator[Any], event: Any) -> None:
    """Passes over the value that begins with this event."""
    depth = 0
    while True:
        if isinstance(event, events.CollectionStartEvent):
            depth += 1
        elif isinstance(event, events.CollectionEndEvent):
            depth -= 1
        if depth <= 0:
            return
        event = next(stream)


def _built(stream: Iterator[Any], where: str) -> list[dict[str, Any]]:
    composer = Composer(Where(where), _MAX_NODES)
    depth = 0
    for event in stream:
        composer.take(event)
        depth += isinstance(event, events.CollectionStartEvent) - isinstance(event, events.CollectionEndEvent)
        if depth <= 0:
            break
    value = composer.finish().value
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
