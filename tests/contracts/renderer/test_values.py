"""Values by Helm's rules, the release and the cluster as templates see them: the same from both engines."""

import tarfile
from pathlib import Path
from typing import Any

import pytest

from bot.app.ports import Renderer
from bot.core.release import Capabilities, LocalChart, RenderJob
from tests.contracts.renderer.charts import config_map, head
from tests.contracts.renderer.conftest import CAPABILITIES, Render, data, names

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_values_of_the_release_win_over_the_charts_and_null_takes_one_away(render: Render) -> None:
    found = await render(
        {
            "values.yaml": "kept: chart\nchanged: chart\ngone: chart\ndeep: {kept: chart, gone: chart}\n",
            "templates/a.yaml": config_map("a", all="{{ .Values | toJson | quote }}"),
        },
        values={"changed": "mine", "gone": None, "deep": {"gone": None}},
    )
    assert data(found)["all"] == '{"changed":"mine","deep":{"kept":"chart"},"kept":"chart"}'


@pytest.mark.parametrize(
    ("value", "printed", "read"),
    [
        (1, "1", 1),
        (1000000, "1e+06", 1000000),
        (9007199254740993, "9.007199254740992e+15", 9007199254740992),
        (1.5, "1.5", 1.5),
        (1.0, "1", 1),
        (0.1, "0.1", 0.1),
        (-7, "-7", -7),
        (True, "true", True),
        ("yes", "yes", "yes"),
        ("0755", "0755", "0755"),
        ("1e3", "1e3", "1e3"),
        (["a", 2], "[a 2]", ["a", 2]),
    ],
)
async def test_numbers_and_words_print_as_helm_prints_them(
    render: Render, value: Any, printed: str, read: Any
) -> None:
    template = config_map(
        "a", printed="{{ .Values.x | toString | quote }}", yaml="{{ toYaml (list .Values.x) | nindent 4 }}"
    )
    found = await render({"templates/a.yaml": template}, values={"x": value})
    assert data(found)["printed"] == printed
    assert data(found)["yaml"] == [read]


async def test_bare_words_and_numbers_in_a_manifest_mean_what_they_mean_to_kubernetes(render: Render) -> None:
    found = await render(
        {
            "templates/a.yaml": config_map(
                "a", yes="yes", y="y", off="off", octal="0755", float="1e3", big="12345678901234567890",
                date="2024-01-01", time="12:30:45", nothing="~", equals='"="', hex="0x1F", whole="3.0",
            )
        }
    )  # fmt: skip
    assert data(found) == {
        "true": True,
        "false": False,
        "octal": 493,
        "float": 1000,
        "big": 12345678901234567890,
        "date": "2024-01-01",
        "time": "12:30:45",
        "nothing": None,
        "equals": "=",
        "hex": 31,
        "whole": 3,
    }


async def test_a_subchart_sees_its_own_values_and_the_globals(render: Render) -> None:
    template = config_map("{{ .Chart.Name }}", all="{{ .Values | toJson | quote }}")
    found = await render(
        {
            "values.yaml": "global: {zone: a}\nkid: {size: 1}\nmine: 2\n",
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/values.yaml": "size: 0\nown: true\n",
            "charts/kid/templates/a.yaml": template,
        },
        values={"kid": {"size": 5}, "global": {"zone": "b"}},
    )
    assert data(found)["all"] == '{"global":{"zone":"b"},"own":true,"size":5}'


@pytest.mark.parametrize(
    ("values", "there"),
    [
        ({}, []),
        ({"kid": {"enabled": True}}, ["ConfigMap/kid"]),
        ({"tags": {"extra": True}}, ["ConfigMap/kid"]),
        ({"tags": {"extra": True}, "kid": {"enabled": False}}, []),
    ],
    ids=["off by default", "on by its condition", "on by its tag", "condition beats tag"],
)
async def test_conditions_and_tags_choose_subcharts(render: Render, values: Any, there: list[str]) -> None:
    needs = 'dependencies:\n- {name: kid, version: "*", condition: kid.enabled, tags: [extra]}\n'
    found = await render(
        {
            "Chart.yaml": head(rest=needs),
            "values.yaml": "tags: {extra: false}\n",
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/templates/a.yaml": config_map("kid"),
            "charts/kid/crds/a.yaml": config_map("crd-of-kid"),
        },
        values=values,
    )
    assert names(found) == there
    assert len(found.crds) == len(there)


async def test_a_subchart_under_an_alias_is_rendered_under_that_name(render: Render) -> None:
    needs = (
        'dependencies:\n- {name: kid, version: "*", alias: one}\n- {name: kid, version: "*", alias: two}\n'
    )
    found = await render(
        {
            "Chart.yaml": head(rest=needs),
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/templates/a.yaml": config_map("{{ .Chart.Name }}-{{ .Values.n }}"),
        },
        values={"one": {"n": 1}, "two": {"n": 2}},
    )
    assert names(found) == ["ConfigMap/one-1", "ConfigMap/two-2"]


