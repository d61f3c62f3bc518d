"""Paths and globs of helmfiles, which never leave the checkout."""

import fnmatch
import posixpath
import re
from typing import Final

from bot.core.errors import AuthorError, Where
from bot.core.layouts.files import Files, joined
from bot.core.layouts.helmfile_yaml import UNSUPPORTED

_MAX_MATCHES: Final = 500
_REMOTE: Final = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*::|[a-zA-Z][a-zA-Z0-9+.-]*://|git@")


def is_remote(path: str) -> bool:
    """Whether helmfile would fetch this from elsewhere."""
    return _REMOTE.match(path) is not None


def local(path: str, base: str, where: Where, what: str) -> str:
    """The path from the checkout's root. Raises AuthorError (`helmfile-unsupported`, `path-escape`)."""
    if is_remote(path):
        raise AuthorError(
            f"{what} comes from elsewhere (`{shortened(path)}`), which is never fetched here.",
            where=where,
            fix="Keep a copy in this project and name that.",
            code=UNSUPPORTED,
        )
    return joined(base, path, where=where)


def shortened(path: str) -> str:
    """A path for a message: without query and credentials, and not too long."""
    clean = re.sub(r"//[^/@]*@", "//", path.partition("?")[0])
    return clean if len(clean) <= 100 else clean[:97] + "..."


def expanded(files: Files, path: str) -> list[str]:
    """The files and directories that a path or glob names, sorted; it is relative to the root already."""
    found = [""]
    for segment in path.split("/"):
        found = [one for base in found for one in _within(files, base, segment)]
        if len(found) > _MAX_MATCHES:
            raise AuthorError(
                f"`{path}` names more than {_MAX_MATCHES} files.", where=Where(path), code="template-limit"
            )
    return sorted(found)


def _within(files: Files, base: str, segment: str) -> list[str]:
    if segment in ("", "."):
        return [base or "."]
    if not any(character in segment for character in "*?["):
        path = posixpath.join(base, segment)
        return [path] if segment in files.names(base or ".") else []
    pattern = re.sub(r"\*+", "*", segment).replace("[^", "[!")
    return [
        posixpath.join(base, name) for name in files.names(base or ".") if fnmatch.fnmatchcase(name, pattern)
    ]
