"""YAML as Kubernetes and Helm read it."""

import time
from pathlib import Path

import pytest
import yaml

from bot.core.errors import AuthorError, Where
from bot.core.manifest import documents, load, ref, source, sources
from bot.core.model import ObjectRef

HERE = Where("a.yaml")
SHARED = Path(__file__).parents[3] / "shared" / "data" / "manifests"


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("on", True), ("Yes", True), ("y", True), ("Y", True), ("No", False), ("n", False), ("OFF", False),
        ("0755", 493), ("0o755", 493), ("-0755", -493), ("0x1F", 31), ("0b11", 3), ("1_000", 1000), ("+5", 5),
        ("0899", 899), ("12:30:45", "12:30:45"), ("1e3", 1000), ("1.0", 1), ("1.5e-3", 0.0015),
        ("1234e567", "1234e567"), ("2002-12-14", "2002-12-14"), ("=", "="), ("~", None), ("", None),
        ('"yes"', "yes"), ("'0755'", "0755"), ("!!str 5", "5"), ("!!int 5", 5), ("!!float 5", 5),
        ("!!binary aGk=", "hi"), ("!mine 5", "5"), ("18446744073709551615", 18446744073709551615),
        ("1.2.3", "1.2.3"), ("-", [None]), ("_1", "_1"), ("0x", "0x"), (".5", 0.5), ("yEs", "yEs"),
    ],
)  # fmt: skip
def test_a_scalar_means_what_kubernetes_takes_it_for(written: str, meant: object) -> None:
    found = load(written, where=HERE)
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_always_strings() -> None:
    assert load("on: 1\n2: two\n1.5: x\nno: 3", where=HERE) == {"true": 1, "2": "two", "1.5": "x", "false": 3}


def test_of_equal_keys_the_last_one_wins_and_each_repetition_is_reported_with_its_line() -> None:
    found = source("a:\n  b: 1\n  b: 2\non: 1\ny: 2\n", where=HERE)
    assert found.value == {"a": {"b": 2}, "true": 2}
    assert [(one.path, one.line) for one in found.duplicates] == [(("a", "b"), 3), (("true",), 5)]


def test_merge_keys_give_way_to_what_is_written_out() -> None:
    text = "base: &b {k: 1, l: 1}\none: {k: 2, <<: *b}\nmany:\n  <<: [*b, {k: 3, m: 3}]\n'<<': text\n"
    assert load(text, where=HERE) == {
        "base": {"k": 1, "l": 1},
        "one": {"k": 2, "l": 1},
        "many": {"k": 1, "l": 1, "m": 3},
        "<<": "text",
    }


def test_two_uses_of_an_alias_are_two_values() -> None:
    found = load("a: &x {k: []}\nb: *x\n", where=HERE)
    found["a"]["k"].append(1)
    assert found["b"] == {"k": []}


def test_the_line_of_a_key_an_item_and_the_nearest_known_thing_can_be_asked_for() -> None:
    found = source("# head\nname: x\nlist:\n  - a: 1\n    b: 2\n  - c\n", where=HERE)
    assert str(found.at("list", 0, "b")) == "a.yaml:5"
    assert str(found.at("list", 1)) == "a.yaml:6"
    assert str(found.at("list", 0, "missing")) == "a.yaml:4"
    assert str(found.at("missing")) == "a.yaml:2"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a:\n\t- b\n", "a.yaml:2: This line is indented with a tab"),
        ("{a: 1", "a.yaml:2: This is not YAML"),
        ("x: 1\n~: 1\n", "a.yaml:2: A key is missing"),
        ("? [a]\n: b\n", "a.yaml:1: A mapping key has to be a plain word"),
        ("a: .inf\n", "a.yaml:1: .inf cannot be written as JSON"),
        ("a: !!int x\n", "a.yaml:1: The tag !!int does not fit"),
        ("a: &a [*a]\n", "a.yaml:1: The alias *a stands inside of what it names"),
        ("a: &a\n  <<: *a\n", "a.yaml:2: The alias *a stands inside"),
        ("b: *y\n", "a.yaml:1: The alias *y names an anchor that is not above it"),
        ("a: 1\n---\nb: 2\n", "a.yaml:2: A second document starts here"),
        ("[" * 100_000, "a.yaml:1: This is nested deeper than 200 levels"),
        ("- " * 100_000, "a.yaml:1: This is nested deeper than 200 levels"),
        ("a: \x00", "a.yaml: The file holds characters that YAML does not allow"),
        ("a: \ud800", "a.yaml: The file holds characters that YAML does not allow"),
        ("<<: 1\n", "a.yaml:1: `<<` takes a mapping"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        load(text, where=HERE)
    assert str(caught.value).startswith(said)
    assert caught.value.code == "yaml"


@pytest.mark.parametrize("nested", [False, True], ids=["a bomb of lists", "a bomb of merges"])
def test_a_yaml_bomb_ends_within_its_bound(nested: bool) -> None:
    rows = ["a0: &a0 {k0: 1}" if nested else "a0: &a0 [1, 1]"]
    for n in range(1, 3000 if nested else 40):
        rows.append(
            f"a{n}: &a{n} {{<<: *a{n - 1}, k{n}: 1}}" if nested else f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]"
        )
    with pytest.raises(AuthorError, match="expand to far more"):
        load("\n".join(rows), where=HERE)


