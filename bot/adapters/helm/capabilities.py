"""Makes `.Capabilities.APIVersions` in templates what a deploy would see: the API server's, and no others.

Helm's library offline lays the versions that it is given behind some fifty of its own (policy/v1beta1, say),
and no option takes those away. So templates that ask are changed in memory, each in its line: the expression
becomes one that leaves Helm's own out, and keeps type and methods (`slice`). What hides it from the text, in
`with .Capabilities` or in values given to `tpl`, still sees both, and is said (`INEXACT`).
"""

import io
import re
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from bot.adapters.helm.ignore import ignored
from bot.core.errors import AuthorError, Where
from bot.core.manifest import documents
from bot.core.model import Finding, Level
from bot.core.rehearsal.case import kinds_of_crd

ASKING = b"Capabilities.APIVersions"

_TEMPLATE = re.compile(r"[^/]+/(?:charts/[^/]+/)*templates/.")
_PACKED = re.compile(r"[^/]+/(?:charts/[^/]+/)*charts/[^/]+\.tgz")
_ACTION = re.compile(r"\{\{.*?\}\}", re.DOTALL)
_VALUES = re.compile(r"[^/]+/(?:charts/[^/]+/)*values\.yaml")
_NAMING = re.compile(
    r'"(?:\\.|[^"\\\n])*"|`[^`]*`|/\*.*?\*/|\.Capabilities\.APIVersions\b|\bAPIVersions\b', re.DOTALL
)
_WORD = re.compile(r'"(?:\\.|[^"\\\n])*"|`[^`]*`|/\*.*?\*/|\.Capabilities\.APIVersions\b', re.DOTALL)


INEXACT = Finding(
    Level.WARNING,
    "api-versions-inexact",
    "This chart asks for .Capabilities.APIVersions in a way that is not followed here: while a plan is made "
    "it sees API versions that only Helm knows (policy/v1beta1, say) beside the cluster's. The deploy sees "
    "the cluster's alone, and may render otherwise.",
    fix="Write `.Capabilities.APIVersions.Has` in the templates where it is asked, without another name for "
    "it and not in values; with the engine helm-sdk.",
)


def asking(path: str) -> bool:
    """Whether a template of this chart (a directory or an archive) asks for API versions."""
    return any(_asks(name, data) for name, data in _files(path))


def hiding(path: str) -> bool:
    """Whether this chart may ask for API versions by another name, or in its values."""
    return any(_hides(name, data) for name, data in _files(path))


def in_values(values: Mapping[str, object]) -> bool:
    """Whether values hold a template that asks for API versions."""
    waiting: list[object] = [values]
    while waiting:
        one = waiting.pop()
        if isinstance(one, Mapping):
            waiting += [*one, *one.values()]
        elif isinstance(one, list):
            waiting += one
        elif isinstance(one, str) and "{{" in one and "APIVersions" in one:
            return True
    return False


def _hides(name: str, data: bytes) -> bool:
    if _PACKED.fullmatch(name):
        return any(_hides(*file) for file in _unpacked(data))
    if b"APIVersions" not in data or b"{{" not in data:
        return False
    text = data.decode(errors="replace")
    if _VALUES.fullmatch(name):
        return any("APIVersions" in action[0] for action in _ACTION.finditer(text))
    if _TEMPLATE.match(name) is None:
        return False
    return any(
        _otherwise(word[0]) for action in _ACTION.finditer(text) for word in _NAMING.finditer(action[0])
    )


def _otherwise(word: str) -> bool:
    """Whether this part of an action names API versions in another way than the one that is followed."""
    if word.startswith("/*"):
        return False
    if word[0] in '"`':
        return word[1:-1] == "APIVersions" or ("{{" in word and "APIVersions" in word)
    return not word.startswith(".Capabilities")


def narrowed(path: str, own: int) -> bytes:
    """The chart as an archive whose templates do not see the first `own` API versions."""
    return _packed(_files(path), own)


