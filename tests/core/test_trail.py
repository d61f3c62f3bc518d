"""The chain: whatever is done to any field of any entry is found."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.core.errors import AuthorError
from bot.core.notes.deploy import DeployReport, deploy_note
from bot.core.trail.chain import FIRST, Entry, Happening, Head, first_broken, follow, heads_in, intact
from bot.core.trail.check import Chain, Verdict
from bot.core.trail.lines import facts_of, from_line, to_line
from tests.core.trail_kinds import FACTS, whole_trail

NUMBERS = st.integers() | st.floats(allow_nan=False, allow_infinity=False)
LEAVES = st.none() | st.booleans() | NUMBERS | st.text(max_size=8)
VALUES = st.recursive(
    LEAVES, lambda it: st.lists(it, max_size=3) | st.dictionaries(st.text(max_size=4), it, max_size=3)
)
OBJECTS = st.dictionaries(st.text(max_size=6), VALUES, max_size=5)


def checked(entries: list[Entry], *heads: Head) -> Verdict:
    chain = Chain(heads)
    for entry in entries:
        chain.add(entry)
    return chain.verdict()


def otherwise(value: Any) -> Iterator[Any]:
    """Other values for this one, near and far, of its type and of another."""
    match value:
        case bool():
            yield from (not value, int(value), str(value))
        case int():
            yield from (value + 1, -value, str(value), float(value))
        case str():
            yield from (value + " ", value[:-1] if value else "x", value.upper() + "\u200b", None)
        case None:
            yield from ("", 0, False)
        case list():
            yield from ([*value, "one more"], value[1:] if value else [None], list(reversed([*value, 1])))
        case Mapping():
            yield from ({**value, "one more": 1}, {"k": value})


def changed(value: Any) -> Iterator[Any]:
    """The value with one thing in it changed, for each thing and way."""
    yield from otherwise(value)
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield {key: it for key, it in value.items() if key != name}
            yield from ({**value, name: it} for it in changed(inner))
    elif isinstance(value, list):
        for at, inner in enumerate(value):
            yield from ([*value[:at], it, *value[at + 1 :]] for it in changed(inner))


@pytest.mark.parametrize("kind", FACTS)
@pytest.mark.parametrize("name", [each.name for each in fields(Entry)])
def test_a_change_of_any_field_of_any_kind_is_found(kind: str, name: str) -> None:
    trail = whole_trail()
    at = next(index for index, it in enumerate(trail) if it.kind == kind)
    missed = []
    for value in changed(getattr(trail[at], name)):
        tampered = [*trail[:at], replace(trail[at], **{name: value}), *trail[at + 1 :]]
        if first_broken(tampered) != at + 1 or not checked(tampered).problems:
            missed.append(value)
    assert missed == []


@pytest.mark.parametrize("kind", FACTS)
def test_a_change_with_a_fitting_digest_breaks_the_entry_behind_it(kind: str) -> None:
    trail = whole_trail()
    at = next(index for index, it in enumerate(trail) if it.kind == kind)
    it = trail[at]
    forged = Happening(it.kind, it.project, it.iid, {**it.facts, "by": "mallory"}, it.once)
    [made] = follow(it.before, [forged], it.at, it.id)
    verdict = checked([*trail[:at], made, *trail[at + 1 :]], trail[-1].head, trail[at].head)
    assert any("rewritten" in problem for problem in verdict.problems)
    if at + 1 < len(trail):
        assert verdict.broken == (at + 2,)


@given(st.lists(OBJECTS, min_size=1, max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_whatever_was_written_down_holds_and_no_entry_can_leave(
    facts: list[dict[str, Any]], data: st.DataObject
) -> None:
    made = [Happening("k", "a/b", None, it, f"once {n}") for n, it in enumerate(facts)]
    trail = follow(FIRST, made, "2026-11-23T13:00:00+00:00", 1)
    read = [from_line(to_line(it), 1) for it in trail]
    assert read == trail
    assert checked(read, trail[-1].head) == Verdict(len(trail), trail[-1].head, (), ())
    gone = data.draw(st.integers(0, len(trail) - 1))
    assert checked(trail[:gone] + trail[gone + 1 :], trail[-1].head).problems


@given(st.permutations(range(5)))
@settings(deadline=None)
def test_reordered_entries_are_found(order: list[int]) -> None:
    trail = whole_trail()[:5]
    moved = [trail[index] for index in order]
    renumbered = [replace(it, id=number) for number, it in enumerate(moved, 1)]
    as_before = order == sorted(order)
    assert (first_broken(moved) is None) == as_before
    assert (first_broken(renumbered) is None) == as_before


def test_an_inserted_entry_is_found() -> None:
    trail = whole_trail()
    forged = follow(trail[3].digest, [Happening("merge", "a/b", 1, {"by": "mallory"}, "x")], trail[3].at, 5)
    behind = [replace(it, id=it.id + 1) for it in trail[4:]]
    assert checked([*trail[:4], *forged, *behind]).broken[0] == 6
    assert checked([*trail[:4], *forged, *trail[4:]]).broken


def test_a_shortened_trail_shows_with_a_head_from_outside_only() -> None:
    trail = whole_trail()
    assert checked(trail[:-1]).problems == ()
    [said] = checked(trail[:-1], trail[-1].head).problems
    assert "its end is gone" in said
    assert "its end is gone" in checked([], trail[0].head).problems[0]


def test_a_trail_that_was_rewritten_whole_shows_with_a_head_from_outside_only() -> None:
    trail = whole_trail()
    other = [Happening(it.kind, it.project, it.iid, {**it.facts, "by": "eve"}, it.once) for it in trail]
    forged = follow(FIRST, other, trail[0].at, 1)
    assert checked(forged).problems == ()
    for it in trail:
        assert "rewritten" in checked(forged, it.head).problems[0]


def test_every_broken_place_is_named() -> None:
    trail = whole_trail()
    trail[2] = replace(trail[2], kind="other")
    del trail[9:11]
    verdict = checked(trail)
    assert verdict.broken == (3, 10)
    assert verdict.problems[1] == "Entry 10 to 11 is missing, or was put elsewhere."


def test_facts_that_are_not_json_are_broken_and_no_crash() -> None:
    entry = whole_trail()[0]
    odd = [float("nan"), b"bytes", {1, 2}, "\ud800"]
    assert [intact(replace(entry, facts={"a": it}), 1, FIRST) for it in odd] == [False] * 4
    assert not intact(replace(entry, at=b"raw"), 1, FIRST)  # type: ignore[arg-type]
    for kept in ('{"a": 1, "a": 2}', "[1]", "nonsense", "null", "[" * 100_000, b"\x00"):
        assert list(facts_of(kept)) == ["unreadable"]


def test_a_head_is_found_in_a_note_or_alone() -> None:
    digest = "0123456789abcdef01234567"
    note = f"### Deployed\n\n- seal `sha256:{'4b' * 32}`\n---\nmerge commit `aaa` · trail `57:{digest}`\n"
    assert heads_in(note) == [Head(57, digest)]
    assert heads_in(f"57:{digest}") == [Head(57, digest)]
    assert heads_in(f"sha256:{'4b' * 32}") == []
    assert heads_in("at 12:30, see 57:0123") == []
    assert str(Head(57, digest + "f" * 40)) == f"57:{digest}"


def test_the_deploy_note_names_a_head_that_can_be_checked() -> None:
    trail = whole_trail()
    report = DeployReport("production", "succeeded", merge_sha="c" * 40, seal="s", trail=str(trail[-1].head))
    found = heads_in(deploy_note(report))
    assert found == [Head(len(trail), trail[-1].digest[:24])]
    assert checked(trail, *found).problems == ()


@pytest.mark.parametrize("line", ["", "[]", "{}", "not json", to_line(whole_trail()[0])[:-1] + ', "x": 1}'])
def test_a_line_that_is_no_entry_is_refused_by_its_number(line: str) -> None:
    with pytest.raises(AuthorError, match="Line 12 is not an entry"):
        from_line(line, 12)


def test_a_line_says_a_name_once_and_has_the_right_types() -> None:
    good = json.loads(to_line(whole_trail()[0]))
    for name, wrong in (("id", True), ("id", "1"), ("iid", 1.5), ("facts", []), ("once", None)):
        with pytest.raises(AuthorError):
            from_line(json.dumps({**good, name: wrong}), 1)
    twice = json.dumps(good)[:-1] + ', "kind": "other"}'
    with pytest.raises(AuthorError):
        from_line(twice, 1)
