"""What Helm makes of rendered templates."""

import pytest

from bot.core.chart_output import INSTALL_ORDER, ChartHead, arrange, split
from bot.core.errors import AuthorError
from bot.core.release import Rendered

HEAD = ChartHead("demo", "1.0.0", "7")


def of(kind: str, name: str, annotations: str = "") -> str:
    marks = f", annotations: {{{annotations}}}" if annotations else ""
    return f"apiVersion: v1\nkind: {kind}\nmetadata: {{name: {name}{marks}}}\n"


def arranged(**templates: str) -> Rendered:
    return arrange(HEAD, split({f"demo/templates/{name}.yaml": text for name, text in templates.items()}))


@pytest.mark.parametrize(
    ("text", "documents"),
    [
        ("", []),
        ("a: 1", ["a: 1"]),
        ("---\na: 1\n---\nb: 2\n", ["a: 1", "b: 2\n"]),
        ("\n\n  ---\na: 1", ["a: 1"]),
        ("a: 1\n---b: 2", ["a: 1", "b: 2"]),
        ("a: 1\n--- # comment\nb: 2", ["a: 1", "# comment\nb: 2"]),
        ("a: 1\n   \n\t\n---\n\n\n---\n  b: 2", ["a: 1", "---\n  b: 2"]),
        ("text: |\n  --- no separator\n", ["text: |\n  --- no separator\n"]),
        ("a: 1\r\n---\r\nb: 2", ["a: 1\r", "b: 2"]),
    ],
)
def test_text_falls_into_documents_as_helm_cuts_it(text: str, documents: list[str]) -> None:
    found = [part.replace("\r", "") for _, part in split({"p": text})]
    assert found == [part.replace("\r", "") for part in documents]


def test_documents_come_by_path_and_then_as_they_stand() -> None:
    assert list(split({"b": "x: 1\n---\ny: 2", "a": "z: 3"})) == [("a", "z: 3"), ("b", "x: 1"), ("b", "y: 2")]


def test_every_kind_that_helm_knows_has_its_place() -> None:
    found = arranged(
        **{f"t{number:02}": of(kind, "x") for number, kind in enumerate(reversed(INSTALL_ORDER))}
    )
    assert tuple(one["kind"] for one in found.objects) == INSTALL_ORDER


def test_the_head_of_the_chart_is_kept() -> None:
    found = arranged(a=of("ConfigMap", "a"))
    assert (found.chart_name, found.chart_version, found.app_version) == ("demo", "1.0.0", "7")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a: [", "YAML parse error"),
        ("just text", "this is a string"),
        ("[1]", "this is a list"),
        ("7", "this is a number"),
        ("{}", "without kind"),
        ("kind: A", "without apiVersion"),
        ("{kind: A, apiVersion: v1, metadata: x}", "metadata has to be a mapping"),
        ("{kind: A, apiVersion: v1, metadata: {annotations: [x]}}", "annotations has to be a mapping"),
        ("{kind: A, apiVersion: v1, metadata: {annotations: {x: [y]}}}", "annotation x has to be a string"),
        ("{kind: List, apiVersion: v1, items: [text]}", "this is a string"),
    ],
)
def test_what_is_no_object_is_refused_with_its_template(text: str, words: str) -> None:
    with pytest.raises(AuthorError) as caught:
        arranged(bad=text)
    assert caught.value.code == "render-failed"
    assert words in caught.value.what
    assert str(caught.value.where) == "demo/templates/bad.yaml"


def test_a_line_is_named_where_there_is_one() -> None:
    with pytest.raises(AuthorError) as caught:
        arranged(bad="a: 1\nb: c: d\n")
    assert "line 2" in caught.value.fix


@pytest.mark.parametrize(
    ("annotation", "events"),
    [
        ("helm.sh/hook: pre-install", ("pre-install",)),
        ('helm.sh/hook: " Pre-Install ,post-delete"', ("pre-install", "post-delete")),
        ("helm.sh/hook: test-success", ("test",)),
    ],
)
def test_events_of_a_hook_are_read(annotation: str, events: tuple[str, ...]) -> None:
    found = arranged(h=of("Job", "h", annotation))
    assert [hook.events for hook in found.hooks] == [events]
    assert found.objects == ()


@pytest.mark.parametrize(
    "annotation", ['helm.sh/hook: ""', "helm.sh/hook: true", "helm.sh/hook: 'pre-install,x'"]
)
def test_a_hook_without_a_known_event_is_dropped_with_a_finding(annotation: str) -> None:
    found = arranged(h=of("Job", "h", annotation))
    assert (found.objects, found.hooks) == ((), ())
    assert [finding.code for finding in found.findings] == ["unknown-hook"]


def test_hooks_of_equal_weight_and_name_come_in_the_order_of_kinds() -> None:
    mark = "helm.sh/hook: pre-install"
    found = arranged(a=of("Job", "x", mark), b=of("ServiceAccount", "x", mark), c=of("Job", "a", mark))
    assert [(h.manifest["kind"], h.manifest["metadata"]["name"]) for h in found.hooks] == [
        ("Job", "a"),
        ("ServiceAccount", "x"),
        ("Job", "x"),
    ]


def test_a_list_inside_a_list_is_flat() -> None:
    inner = "{kind: List, apiVersion: v1, items: [{kind: A, apiVersion: v1, metadata: {name: a}}]}"
    found = arranged(a=f"{{kind: PodList, apiVersion: v1, items: [{inner}]}}")
    assert [one["kind"] for one in found.objects] == ["A"]


def test_items_of_what_is_no_list_stay() -> None:
    found = arranged(a="{kind: Shop, apiVersion: x/v1, items: [apple]}")
    assert found.objects[0]["items"] == ["apple"]


def test_equal_names_of_other_kinds_and_namespaces_are_no_duplicates() -> None:
    other = "{apiVersion: v1, kind: ConfigMap, metadata: {name: x, namespace: far}}"
    found = arranged(a=of("ConfigMap", "x"), b=of("Secret", "x"), c=other)
    assert found.findings == ()


def test_objects_of_crds_folders_keep_the_order_of_their_files() -> None:
    found = arrange(
        HEAD,
        [],
        [("demo/crds/b.yaml", of("B", "b") + "---\n" + of("A", "a")), ("demo/crds/a.yaml", of("C", "c"))],
    )
    assert [one["kind"] for one in found.crds] == ["B", "A", "C"]