def test_a_chain_of_aliases_cannot_get_deeper_than_the_bound() -> None:
    rows = ["a0: &a0 [1]", *(f"a{n}: &a{n} [*a{n - 1}]" for n in range(1, 1000))]
    with pytest.raises(AuthorError, match="nested deeper"):
        load("\n".join(rows), where=HERE)


def test_documents_are_objects_with_lists_expanded_and_nothing_skipped() -> None:
    text = """
---
# only a comment
---
{apiVersion: v1, kind: ConfigMap, metadata: {name: a}}
---
apiVersion: v1
kind: List
items:
  - {apiVersion: v1, kind: Secret, metadata: {name: b}}
  - apiVersion: v1
    kind: ConfigMapList
    items: [{apiVersion: v1, kind: ConfigMap, metadata: {name: c}}]
"""
    assert [one["metadata"]["name"] for one in documents(text)] == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: 1\n---\n- x\n", "m.yaml:1: A Kubernetes object without apiVersion and kind."),
        ("kind: Pod\n", "m.yaml:1: A Kubernetes object without apiVersion."),
        ("--- just words\n", "m.yaml:1: A Kubernetes object was expected here"),
        ("{kind: List, apiVersion: v1, items: [3]}", "m.yaml:1: A Kubernetes object was expected here"),
    ],
)
def test_a_document_that_is_no_object_is_an_error(text: str, said: str) -> None:
    with pytest.raises(AuthorError) as caught:
        documents(text, where=Where("m.yaml"))
    assert str(caught.value).startswith(said)


@pytest.mark.parametrize(
    ("namespaced", "metadata", "expected"),
    [
        (True, {"name": "x"}, ObjectRef("apps/v1", "Thing", "web", "x")),
        (True, {"name": "x", "namespace": "own"}, ObjectRef("apps/v1", "Thing", "own", "x")),
        (False, {"name": "x", "namespace": "own"}, ObjectRef("apps/v1", "Thing", "", "x")),
        (None, {"name": "x"}, ObjectRef("apps/v1", "Thing", "", "x")),
        (None, {"name": "x", "namespace": "own"}, ObjectRef("apps/v1", "Thing", "own", "x")),
        (True, None, ObjectRef("apps/v1", "Thing", "web", "")),
    ],
)
def test_a_reference_has_the_namespace_that_its_kind_calls_for(
    namespaced: bool | None, metadata: object, expected: ObjectRef
) -> None:
    manifest = {"apiVersion": "apps/v1", "kind": "Thing", "metadata": metadata}
    assert ref(manifest, "web", lambda _version, _kind: namespaced) == expected


def test_two_megabytes_are_read_within_a_second() -> None:
    one = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: x\n  labels: {app: y}\ndata:\n  k: text\n"
    text = (one + "---\n") * (2_000_000 // len(one))
    started = time.process_time()
    found = documents(text)
    assert time.process_time() - started < 3  # measured 0.4; the bound leaves room for a busy machine
    assert len(found) == 2_000_000 // len(one)


@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="../shared is not here")
def test_real_manifests_are_read_as_a_plain_loader_reads_them() -> None:
    for path in SHARED.glob("*.yaml"):
        text = path.read_text()
        plain = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]
        assert [one.value for one in sources(text, where=HERE) if one.value] == plain
