"""What comes out of a chart, and in which order: the same from both engines."""

import pytest

from bot.core.model import Level
from tests.contracts.renderer.charts import config_map, head, of_kind
from tests.contracts.renderer.conftest import Render, names

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_plain_chart_gives_its_objects_and_its_head(render: Render) -> None:
    found = await render(
        {
            "Chart.yaml": head(rest='appVersion: "7.1"\n'),
            "templates/a.yaml": config_map("a", greeting="hello {{ .Values.who }}"),
            "values.yaml": "who: world\n",
        }
    )
    assert (found.chart_name, found.chart_version, found.app_version) == ("demo", "1.2.3", "7.1")
    assert found.objects == (
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "a"},
            "data": {"greeting": "hello world"},
        },
    )
    assert (found.hooks, found.crds, found.findings) == ((), (), ())


async def test_an_app_version_that_is_missing_is_empty(render: Render) -> None:
    found = await render({"templates/a.yaml": config_map("a")})
    assert found.app_version == ""


async def test_a_chart_may_render_nothing_at_all(render: Render) -> None:
    found = await render({"templates/a.yaml": "{{- if false }}\n" + config_map("a") + "{{- end }}\n"})
    assert found.objects == ()


async def test_objects_come_in_the_order_of_an_install(render: Render) -> None:
    kinds = ["Ingress", "Deployment", "Service", "Secret", "ServiceAccount", "Namespace", "PriorityClass"]
    found = await render({f"templates/{kind.lower()}.yaml": of_kind(kind, "x") for kind in kinds})
    assert names(found) == [
        "PriorityClass/x",
        "Namespace/x",
        "ServiceAccount/x",
        "Secret/x",
        "Service/x",
        "Deployment/x",
        "Ingress/x",
    ]


async def test_kinds_that_helm_does_not_know_come_last_by_their_name(render: Render) -> None:
    found = await render(
        {
            "templates/1.yaml": of_kind("Zebra", "z", "zoo.example/v1"),
            "templates/2.yaml": of_kind("ValidatingWebhookConfiguration", "v"),
            "templates/3.yaml": of_kind("Ape", "a", "zoo.example/v1"),
        }
    )
    assert names(found) == ["ValidatingWebhookConfiguration/v", "Ape/a", "Zebra/z"]


async def test_objects_of_one_kind_keep_the_order_of_paths_and_then_of_the_file(render: Render) -> None:
    found = await render(
        {
            "templates/b.yaml": config_map("b2") + "---\n" + config_map("b1"),
            "templates/a.yaml": config_map("z"),
            "templates/sub/a.yaml": config_map("in-a-folder"),
        }
    )
    assert names(found) == ["ConfigMap/z", "ConfigMap/b2", "ConfigMap/b1", "ConfigMap/in-a-folder"]


async def test_subcharts_stand_before_the_parents_templates(render: Render) -> None:
    found = await render(
        {
            "templates/a.yaml": config_map("parent"),
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/templates/z.yaml": config_map("kid"),
        }
    )
    assert names(found) == ["ConfigMap/kid", "ConfigMap/parent"]


async def test_a_list_is_taken_apart_where_it_stands(render: Render) -> None:
    items = "".join(f"- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: {name}}}}}\n" for name in "ba")
    found = await render(
        {
            "templates/list.yaml": "apiVersion: v1\nkind: List\nitems:\n" + items,
            "templates/z.yaml": of_kind("Deployment", "after", "apps/v1"),
        }
    )
    assert names(found) == ["Deployment/after", "ConfigMap/b", "ConfigMap/a"]


async def test_documents_of_comments_and_blanks_are_no_objects(render: Render) -> None:
    text = "---\n# only a comment\n---\n\n---\n" + config_map("a") + "---\n# the end\n"
    found = await render({"templates/a.yaml": text})
    assert names(found) == ["ConfigMap/a"]


async def test_a_document_may_start_on_the_line_of_its_separator(render: Render) -> None:
    found = await render({"templates/a.yaml": config_map("a") + "---" + config_map("b")})
    assert names(found) == ["ConfigMap/a", "ConfigMap/b"]


async def test_notes_and_partials_are_no_objects(render: Render) -> None:
    found = await render(
        {
            "templates/NOTES.txt": "kind: Nonsense: {{ .Release.Name }}",
            "templates/_helpers.tpl": '{{ define "name" }}from-a-partial{{ end }}',
            "templates/_hidden.yaml": "not: [yaml",
            "templates/a.yaml": config_map('{{ include "name" . }}'),
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/templates/NOTES.txt": "a: b: c",
        }
    )
    assert names(found) == ["ConfigMap/from-a-partial"]


async def test_an_object_that_is_rendered_twice_is_named(render: Render) -> None:
    found = await render(
        {"templates/a.yaml": config_map("a", n="'1'"), "templates/b.yaml": config_map("a", n="'2'")}
    )
    assert names(found) == ["ConfigMap/a", "ConfigMap/a"]
    (finding,) = found.findings
    assert (finding.code, finding.level) == ("duplicate-object", Level.WARNING)
    assert finding.object is not None
    assert str(finding.object) == "ConfigMap a"


async def test_custom_resource_definitions_of_crds_folders_stand_apart(render: Render) -> None:
    definition = of_kind("CustomResourceDefinition", "{name}", "apiextensions.k8s.io/v1")
    found = await render(
        {
            "crds/b.yaml": definition.format(name="b") + "---\n" + definition.format(name="c"),
            "crds/a.yaml": definition.format(name="a"),
            "crds/README.md": "not one",
            "templates/crds/own.yaml": definition.format(name="templated"),
            "charts/kid/Chart.yaml": head("kid"),
            "charts/kid/crds/k.yaml": definition.format(name="kid"),
        }
    )
    assert [crd["metadata"]["name"] for crd in found.crds] == ["a", "b", "c", "kid"]
    assert names(found) == ["CustomResourceDefinition/templated"]


async def test_text_of_a_crds_file_is_not_templated(render: Render) -> None:
    found = await render(
        {"crds/a.yaml": of_kind("CustomResourceDefinition", "a", annotations='    text: "{{ .Values.x }}"')}
    )
    assert found.crds[0]["metadata"]["annotations"] == {"text": "{{ .Values.x }}"}


async def test_the_line_break_at_the_end_of_a_block_survives(render: Render) -> None:
    block = "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: NAME}\ndata:\n  text: |\n    one\n    two\n"
    found = await render(
        {"templates/a.yaml": block.replace("NAME", "a") + "---\n" + block.replace("NAME", "b")}
    )
    assert [entry["data"]["text"] for entry in found.objects] == ["one\ntwo\n", "one\ntwo\n"]


async def test_names_and_texts_in_any_script_come_through(render: Render) -> None:
    found = await render(
        {"templates/a.yaml": config_map("a", text="{{ .Values.text | quote }}")},
        values={"text": "Grüße, 世界 🚀 \u200b\t\"'"},
    )
    assert found.objects[0]["data"]["text"] == "Grüße, 世界 🚀 \u200b\t\"'"
