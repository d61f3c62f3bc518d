"""What `helm template --include-crds` printed, taken apart. For a sealed worker: it parses YAML."""

import re
import tarfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from bot.adapters.helm.capabilities import INEXACT, asking, hiding
from bot.core.chart_output import ChartHead, arrange
from bot.core.errors import Where
from bot.core.manifest import load
from bot.core.model import Finding, Level
from bot.core.release import Rendered
from bot.core.texts import texts_digest

_SOURCE = re.compile(r"^---\n# Source: (?P<path>.+)\n", re.MULTILINE)
_IN_CRDS = re.compile(r"[^/]+(?:/charts/[^/]+)*/crds/.+")
_REVISION = re.compile(rb"\.Revision\b")
_LOOKUP = re.compile(rb"\blookup\b")


def read_output(request: Mapping[str, Any]) -> Rendered:
    """The rendering that the command printed.

    The request holds `output`, `chart` (its path), `revision`, `asks` (`lookup` was to be answered), and
    `stands`, the texts that are known already: a rendering of these is not parsed.
    """
    metadata = load(_chart_yaml(request["chart"]), where=Where("Chart.yaml"))
    head = ChartHead(
        str(metadata["name"]), str(metadata.get("version", "")), str(metadata.get("appVersion") or "")
    )
    sections = list(_sections(request["output"]))
    templates = [section for section in sections if not _IN_CRDS.fullmatch(section[0])]
    crds = [section for section in sections if _IN_CRDS.fullmatch(section[0])]
    doubts = tuple(_doubts(request))
    # Where the deploy may render other texts than these, equal texts prove nothing.
    texts = "" if doubts else texts_digest(templates)
    if texts and texts == request["stands"]:
        return Rendered(head.name, head.version, head.app_version, (), (), (), texts=texts)
    rendered = arrange(head, templates, crds)
    inexact = (INEXACT,) if asking(request["chart"]) or hiding(request["chart"]) else ()
    return replace(rendered, texts=texts, findings=(*rendered.findings, *doubts, *inexact))


def _doubts(request: Mapping[str, Any]) -> Iterator[Finding]:
    """What the command cannot render as the deploy will."""
    if request["revision"] != 1 and any(_REVISION.search(data) for data in _files(request["chart"])):
        yield _REVISION_UNKNOWN
    if request["asks"] and any(_LOOKUP.search(data) for data in _files(request["chart"])):
        yield _LOOKUP_EMPTY


_REVISION_UNKNOWN = Finding(
    Level.WARNING,
    "revision-not-rendered",
    "This chart asks for .Release.Revision, which Helm's command always renders as 1.",
    fix="Choose the engine helm-sdk for plans; it knows the revision.",
)

_LOOKUP_EMPTY = Finding(
    Level.WARNING,
    "lookup-empty",
    "This chart uses lookup, which Helm's command answers with nothing while a plan is made. The deploy asks "
    "the cluster, and may come out otherwise.",
    fix="Choose the engine helm-sdk for plans; it answers lookup.",
)


def _sections(output: str) -> Iterator[tuple[str, str]]:
    """(path, text) as printed. Helm cut the templates before, so no text of theirs holds such a heading."""
    heads = list(_SOURCE.finditer(output))
    ends = [*(head.start() for head in heads), len(output)]
    for number, head in enumerate(heads):
        # Without the line break that Helm writes behind each document: whoever reads them adds it.
        yield head["path"], output[head.end() : ends[number + 1]].removesuffix("\n")


def _chart_yaml(chart: str) -> str:
    path = Path(chart)
    if path.is_dir():
        return (path / "Chart.yaml").read_text(encoding="utf-8")
    with tarfile.open(path) as archive:
        for member in archive:
            found = archive.extractfile(member) if re.fullmatch(r"[^/]+/Chart\.yaml", member.name) else None
            if found is not None:
                return found.read().decode()
    raise FileNotFoundError("Chart.yaml")


def _files(chart: str) -> Iterator[bytes]:
    path = Path(chart)
    if path.is_dir():
        for file in path.rglob("*"):
            if file.is_file() and file.suffix != ".tgz":
                yield file.read_bytes()
        return
    with tarfile.open(path) as archive:
        for member in archive:
            found = archive.extractfile(member) if member.isfile() else None
            if found is not None:
                yield found.read()
