"""A checkout is a directory on this disk whose contents nobody vouches for."""

import os
import stat
import subprocess
from typing import Final

from bot.adapters.checkout_path import inside
from bot.core.errors import AuthorError, Where

MAX_TEXT: Final = 5_000_000
"""Bytes of one configuration or values file."""


class DirectoryCheckout:
    """The port Checkout over a directory."""

    def __init__(self, root: str, head: str | None = None) -> None:
        self._root = os.path.realpath(root)
        self._head = head

    @property
    def root(self) -> str:
        """Absolute path of the root, without symlinks."""
        return self._root

    @property
    def head(self) -> str | None:
        """The commit that the directory was made of, if it was one."""
        return self._head

    def text(self, path: str) -> str | None:
        """See the port; also AuthorError (`not-a-file`) for directories, devices, pipes and sockets."""
        data = read_regular(inside(self._root, path), path, MAX_TEXT)
        if data is None:
            return None
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError:
            raise AuthorError(
                "This file is not UTF-8 text.", where=Where(path), fix="Save it as UTF-8.", code="not-text"
            ) from None

    def names(self, path: str) -> tuple[str, ...]:
        """See the port. Names that are not UTF-8 and `.git` are left out."""
        try:
            found = os.listdir(inside(self._root, path))
        except (FileNotFoundError, NotADirectoryError):
            return ()
        return tuple(sorted(name for name in found if name != ".git" and _is_text(name)))


def read_regular(real: str, path: str, limit: int) -> bytes | None:
    """The bytes of the regular file at `real`, or None where there is nothing; messages name it `path`.

    Raises AuthorError (`not-a-file`, `too-large`).
    """
    try:
        descriptor = os.open(real, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise AuthorError(
            f"This file cannot be read: {error.strerror}.", where=Where(path), code="not-a-file"
        ) from None
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise AuthorError("This is not a plain file.", where=Where(path), code="not-a-file")
    with os.fdopen(descriptor, "rb") as file:
        data = file.read(limit + 1)
    if len(data) > limit:
        raise AuthorError(
            f"This file is larger than {limit // 1_000_000} MB.",
            where=Where(path),
            fix="Keep only what is needed in it.",
            code="too-large",
        )
    return data


def head_of(directory: str) -> str | None:
    """The commit that is checked out in this directory, or None where git knows of none."""
    try:
        done = subprocess.run(
            ["git", "-C", directory, "rev-parse", "--verify", "--quiet", "HEAD^{commit}"],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout.strip() or None if done.returncode == 0 else None


def _is_text(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True
