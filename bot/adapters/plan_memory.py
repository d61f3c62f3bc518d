"""The port Memory on this disk. Verdicts hold nothing but their key; renderings may hold secrets."""

import asyncio
import json
import zlib
from collections.abc import Collection, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from bot.adapters.content_cache import ContentCache
from bot.core.model import Finding, Level, ObjectRef
from bot.core.release import Hook, Rendered, Renderings

RENDERINGS: Final = 256 * 1024 * 1024
STANDING: Final = 16 * 1024 * 1024
"""Bytes that each kind may take; a verdict takes some forty."""


class DiskMemory:
    """Below `directory`, which is made at the first need."""

    def __init__(self, directory: Path) -> None:
        self._standing = ContentCache(directory / "standing", limit=STANDING)
        self._renderings = ContentCache(directory / "renderings", limit=RENDERINGS)

    async def standing(self, keys: Collection[str]) -> frozenset[str]:
        """See the port."""
        return await asyncio.to_thread(self._standing.known, keys)

    async def keep_standing(self, key: str) -> None:
        """See the port."""
        await asyncio.to_thread(self._standing.put, key, b"")

    async def renderings(self, key: str) -> Renderings | None:
        """See the port."""
        return await asyncio.to_thread(self._read, key)

    async def keep_renderings(self, key: str, renderings: Renderings) -> None:
        """See the port."""
        await asyncio.to_thread(self._write, key, renderings)

    def _read(self, key: str) -> Renderings | None:
        content = self._renderings.get(key)
        if content is None:
            return None
        try:
            found = json.loads(zlib.decompress(content))
            again = found["again"]
            return Renderings(_rendered(found["first"]), _rendered(again) if again else None)
        except (ValueError, KeyError, TypeError, zlib.error):
            return None

    def _write(self, key: str, renderings: Renderings) -> None:
        again = renderings.again
        text = json.dumps({"first": _plain(renderings.first), "again": _plain(again) if again else None})
        self._renderings.put(key, zlib.compress(text.encode(), 1))


def _plain(rendered: Rendered) -> Mapping[str, Any]:
    return {
        **{name: getattr(rendered, name) for name in rendered.__slots__},
        "hooks": [{name: getattr(hook, name) for name in hook.__slots__} for hook in rendered.hooks],
        "findings": [asdict(finding) for finding in rendered.findings],
    }


def _rendered(found: Mapping[str, Any]) -> Rendered:
    return Rendered(
        **{
            **found,
            "objects": tuple(found["objects"]),
            "crds": tuple(found["crds"]),
            "hooks": tuple(_hook(hook) for hook in found["hooks"]),
            "findings": tuple(_finding(finding) for finding in found["findings"]),
        }
    )


def _hook(found: Mapping[str, Any]) -> Hook:
    return Hook(found["manifest"], tuple(found["events"]), found["weight"], tuple(found["delete_policies"]))


def _finding(found: Mapping[str, Any]) -> Finding:
    named = ObjectRef(**found["object"]) if found["object"] else None
    return Finding(Level(found["level"]), found["code"], found["message"], found["fix"], named)
