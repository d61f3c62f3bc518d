"""Reads a chart directory of a checkout into memory, so that nothing changes under whoever loads it.

Symlinks that stay in the checkout become what they name; what else is no file or directory is refused.
"""

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from typing import Final

from bot.adapters.charts.metadata import invalid
from bot.adapters.checkout import read_regular
from bot.adapters.checkout_path import inside
from bot.core.errors import AuthorError, Where

MAX_BYTES: Final = 20_000_000
MAX_FILES: Final = 5_000
"""Files and directories together; each time that a symlink leads to one counts."""


def read_directory(root: str, path: str) -> dict[str, bytes]:
    """The files below `path` by their path in it. `root` is the checkout's, `path` relative to it.

    Raises AuthorError: `chart-not-found`, `chart-escape` (a symlink that leads out, a device, a pipe),
    `chart-invalid` (more than MAX_BYTES or MAX_FILES).
    """
    if not os.path.isdir(inside(root, path, code="chart-escape")):
        raise not_found(path)
    files: dict[str, bytes] = {}
    left = MAX_BYTES
    for name, real in _walk(root, path):
        data = _read(name, real, left)
        left -= len(data)
        if left < 0:
            raise invalid(f"The chart is larger than {MAX_BYTES // 1_000_000} MB.", path)
        files[os.path.relpath(name, path)] = data
    return files


def digest_of(files: Mapping[str, bytes]) -> str:
    """Hex SHA-256 over paths and contents, whatever the order and the modes of the files."""
    whole = hashlib.sha256()
    for path in sorted(files):
        name, data = path.encode(), files[path]
        whole.update(b"%d:%s%d:" % (len(name), name, len(data)))
        whole.update(data)
    return whole.hexdigest()


def not_found(path: str) -> AuthorError:
    """There is no chart at this path."""
    return AuthorError(
        "There is no chart here.",
        where=Where(path),
        fix="Correct the path, or add the chart to the checkout.",
        code="chart-not-found",
    )


def _walk(root: str, path: str) -> Iterator[tuple[str, str]]:
    """Every file below `path` with its real place. Symlinks in a circle only reach the bound."""
    waiting, seen = [(path, inside(root, path, code="chart-escape"))], 0
    while waiting:
        directory, place = waiting.pop()
        for name in sorted(os.listdir(place)):
            if name == ".git":
                continue
            seen += 1
            if seen > MAX_FILES:
                raise invalid(
                    f"The chart has more than {MAX_FILES} files, or symlinks that lead in a circle.", path
                )
            whole = f"{directory}/{name}" if directory != "." else name
            real = _resolved(root, whole, os.path.join(place, name))
            if _is_directory(whole, real):
                waiting.append((whole, real))
            else:
                yield whole, real


def _resolved(root: str, path: str, place: str) -> str:
    """The place without symlinks; what it stands in has none."""
    if not os.path.islink(place):
        return place
    real = os.path.realpath(place)
    try:
        return inside(root, os.path.relpath(real, root), code="chart-escape")
    except AuthorError as error:
        raise _special(path, "A symlink leads out of the checkout here.") from error


def _is_directory(path: str, real: str) -> bool:
    """Whether this is a directory and not a file; AuthorError for what is neither."""
    try:
        mode = os.stat(real, follow_symlinks=False).st_mode
    except OSError:
        raise _special(path, "This symlink leads nowhere.") from None
    if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
        return stat.S_ISDIR(mode)
    raise _special(path, "A chart holds only files and directories.")


def _read(path: str, real: str, left: int) -> bytes:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise invalid("The chart holds a file whose name is not UTF-8.", os.path.dirname(path)) from None
    try:
        data = read_regular(real, path, left)
    except AuthorError as error:
        code = "chart-invalid" if error.code == "too-large" else "chart-escape"
        what = "The chart is too large." if error.code == "too-large" else error.what
        raise AuthorError(what, where=error.where, code=code) from None
    if data is None:
        raise not_found(path)
    return data


def _special(path: str, what: str) -> AuthorError:
    return AuthorError(what, where=Where(path), fix="Take it out of the chart.", code="chart-escape")
