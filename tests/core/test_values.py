"""Layers of user values."""

import pytest

from bot.core.errors import AuthorError, Where
from bot.core.values import described, merge, nested, read_values


def test_maps_merge_deeply_lists_are_replaced_and_a_later_layer_wins() -> None:
    assert merge({"a": {"b": 1, "c": [1, 2]}, "k": 1}, {"a": {"c": [3]}, "k": {"x": 1}}) == {
        "a": {"b": 1, "c": [3]},
        "k": {"x": 1},
    }


def test_a_null_is_kept_so_that_helm_can_take_a_default_away() -> None:
    assert merge({"a": {"b": 1}}, {"a": {"b": None}}, {"c": {"d": None}}) == {
        "a": {"b": None},
        "c": {"d": None},
    }


def test_merging_changes_none_of_the_layers() -> None:
    low: dict[str, object] = {"a": {"b": 1}}
    high: dict[str, object] = {"a": {"c": 2}}
    merged = merge(low, high)
    merged["a"]["d"] = 3
    assert (low, high) == ({"a": {"b": 1}}, {"a": {"c": 2}})


def test_an_empty_file_holds_no_values() -> None:
    assert read_values("# nothing yet\n", where=Where("v.yaml"))[0] == {}


def test_a_list_at_the_top_is_refused_with_its_place() -> None:
    with pytest.raises(AuthorError) as caught:
        read_values("\n- a\n", where=Where("v.yaml"))
    assert caught.value.code == "values-not-a-map"
    assert str(caught.value).startswith(
        "v.yaml:2: Values are a mapping of keys at the top of the file; this file"
    )


def test_a_path_of_keys_becomes_nested_maps() -> None:
    assert nested(("a", "b"), 1) == {"a": {"b": 1}}


@pytest.mark.parametrize(
    ("value", "words"),
    [(None, "nothing"), (True, "true"), (3, "the number 3"), ("yes", 'the text "yes"'), ("x" * 99, "a text"),
     ("a\nb", "a text"), ([], "a list"), ({}, "a mapping")],
)  # fmt: skip
def test_values_are_described_in_words(value: object, words: str) -> None:
    assert described(value) == words
