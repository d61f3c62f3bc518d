"""Looks through a chart archive before anything else does, without unpacking it onto the disk."""

import gzip
import io
import tarfile
import zlib
from typing import Final

from bot.adapters.charts.metadata import Metadata, invalid, missing_dependencies, read_metadata
from bot.core.errors import AuthorError, Where

MAX_PACKED: Final = 20_000_000
MAX_UNPACKED: Final = 100_000_000
MAX_MEMBERS: Final = 10_000
_KEPT: Final = ("Chart.yaml", "Chart.lock", "requirements.yaml", "requirements.lock")
_MAX_KEPT: Final = 1_000_000


def inspect(data: bytes, where: str) -> Metadata:
    """What the archive's Chart.yaml says, once the whole archive was found harmless.

    Raises AuthorError: `chart-escape` for a member that could land or lead outside, `chart-invalid` for what
    is no chart archive or unpacks to more than MAX_UNPACKED bytes or MAX_MEMBERS members, `chart-dependency`
    for a chart that is declared but not packed.
    """
    try:
        files = _files(data, where)
    except (tarfile.TarError, OSError, EOFError, zlib.error, ValueError):
        raise invalid("This is no chart archive (.tgz), or it is damaged.", where) from None
    metadata = read_metadata(files, where)
    missing = missing_dependencies(metadata, files, where)
    if missing:
        raise AuthorError(
            f"The archive lacks the charts that it needs: {', '.join(one.name for one in missing)}.",
            where=Where(where),
            fix="Package it again after `helm dependency build`.",
            code="chart-dependency",
        )
    return metadata


def _files(data: bytes, where: str) -> dict[str, bytes]:
    """The files that speak about the chart by their path in it; all others with nothing in them."""
    files: dict[str, bytes] = {}
    top = ""
    with (
        _Bounded(data, where) as stream,
        tarfile.open(fileobj=stream, mode="r|") as archive,
    ):
        for count, member in enumerate(archive):
            if count >= MAX_MEMBERS:
                raise invalid(f"The archive has more than {MAX_MEMBERS} members.", where)
            _check(member, where)
            head, _, path = member.name.removeprefix("./").partition("/")
            if not member.isreg() or not path:
                continue
            top = top or head
            if head != top:
                raise invalid("The archive holds more than one directory at its top.", where)
            files[path] = _content(archive, member, path)
    return files


def _check(member: tarfile.TarInfo, where: str) -> None:
    name = member.name
    if name.startswith("/") or "\\" in name or ".." in name.split("/"):
        raise _escape(f"The archive's member {name[:80]!r} would land outside of the chart.", where)
    if member.issym() or member.islnk():
        raise _escape(f"The archive's member {name[:80]!r} is a link.", where)
    if not (member.isdir() or member.isreg()) or member.issparse():
        raise _escape(f"The archive's member {name[:80]!r} is no plain file.", where)


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo, path: str) -> bytes:
    parts = path.split("/")
    if not (path in _KEPT or (len(parts) == 3 and parts[0] == "charts" and parts[2] == "Chart.yaml")):
        return b""
    if member.size > _MAX_KEPT:
        raise ValueError("too large")
    file = archive.extractfile(member)
    return file.read() if file else b""


def _escape(what: str, where: str) -> AuthorError:
    return AuthorError(
        what, where=Where(where), fix="Package the chart with `helm package`.", code="chart-escape"
    )


class _Bounded(gzip.GzipFile):
    """Ends with an error after MAX_UNPACKED bytes, however little they were packed."""

    def __init__(self, data: bytes, where: str) -> None:
        super().__init__(fileobj=io.BytesIO(data))
        self._where = where
        self._left = MAX_UNPACKED

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        self._left -= len(data)
        if self._left < 0:
            raise invalid(f"The archive unpacks to more than {MAX_UNPACKED // 1_000_000} MB.", self._where)
        return data
