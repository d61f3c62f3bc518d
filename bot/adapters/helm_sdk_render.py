"""Helm's library, loaded into this process: only ever into a worker, since it cannot be stopped or unloaded.

Its rendering leaves out what the `helm` command checks around it; those checks are here, in Helm's own words.
"""

import io
import json
import tarfile
from collections.abc import Iterable, Mapping
from typing import Any

from helm_python import Chart, Config, HelmError, _native

from bot.adapters.helm_words import failed
from bot.core.chart_output import ChartHead


class DoorNeeded(Exception):
    """A template called `lookup` where there was no door."""


def version() -> str:
    """Helm's own version, such as 4.2.3."""
    return str(_native.helm_sdk_version()).removeprefix("v")


def render(request: Mapping[str, Any]) -> tuple[ChartHead, Mapping[str, str], list[tuple[str, str]]]:
    """The chart's head, its rendered templates by path, and its crds/ files as (path, text).

    With `door` in the request `lookup` is sent to this address, else it finds nothing. Raises AuthorError
    `render-failed`, DoorNeeded. The chart is loaded anew: rendering changes a loaded one.
    """
    try:
        with Chart.load(request["chart"]) as chart:
            metadata = chart.metadata
            check_installable(metadata, chart.dependencies)
            _check_kube_version(metadata, request["kube_version"])
            templates = json.loads(_templates(chart, request))
            crds = [(crd["filename"], crd["data"]) for crd in chart.crds]
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
    head = {"apiVersion": "v2", "name": metadata["name"], "version": "0.0.1", "kubeVersion": wanted}
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as files:
        text = json.dumps(head).encode()
        entry = tarfile.TarInfo(f"{metadata['name']}/Chart.yaml")
        entry.size = len(text)
        files.addfile(entry, io.BytesIO(text))
    options = json.dumps({"dry_run": "client", "kube_version": kube_version})
    with Chart.load_archive(archive.getvalue()) as chart, Config(storage_driver="memory") as config:
        nothing = _native.HANDLE(0)
        _native.call_string(
            "helm_install", config._raw(), nothing, chart._raw(), None, "asked", None, options
        )
