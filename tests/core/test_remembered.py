"""What was taken apart once is given again, and is nobody's but the asker's."""

import pytest

from bot.core.errors import AuthorError, Where
from bot.core.manifest import documents, documents_again, source
from bot.core.remembered import Remembered, text_key


def test_the_same_text_read_again_is_the_same_with_its_lines_and_its_own_place() -> None:
    text = "a: 1\nb:\n  - x\n  - y\na: 2\n"
    first = source(text, where=Where("one.yaml"))
    again = source(text, where=Where("two.yaml"))
    assert (again.value, again.lines, again.duplicates) == (first.value, first.lines, first.duplicates)
    assert str(again.at("b", 1)) == "two.yaml:4"


def test_who_changes_what_he_read_changes_it_for_nobody_else() -> None:
    text = "kept:\n  list: [1, 2]\n"
    for _ in range(3):
        value = source(text, where=Where("one.yaml")).value
        assert value == {"kept": {"list": [1, 2]}}
        value["kept"]["list"].append(3)
    manifest = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: a\n"
    for _ in range(3):
        found = documents_again(manifest)
        assert found == documents(manifest)
        found[0]["metadata"]["name"] = "b"
        found.clear()


def test_a_mistake_is_told_each_time_with_the_file_that_holds_it() -> None:
    for file in ("one.yaml", "two.yaml"):
        with pytest.raises(AuthorError) as error:
            source("a: [", where=Where(file))
        assert error.value.where is not None
        assert error.value.where.file == file


def test_only_so_many_bytes_are_kept_and_what_was_used_last_goes_last() -> None:
    kept = Remembered(4_000)
    for name in "abcde":
        kept.put(name.encode(), name * 900)
        assert kept.get(b"a") == "a" * 900
    assert kept.get(b"b") is None
    assert kept.get(b"e") == "e" * 900


def test_what_is_too_large_or_no_plain_value_is_not_kept() -> None:
    kept = Remembered(4_000)
    kept.put(b"large", "x" * 4_000)
    kept.put(b"odd", [Where("a")])
    assert kept.get(b"large") is None
    assert kept.get(b"odd") is None


def test_keys_tell_apart_which_words_and_which_text_they_are_of() -> None:
    keys = {text_key("a", "bc"), text_key("ab", "c"), text_key("a", "c", "b"), text_key("a", "b", "c")}
    assert len(keys) == 4
