"""Where a path of a checkout really is on this disk, and whether that is still inside of it."""

import os
import posixpath

from bot.core.errors import AuthorError, Where


def inside(root: str, path: str, *, code: str = "path-escape") -> str:
    """The absolute path without symlinks. `root` must be such a path already.

    A symlink is fine as long as what it names is in the checkout. Raises AuthorError (`code`) for `..`, an
    absolute path, a symlink that leads out, and anything in `.git`.
    """
    parts = path.split("/")
    if path.startswith("/") or ".." in parts or "\\" in path or "\0" in path:
        raise _left(path, "The path leaves the checkout.", code)
    real = os.path.realpath(os.path.join(root, posixpath.normpath(path or ".")))
    if real != root and not real.startswith(root.rstrip(os.sep) + os.sep):
        raise _left(path, "A symlink leads out of the checkout here.", code)
    if ".git" in os.path.relpath(real, root).split(os.sep):
        raise _left(path, "Git's own directory is no part of the checkout.", code)
    return real


def _left(path: str, what: str, code: str) -> AuthorError:
    return AuthorError(
        what, where=Where(path), fix="Name a file of this project, by a path relative to it.", code=code
    )