async def test_values_of_a_subchart_can_be_imported(render: Render) -> None:
    needs = 'dependencies:\n- {name: kid, version: "*", import-values: [{child: out, parent: fromkid}]}\n'
    found = await render(
        {
            "Chart.yaml": head(rest=needs),
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/values.yaml": "out: {size: 7}\n",
            "templates/a.yaml": config_map("a", size="{{ .Values.fromkid.size | quote }}"),
        }
    )
    assert data(found)["size"] == "7"


@pytest.mark.parametrize(
    ("is_upgrade", "said"), [(False, "web shop true false Helm"), (True, "web shop false true Helm")]
)
async def test_templates_see_the_release(render: Render, is_upgrade: bool, said: str) -> None:
    fields = ("Name", "Namespace", "IsInstall", "IsUpgrade", "Service")
    text = " ".join("{{ .Release." + field + " }}" for field in fields)
    found = await render({"templates/a.yaml": config_map("a", said=text)}, is_upgrade=is_upgrade)
    assert data(found)["said"] == said


async def test_templates_see_the_cluster_and_not_the_engines_default(render: Render) -> None:
    has = '{{ .Capabilities.APIVersions.Has "x.example/%s" }}'
    text = " ".join(["{{ .Capabilities.KubeVersion.Version }}", has % "v1/Thing", has % "v2"])
    found = await render(
        {"templates/a.yaml": config_map("a", said=text)},
        capabilities=Capabilities("v1.29.4+k3s1", ("x.example/v1", "x.example/v1/Thing")),
    )
    assert data(found)["said"] == "v1.29.4+k3s1 true false"


async def test_templates_branch_on_the_version_of_the_cluster(render: Render) -> None:
    text = '{{ semverCompare ">=1.30-0" .Capabilities.KubeVersion.Version | ternary "new" "old" }}'
    chart = {"templates/a.yaml": config_map("a", said=text)}
    old = await render(chart, capabilities=Capabilities("v1.29.4", ()))
    new = await render(chart, capabilities=Capabilities("v1.31.0-gke.100", ()))
    assert (data(old)["said"], data(new)["said"]) == ("old", "new")


async def test_lookup_finds_nothing_and_names_are_not_resolved(render: Render) -> None:
    found = await render(
        {
            "templates/a.yaml": config_map(
                "a",
                looked='{{ lookup "v1" "Secret" "shop" "x" | toJson | quote }}',
                all='{{ (lookup "v1" "Secret" "" "").items | toJson | quote }}',
                host='{{ getHostByName "localhost" | quote }}',
            )
        }
    )
    assert data(found) == {"looked": "{}", "all": "null", "host": ""}


async def test_templates_read_the_charts_files(render: Render) -> None:
    found = await render(
        {
            "conf/a.txt": "alpha",
            "conf/b.txt": "beta",
            "templates/a.yaml": config_map(
                "a",
                one='{{ .Files.Get "conf/a.txt" }}',
                missing='{{ .Files.Get "/etc/passwd" | quote }}',
                many='{{ range $path, $_ := .Files.Glob "conf/*" }}{{ $path }} {{ end }}',
            ),
        }
    )
    assert data(found) == {"one": "alpha", "missing": "", "many": "conf/a.txt conf/b.txt"}


async def test_text_of_values_can_be_a_template(render: Render) -> None:
    found = await render(
        {"templates/a.yaml": config_map("a", said="{{ tpl .Values.text . }}")},
        values={"text": "{{ .Release.Name }}-{{ .Values.n }}", "n": 3},
    )
    assert data(found)["said"] == "web-3"


async def test_a_chart_from_an_archive_renders_like_its_directory(
    render: Render, renderer: Renderer, tmp_path: Path
) -> None:
    files = {"templates/a.yaml": config_map("{{ .Chart.Name }}-{{ .Chart.Version }}")}
    found = await render(files)
    with tarfile.open(tmp_path / "demo-1.2.3.tgz", "w:gz") as archive:
        archive.add(tmp_path / "demo", "demo")
    chart = LocalChart(str(tmp_path / "demo-1.2.3.tgz"), "sha256:0", "demo", "1.2.3")
    packed = await renderer.render(RenderJob(chart, "web", "shop", {}, CAPABILITIES))
    assert packed == found
    assert names(packed) == ["ConfigMap/demo-1.2.3"]


@pytest.mark.parametrize("renderer", ["sdk"], indirect=True)
async def test_the_library_knows_the_revision(render: Render) -> None:
    chart = {"templates/a.yaml": config_map("a", said="{{ .Release.Revision | quote }}")}
    found = await render(chart, revision=7, is_upgrade=True)
    assert (data(found)["said"], found.findings) == ("7", ())


@pytest.mark.parametrize("renderer", ["cli"], indirect=True)
async def test_the_command_says_when_the_revision_matters_and_it_does_not_know_it(render: Render) -> None:
    asks = {"templates/a.yaml": config_map("a", said="{{ .Release.Revision | quote }}")}
    found = await render(asks, revision=7, is_upgrade=True)
    assert data(found)["said"] == "1"
    assert [finding.code for finding in found.findings] == ["revision-not-rendered"]
    other = await render({"templates/a.yaml": config_map("a")}, revision=7, is_upgrade=True)
    assert other.findings == ()