def crd_versions(crds: Iterable[tuple[str, str]]) -> Iterator[str]:
    """What the CRDs of crds/ (path, text) add to the API versions: an install applies them before it renders.

    A file that cannot be read adds nothing: who reads it for its objects says so.
    """
    for path, text in crds:
        try:
            manifests = documents(text, where=Where(path))
        except AuthorError:
            continue
        for manifest in manifests:
            for api_version, kind in kinds_of_crd(manifest):
                yield from (api_version, f"{api_version}/{kind}")
            for api_version in _scaled(manifest):
                yield f"{api_version}/Scale"


def _scaled(crd: Mapping[str, object]) -> Iterator[str]:
    spec = crd.get("spec")
    versions = spec.get("versions") if isinstance(spec, dict) and kinds_of_crd(dict(crd)) else None
    for version in versions if isinstance(versions, list) else ():
        subresources = version.get("subresources") if isinstance(version, dict) else None
        if isinstance(subresources, dict) and "scale" in subresources and version.get("served", True):
            yield f"{spec['group']}/{version.get('name')}" if isinstance(spec, dict) else ""


def changed(text: str, own: int) -> str:
    """A template's text, with the first `own` API versions left out wherever its actions name them."""
    return _ACTION.sub(lambda action: _changed(action[0], own), text)


def _changed(action: str, own: int) -> str:
    places = [
        (_start(action, found.start()), found.end())
        for found in _WORD.finditer(action)
        if found[0].startswith(".Capabilities")
    ]
    for start, end in reversed(places):
        action = f"{action[:start]}(slice {action[start:end]} {own}){action[end:]}"
    return action


def _start(action: str, place: int) -> int:
    """Where the operand begins whose last fields are at `place`: `$root`, `.context`, `(index . 0)`."""
    while place > 0:
        before = action[place - 1]
        if before == ")":
            place = _opening(action, place - 1)
        elif before.isalnum() or before in "_.$":
            place -= 1
        else:
            break
    return place


def _opening(action: str, place: int) -> int:
    depth = 0
    while place > 0:
        depth += {")": 1, "(": -1}.get(action[place], 0)
        if depth == 0:
            break
        place -= 1
    return place


def _asks(name: str, data: bytes) -> bool:
    if _PACKED.fullmatch(name):
        return any(_asks(*file) for file in _unpacked(data))
    return ASKING in data and _TEMPLATE.match(name) is not None


def _packed(files: Iterable[tuple[str, bytes]], own: int) -> bytes:
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as packed:
        for name, data in files:
            made = _made(name, data, own) if _asks(name, data) else data
            entry = tarfile.TarInfo(name)
            entry.size = len(made)
            packed.addfile(entry, io.BytesIO(made))
    return archive.getvalue()


def _made(name: str, data: bytes, own: int) -> bytes:
    return _packed(_unpacked(data), own) if _PACKED.fullmatch(name) else _narrowed(data, own)


def _narrowed(data: bytes, own: int) -> bytes:
    return changed(data.decode(errors="surrogateescape"), own).encode(errors="surrogateescape")


def _files(path: str) -> Iterator[tuple[str, bytes]]:
    """The files that Helm loads, below a directory of the chart's name as in an archive."""
    root = Path(path)
    if not root.is_dir():
        yield from _unpacked(root.read_bytes())
        return
    rules = root / ".helmignore"
    skipped = ignored(rules.read_text(encoding="utf-8-sig", errors="replace") if rules.is_file() else "")
    waiting = [root]
    while waiting:
        for found in sorted(waiting.pop().iterdir()):
            name = found.relative_to(root).as_posix()
            if skipped(name, found.is_dir()):
                continue
            if found.is_dir():
                waiting.append(found)
            else:
                yield f"chart/{name}", found.read_bytes()


def _unpacked(data: bytes) -> Iterator[tuple[str, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(data), mode="r:gz") as archive:
        for entry in archive:
            if entry.isfile() and (file := archive.extractfile(entry)) is not None:
                yield entry.name, file.read()
