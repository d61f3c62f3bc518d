"""YAML as Kubernetes reads it."""

import pytest

from bot.core.errors import AuthorError
from bot.core.manifests import parse_manifests, ref_of


def value(text: str) -> object:
    return parse_manifests(f"kind: A\nx: {text}")[0]["x"]


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("y", True),
        ("off", False),
        ('"yes"', "yes"),
        ("0644", 420),
        ("0o644", 420),
        ("0x1F", 31),
        ("089", 89),
        ("1_000", 1000),
        ("1e3", 1000),
        ("1.5", 1.5),
        ("1.0", 1),
        ("12:30:45", "12:30:45"),
        ("2024-01-02", "2024-01-02"),
        ("=", "="),
        ("~", None),
        ("", None),
        ("1.2.3", "1.2.3"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!int '7'", 7),
        ("-", [None]),
    ],
)
def test_scalars_mean_what_they_mean_to_kubernetes(text: str, meant: object) -> None:
    found = parse_manifests("kind: A\nx:\n  -")[0]["x"] if text == "-" else value(text)
    assert found == meant
    assert type(found) is type(meant)


def test_keys_are_strings_and_the_last_of_equal_ones_wins() -> None:
    assert parse_manifests("kind: A\n1: a\ntrue: b\non: c\nz: 1\nz: 2") == (
        {"kind": "A", "1": "a", "true": "c", "z": 2},
    )


def test_lists_are_taken_apart_and_empty_documents_left_out() -> None:
    text = "---\n# none\n---\nkind: List\nitems:\n- kind: A\n- kind: ConfigMapList\n  items: [{kind: B}]\n---"
    assert [o["kind"] for o in parse_manifests(text)] == ["A", "B"]


def test_merge_keys_and_anchors_are_followed_without_sharing() -> None:
    found = parse_manifests("kind: A\nx: &x {a: 1}\nv:\n  <<: *x\n  b: 2\nz: *x")[0]
    assert found == {"kind": "A", "x": {"a": 1}, "v": {"a": 1, "b": 2}, "z": {"a": 1}}
    assert found["x"] is not found["z"]


@pytest.mark.parametrize("text", ["kind: [", "just text", "- 1", "kind: A\n? {a: 1}\n: 2"])
def test_what_is_no_manifest_is_the_authors_error(text: str) -> None:
    with pytest.raises(AuthorError, match="manifest"):
        parse_manifests(text)


def test_a_bomb_of_aliases_is_refused() -> None:
    lines = ["kind: A", "a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    with pytest.raises(AuthorError, match="larger than"):
        parse_manifests("\n".join(lines))


def test_references_follow_the_scope_of_the_kind() -> None:
    scopes = {("v1", "Namespace"): False, ("v1", "Secret"): True}
    cluster = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "a", "namespace": "b"}}
    other = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "a", "namespace": "b"}}
    assert ref_of(cluster, "web", scopes).namespace == ""
    assert ref_of(other, "web", scopes).namespace == "b"
    assert ref_of({**other, "metadata": {"name": "a"}}, "web", scopes).namespace == "web"
