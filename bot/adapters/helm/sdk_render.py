"""Helm's library, loaded into this process: only ever into a worker, since it cannot be stopped or unloaded.

Its rendering leaves out what the `helm` command checks around it; those checks are here, in Helm's own words.
"""

import functools
import io
import json
import tarfile
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias

from helm_python import Chart, Config, HelmError, _native

from bot.adapters.helm import capabilities as helm_capabilities
from bot.adapters.helm.words import failed
from bot.core.chart_output import ChartHead
from bot.core.model import Finding

_Crds: TypeAlias = Sequence[tuple[str, str]]


class DoorNeeded(Exception):
    """A template called `lookup` where there was no door."""


def version() -> str:
    """Helm's own version, such as 4.2.3."""
    return str(_native.helm_sdk_version()).removeprefix("v")


def findings(request: Mapping[str, Any]) -> tuple[Finding, ...]:
    """What cannot be rendered as the deploy will."""
    hidden = _hiding(request["chart"], request["digest"]) or helm_capabilities.in_values(request["values"])
    return (helm_capabilities.INEXACT,) if hidden else ()


@functools.lru_cache(maxsize=64)
def _hiding(path: str, digest: str) -> bool:
    """`digest` stands for what is in the chart; one that cannot be read is Helm's to complain about."""
    try:
        return helm_capabilities.hiding(path)
    except (OSError, EOFError, tarfile.TarError):
        return False


def render(request: Mapping[str, Any]) -> tuple[ChartHead, Mapping[str, str], _Crds]:
    """The chart's head, its rendered templates by path, and its crds/ files as (path, text).

    With `door` in the request `lookup` is sent to this address, else it finds nothing. Raises AuthorError
    `render-failed`, DoorNeeded. The chart is loaded anew: rendering changes a loaded one.
    """
    try:
        archive = _narrowed(request["chart"], request["digest"])
        added = _crds(request["chart"]) if archive and not request["is_upgrade"] else ()
        metadata, templates, crds = _rendered(request, archive, added)
        if len(crds) < len(added):
            metadata, templates, crds = _rendered(request, archive, crds)
    except HelmError as error:
        if request.get("sealed") and request["door"] in str(error):
            raise DoorNeeded from error
        paths = {request["chart"]: str(request["name"])}
        if request.get("door"):
            paths[request["door"]] = "the cluster"
        raise failed(str(error), paths, code="render-failed") from error
    head = ChartHead(
        metadata["name"], str(metadata.get("version", "")), str(metadata.get("appVersion") or "")
    )
    return head, templates, crds


def _rendered(
    request: Mapping[str, Any], archive: bytes, added: _Crds
) -> tuple[Mapping[str, Any], Mapping[str, str], _Crds]:
    """Metadata, templates and crds/ of the chart; `added` are the CRDs that templates see as served."""
    versions = sorted({*request["api_versions"], *helm_capabilities.crd_versions(added)})
    with Chart.load_archive(archive) if archive else Chart.load(request["chart"]) as chart:
        metadata = chart.metadata
        check_installable(metadata, chart.dependencies)
        _check_kube_version(metadata, request["kube_version"])
        templates = json.loads(_templates(chart, {**request, "api_versions": versions}))
        # Only now: rendering has taken the subcharts out that are switched off.
        return metadata, templates, [(crd["filename"], crd["data"]) for crd in chart.crds]


def _crds(path: str) -> _Crds:
    """Every file of crds/, those of subcharts included that values may switch off."""
    with Chart.load(path) as chart:
        return [(crd["filename"], crd["data"]) for crd in chart.crds]


@functools.lru_cache(maxsize=2)
def _narrowed(path: str, digest: str) -> bytes:
    """The chart as it is to be loaded where its templates ask for API versions, else nothing.

    Nothing, too, for a chart that cannot be read: Helm then says why. `digest` stands for what is in it.
    """
    try:
        return helm_capabilities.narrowed(path, _own_versions()) if helm_capabilities.asking(path) else b""
    except (OSError, EOFError, tarfile.TarError):
        return b""


@functools.cache
def _own_versions() -> int:
    """How many API versions Helm knows by itself; those that it is given stand behind them."""
    text = b"{{ len .Capabilities.APIVersions }}"
    with Chart.load_archive(_archive("own", {"templates/count.yaml": text})) as chart:
        (found,) = json.loads(_native.call_string("helm_render", chart._raw(), None, "{}")).values()
    return int(found)


def _archive(name: str, files: Mapping[str, bytes], **fields: str) -> bytes:
    head = {"apiVersion": "v2", "name": name, "version": "0.0.1", **fields}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as packed:
        for path, data in {"Chart.yaml": json.dumps(head).encode(), **files}.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(data)
            packed.addfile(entry, io.BytesIO(data))
    return archive.getvalue()


def _templates(chart: Chart, request: Mapping[str, Any]) -> str:
    values, options = json.dumps(request["values"]), json.dumps(_options(request))
    if not request.get("door"):
        return _native.call_string("helm_render", chart._raw(), values, options)
    with Config(kube_apiserver=request["door"], storage_driver="memory") as config:
        return _native.call_string("helm_render_with_config", config._raw(), chart._raw(), values, options)


def _options(request: Mapping[str, Any]) -> Mapping[str, Any]:
    return {
        "name": request["release"],
        "namespace": request["namespace"],
        "revision": request["revision"],
        "is_upgrade": request["is_upgrade"],
        "is_install": not request["is_upgrade"],
        "kube_version": request["kube_version"],
        "api_versions": request["api_versions"],
    }


def check_installable(metadata: Mapping[str, Any], loaded: Iterable[Mapping[str, Any]]) -> None:
    """What the `helm` command asks of a chart before the library sees it. AuthorError `render-failed`."""
    kind = metadata.get("type") or "application"
    if kind != "application":
        raise failed(f"{kind} charts are not installable", {}, code="render-failed")
    there = {chart.get("name") for chart in loaded}
    missing = [wanted["name"] for wanted in metadata.get("dependencies") or () if wanted["name"] not in there]
    if missing:
        raise failed(
            f"found in Chart.yaml, but missing in charts/ directory: {', '.join(missing)}",
            {},
            code="render-failed",
        )


def _check_kube_version(metadata: Mapping[str, Any], kube_version: str) -> None:
    """Asks Helm itself by a dry run of a chart that is empty but for this requirement."""
    wanted = metadata.get("kubeVersion")
    if not wanted:
        return
    archive = _archive(metadata["name"], {}, kubeVersion=wanted)
    options = json.dumps({"dry_run": "client", "kube_version": kube_version})
    with Chart.load_archive(archive) as chart, Config(storage_driver="memory") as config:
        nothing = _native.HANDLE(0)
        _native.call_string(
            "helm_install", config._raw(), nothing, chart._raw(), None, "asked", None, options
        )
