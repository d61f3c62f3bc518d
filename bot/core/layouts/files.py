"""The part of a checkout that layouts read, and the paths in it."""

import posixpath
from typing import Protocol

from bot.core.errors import AuthorError, Where


class Files(Protocol):
    """Files of one commit. Paths are POSIX and relative to the checkout's root."""

    def text(self, path: str) -> str | None:
        """The file's text, or None where there is none. Raises AuthorError for what must not be read."""
        ...

    def names(self, path: str) -> tuple[str, ...]:
        """The sorted names in a directory; empty where there is none."""
        ...


def joined(base: str, path: str, *, where: Where | None = None) -> str:
    """`path`, written relative to the directory `base`, as a path from the checkout's root.

    Raises AuthorError (`path-escape`) for an absolute path and for one that climbs out of the checkout.
    """
    whole = posixpath.normpath(posixpath.join(base, path))
    if (
        not path
        or path.startswith("/")
        or whole.startswith("/")
        or "\\" in path
        or "\0" in path
        or whole.split("/")[0] == ".."
    ):
        raise AuthorError(
            f"The path {whole!r} leaves the checkout.",
            where=where,
            fix="Use a path relative to this project's files.",
            code="path-escape",
        )
    return whole
