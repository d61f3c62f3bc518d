"""Templates that ask for API versions see the cluster's, and none that only Helm knows."""

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.helm.capabilities import changed
from bot.adapters.helm.ignore import ignored
from bot.adapters.helm.sdk import SdkRenderer
from bot.core.release import Capabilities, LocalChart, Rendered, RenderJob
from tests.contracts.renderer.charts import config_map, head, write

SERVED = Capabilities("v1.36.3", ("policy/v1", "v1", "v1/ConfigMap"))
ONLY_HELMS = '{{ .Capabilities.APIVersions.Has "policy/v1beta1" | quote }}'
SERVED_TOO = '{{ .Capabilities.APIVersions.Has "policy/v1" | quote }}'
CRD = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {name: things.shop.example}
spec:
  group: shop.example
  scope: Namespaced
  names: {kind: Thing, plural: things}
  versions:
  - {name: v1, served: true, storage: true, subresources: {scale: {}}}
  - {name: v0, served: false, storage: false}
"""


async def rendered(folder: Path, chart: LocalChart, *, is_upgrade: bool = True) -> Rendered:
    async with SdkRenderer(1, read_paths=[str(folder)]) as renderer:
        return await renderer.render(RenderJob(chart, "web", "shop", {}, SERVED, is_upgrade=is_upgrade))


async def data(folder: Path, files: Mapping[str, str], *, is_upgrade: bool = True) -> dict[str, Any]:
    found = await rendered(folder, write(folder, files), is_upgrade=is_upgrade)
    return {key: text for one in found.objects for key, text in one["data"].items()}


async def test_what_only_helm_knows_is_not_there(tmp_path: Path) -> None:
    every = '{{ .Capabilities.APIVersions | join " " | quote }}'
    text = config_map("a", beta=ONLY_HELMS, served=SERVED_TOO, every=every)
    said = await data(tmp_path, {"templates/a.yaml": text})
    assert said == {"beta": "false", "served": "true", "every": "policy/v1 v1 v1/ConfigMap"}


async def test_partials_and_subcharts_packed_or_not_see_the_same(tmp_path: Path) -> None:
    asks = '{{ (index . 0).Capabilities.APIVersions.Has "policy/v1beta1" }}'
    files = {
        "templates/_asks.tpl": '{{ define "asks" }}' + asks + "{{ end }}",
        "templates/a.yaml": config_map("a", a='{{ include "asks" (list $) | quote }}'),
        "charts/kid/Chart.yaml": head("kid"),
        "charts/kid/templates/b.yaml": config_map("b", b=ONLY_HELMS),
    }
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as archive:
        for path, text in (("Chart.yaml", head("far")), ("templates/c.yaml", config_map("c", c=ONLY_HELMS))):
            entry = tarfile.TarInfo(f"far/{path}")
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    chart = write(tmp_path, files)
    (Path(chart.path) / "charts" / "far-1.2.3.tgz").write_bytes(packed.getvalue())
    found = await rendered(tmp_path, chart)
    assert {k: v for one in found.objects for k, v in one["data"].items()} == dict.fromkeys("abc", "false")


async def test_an_install_sees_the_kinds_of_its_crds_and_an_upgrade_does_not(tmp_path: Path) -> None:
    has = '{{ .Capabilities.APIVersions.Has "shop.example/%s" }}'
    asked = " ".join(has % name for name in ("v1", "v1/Thing", "v1/Scale", "v0"))
    files = {"crds/thing.yaml": CRD, "templates/a.yaml": config_map("a", a=asked)}
    assert await data(tmp_path, files, is_upgrade=False) == {"a": "true true true false"}
    assert await data(tmp_path, files) == {"a": "false false false false"}


async def test_crds_of_a_subchart_that_is_off_are_not_seen(tmp_path: Path) -> None:
    needs = "dependencies: [{name: kid, version: 1.2.3, condition: kid.enabled}]\n"
    files = {
        "Chart.yaml": head(rest=needs),
        "values.yaml": "kid: {enabled: false}\n",
        "charts/kid/Chart.yaml": head("kid"),
        "charts/kid/crds/thing.yaml": CRD,
        "templates/a.yaml": config_map(
            "a", a='{{ .Capabilities.APIVersions.Has "shop.example/v1" | quote }}'
        ),
    }
    assert await data(tmp_path, files, is_upgrade=False) == {"a": "false"}


async def test_files_that_helm_ignores_stay_ignored(tmp_path: Path) -> None:
    files = {
        ".helmignore": "# none of these\n*.bak.yaml\nold/\n/templates/not-me.yaml\n",
        "templates/a.yaml": config_map("a", a=ONLY_HELMS),
        "templates/b.bak.yaml": config_map("b", b="1"),
        "templates/old/c.yaml": config_map("c", c="1"),
        "templates/not-me.yaml": config_map("d", d="1"),
        "templates/.hidden.yaml": config_map("e", e="1"),
    }
    assert await data(tmp_path, files) == {"a": "false"}


async def test_a_template_that_fails_is_named_with_its_line(tmp_path: Path) -> None:
    text = config_map("a", a=ONLY_HELMS, b='{{ required "size is needed" .Values.size }}')
    with pytest.raises(Exception, match="size is needed") as caught:
        await data(tmp_path, {"templates/a.yaml": text})
    where = getattr(caught.value, "where", None)
    assert (where.file, where.line) == ("demo/templates/a.yaml", 7) if where else False


@pytest.mark.parametrize(
    ("text", "made"),
    [
        (
            '{{ $.Capabilities.APIVersions.Has "a/v1" }}',
            '{{ (slice $.Capabilities.APIVersions 9).Has "a/v1" }}',
        ),
        (
            '{{- has "v1" .ctx.Capabilities.APIVersions -}}',
            '{{- has "v1" (slice .ctx.Capabilities.APIVersions 9) -}}',
        ),
        ('{{ "x.Capabilities.APIVersions" }}', '{{ "x.Capabilities.APIVersions" }}'),
        ("{{/* .Capabilities.APIVersions */}}", "{{/* .Capabilities.APIVersions */}}"),
        ("# .Capabilities.APIVersions", "# .Capabilities.APIVersions"),
        ("{{ .Capabilities.APIVersionsToo }}", "{{ .Capabilities.APIVersionsToo }}"),
        (
            '{{ (get (index . 1) "root").Capabilities.APIVersions }}',
            '{{ (slice (get (index . 1) "root").Capabilities.APIVersions 9) }}',
        ),
    ],
)
def test_only_expressions_of_actions_are_changed(text: str, made: str) -> None:
    assert changed(text, 9) == made


@pytest.mark.parametrize(
    ("rules", "path", "directory", "expected"),
    [
        ("", "templates/.swp", False, True),
        ("", "templates/deep/.swp", False, False),
        ("*.orig", "deep/a.orig", False, True),
        ("deep/*.orig", "deep/a.orig", False, True),
        ("deep/*.orig", "very/deep/a.orig", False, False),
        ("/a.txt", "a.txt", False, True),
        ("/a.txt", "b/a.txt", False, False),
        ("ci/", "ci", True, True),
        ("ci/", "ci", False, False),
        ("[a-c]?.txt", "b1.txt", False, True),
        ("[^a-c].txt", "b.txt", False, False),
        ("!*.yaml", "a.yaml", False, False),
        ("!*.yaml", "a.txt", False, True),
        ("\\*.txt", "*.txt", False, True),
        ("  # comment", "# comment", False, False),
    ],
)
def test_helmignore_is_read_as_helm_reads_it(rules: str, path: str, directory: bool, expected: bool) -> None:
    assert ignored(rules)(path, directory) is expected
