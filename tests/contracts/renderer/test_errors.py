"""What is wrong with a chart, said with its place: the same from both engines."""

import pytest

from tests.contracts.renderer.charts import config_map, head
from tests.contracts.renderer.conftest import Refusal

pytestmark = pytest.mark.asyncio(loop_scope="module")

LINE_3 = "{{/* */}}\n{{/* */}}\n"


@pytest.mark.parametrize(
    ("template", "words", "line"),
    [
        (LINE_3 + '{{ required "set the host" .Values.host }}', "set the host", 3),
        (LINE_3 + '{{ fail "not like this" }}', "not like this", 3),
        (LINE_3 + "{{ .Values.a.b.c }}", "nil pointer evaluating interface {}.b", 3),
        (LINE_3 + '{{ include "nowhere" . }}', 'no template "nowhere"', 3),
        (LINE_3 + "{{ if }}", "missing value for if", 3),
        (LINE_3 + "{{ nonsense 1 }}", 'function "nonsense" not defined', 3),
        (LINE_3 + '{{ tpl "{{ .Values.q.w }}" . }}', "nil pointer evaluating interface {}.w", 3),
        (LINE_3 + "{{ index (list 1) 5 }}", "index out of range: 5", 3),
        (LINE_3 + '{{ atoi "7" | nindent "x" }}', "expected integer", 3),
        (LINE_3 + '{{ env "HOME" }}', 'function "env" not defined', 3),
    ],
    ids=lambda value: value.removeprefix(LINE_3) if isinstance(value, str) else str(value),
)
async def test_a_template_that_fails_is_named_with_its_line(
    refusal: Refusal, template: str, words: str, line: int
) -> None:
    error = await refusal({"templates/a.yaml": template})
    assert error.code == "render-failed"
    assert words in error.what
    assert error.where is not None
    assert (error.where.file, error.where.line) == ("demo/templates/a.yaml", line)


@pytest.mark.parametrize(
    "text",
    [
        "a: b: c",
        "{{ toYaml .Values | nindent 2 }}\n bad",
        "kind: [",
        "just words",
        "- a\n- list",
        "a: *nowhere",
        "\ta: b",
    ],
)
async def test_output_that_is_no_yaml_object_is_refused(refusal: Refusal, text: str) -> None:
    error = await refusal({"templates/a.yaml": text, "values.yaml": "x: 1"})
    assert error.code == "render-failed"
    assert "YAML parse error" in error.what
    assert error.where is not None
    assert error.where.file == "demo/templates/a.yaml"


@pytest.mark.parametrize(
    ("text", "words"),
    [("apiVersion: v1\nmetadata: {name: a}", "without kind"), ("kind: ConfigMap", "without apiVersion")],
)
async def test_an_object_without_kind_or_version_is_refused(refusal: Refusal, text: str, words: str) -> None:
    error = await refusal({"templates/a.yaml": text})
    assert (error.code, words in error.what) == ("render-failed", True)


async def test_a_broken_subchart_is_named(refusal: Refusal) -> None:
    error = await refusal(
        {
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/templates/a.yaml": '\n{{ fail "kid says no" }}',
        }
    )
    assert error.what == "kid says no"
    assert str(error.where) == "demo/charts/kid/templates/a.yaml:2"


async def test_values_against_the_schema_are_refused(refusal: Refusal) -> None:
    schema = '{"type": "object", "properties": {"replicas": {"type": "integer"}}, "required": ["host"]}'
    error = await refusal(
        {"values.schema.json": schema, "templates/a.yaml": config_map("a")}, values={"replicas": "many"}
    )
    assert error.code == "render-failed"
    assert "values don't meet the specifications of the schema" in error.what
    assert "replicas" in error.what
    assert "host" in error.what


async def test_a_cluster_that_the_chart_does_not_support_is_refused(refusal: Refusal) -> None:
    chart = {"Chart.yaml": head(rest='kubeVersion: ">=1.40.0-0"\n'), "templates/a.yaml": config_map("a")}
    error = await refusal(chart)
    assert error.what == (
        "chart requires kubeVersion: >=1.40.0-0 which is incompatible with Kubernetes v1.36.3"
    )
    assert error.fix != ""


async def test_missing_dependencies_are_named(refusal: Refusal) -> None:
    needs = 'dependencies:\n- {name: kid, version: "1"}\n- {name: other, version: "1"}\n'
    error = await refusal({"Chart.yaml": head(rest=needs), "templates/a.yaml": config_map("a")})
    assert error.what == "found in Chart.yaml, but missing in charts/ directory: kid, other"


async def test_a_library_is_not_installable(refusal: Refusal) -> None:
    error = await refusal({"Chart.yaml": head(rest="type: library\n")})
    assert error.what == "library charts are not installable"


async def test_a_chart_without_a_valid_head_is_refused_without_paths_of_this_machine(
    refusal: Refusal, tmp_path_factory: pytest.TempPathFactory
) -> None:
    error = await refusal({"Chart.yaml": "name: [", "templates/a.yaml": config_map("a")})
    assert error.code == "render-failed"
    assert str(tmp_path_factory.getbasetemp()) not in str(error)


async def test_templates_that_include_each_other_end_in_an_error_of_readable_length(refusal: Refusal) -> None:
    text = '{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}'
    error = await refusal({"templates/a.yaml": text})
    assert error.code == "render-failed"
    assert "nested reference name" in error.what
    assert len(error.what) < 1500


async def test_a_template_that_calls_itself_without_end_is_refused(refusal: Refusal) -> None:
    text = '{{ define "x" }}{{ template "x" . }}{{ end }}{{ template "x" . }}'
    error = await refusal({"templates/a.yaml": text})
    assert "exceeded maximum template depth" in error.what
