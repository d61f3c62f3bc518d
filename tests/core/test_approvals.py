"""What an approval is worth: of which plan it was, and by whom."""

from datetime import UTC, datetime, timedelta

import pytest

from bot.core.gate.approvals import Event, Given, Mark, Person, committed, given, judge, pushers
from bot.core.gate.rules import GateRules

T0 = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
MAX = Person(7, "max", "Max Berg")
A, B = "a" * 40, "b" * 40
S1, S2 = "sha256:1", "sha256:2"


def at(minutes: float) -> datetime:
    return T0 + timedelta(minutes=minutes)


def bond(one: Given, head: str, *marks: Mark, rules: GateRules | None = None) -> str:
    return judge(
        one, head=head, marks=marks, rules=rules or GateRules(approvals=1), author="ada", committers=()
    ).bond


FIRST, SECOND = Mark(1, A, S1, at(0)), Mark(2, B, S2, at(10))
SAME = Mark(2, B, S1, at(10))

CASES = {
    "of the plan that stood there": (Given(MAX, 40, at(1)), A, [FIRST], "bound"),
    "before there was a plan": (Given(MAX, 40, at(-1)), A, [FIRST], "unplanned"),
    "without any plan": (Given(MAX, 40, at(1)), A, [], "unplanned"),
    "of a plan that was replaced": (Given(MAX, 40, at(1), True), B, [FIRST, SECOND], "void"),
    "of a plan that came again with the same seal": (Given(MAX, 40, at(1), True), B, [FIRST, SAME], "bound"),
    "of the newer plan": (Given(MAX, 40, at(11)), B, [FIRST, SECOND], "bound"),
    "when clocks disagree, a push since tells": (Given(MAX, 40, at(11), True), B, [FIRST, SECOND], "void"),
    "of a plan whose note is not there yet": (
        Given(MAX, 40, at(11)), A, [FIRST, Mark(2, A, S2, None)], "void",
    ),
    "before any note": (Given(MAX, 40, at(11)), A, [Mark(1, A, S1, None)], "unplanned"),
    "of a head whose plan is not there yet": (Given(MAX, 40, at(11)), "c" * 40, [FIRST], "void"),
    "of a plan without a seal": (Given(MAX, 40, at(1)), A, [Mark(1, A, None, at(0))], "unplanned"),
    "of a sealed plan that lost its seal": (
        Given(MAX, 40, at(1)), A, [FIRST, Mark(2, A, None, at(5))], "void",
    ),
    "at a moment that nobody knows": (Given(MAX, 40, None), A, [FIRST], "unplanned"),
    "of the same head planned anew with another seal": (
        Given(MAX, 40, at(1)), A, [FIRST, Mark(2, A, S2, at(5))], "void",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("one", "head", "marks", "expected"), CASES.values(), ids=CASES.keys())
def test_an_approval_is_bound_to_the_plan_that_was_seen(
    one: Given, head: str, marks: list[Mark], expected: str
) -> None:
    assert bond(one, head, *marks) == expected


def test_what_was_named_with_it_is_what_it_is_of() -> None:
    unshown = Mark(2, A, S2, None)
    found = judge(
        Given(MAX, 40, None),
        head=A,
        marks=[FIRST, unshown],
        rules=GateRules(),
        author="ada",
        committers=(),
        seen=unshown,
    )
    assert (found.bond, found.plan_id) == ("bound", 2)


def test_the_thread_says_when_it_was_given_and_whether_something_was_pushed_since() -> None:
    events = [
        Event(1, 7, "approved this merge request", at(1)),
        Event(2, 7, "unapproved this merge request", at(2)),
        Event(3, 9, "added 2 commits\n\n<ul>", at(3)),
        Event(4, 7, "approved this merge request", at(4)),
    ]
    assert given(MAX, 40, None, events) == Given(MAX, 40, at(4), False)
    pushed = [*events, Event(5, 9, "added 1 commit", at(5))]
    assert given(MAX, 40, at(99), pushed) == Given(MAX, 40, at(4), True)
    assert pushers(pushed) == {9}


def test_somebody_else_s_words_are_no_approval() -> None:
    events = [Event(1, 8, "approved this merge request", at(1))]
    assert given(MAX, 40, None, events) == Given(MAX, 40, None, False)


@pytest.mark.parametrize(
    ("author", "committers", "rules", "barred"),
    [
        ("max", (), GateRules(), "author"),
        ("max", (), GateRules(allow_author=True), ""),
        ("max", (7,), GateRules(allow_author=True), ""),
        ("ada", (7,), GateRules(), "committer"),
        ("ada", (7,), GateRules(allow_committers=True), ""),
        ("ada", (8,), GateRules(), ""),
    ],
)
def test_authors_and_committers_are_barred_unless_allowed(
    author: str, committers: tuple[int, ...], rules: GateRules, barred: str
) -> None:
    one = Given(MAX, 40, at(1))
    found = judge(one, head=A, marks=[FIRST], rules=rules, author=author, committers=committers)
    assert found.barred == barred
    assert found.counts(40) is (not barred)


@pytest.mark.parametrize(
    ("names", "emails", "is_one"),
    [
        ({"Max Berg"}, set(), True),
        ({" max berg "}, set(), True),
        ({"max"}, set(), True),
        (set(), {"7-max@users.noreply.gitlab.example.com"}, True),
        (set(), {"17-max@users.noreply.gitlab.example.com"}, False),
        ({"Ada"}, {"ada@example.com"}, False),
        ({""}, {""}, False),
    ],
)
def test_commits_name_people(names: set[str], emails: set[str], is_one: bool) -> None:
    assert committed(MAX, names, emails) is is_one


def test_nobody_counts_without_membership_even_where_no_role_is_asked() -> None:
    found = judge(Given(MAX, 0, at(1)), head=A, marks=[FIRST], rules=GateRules(), author="ada", committers=())
    assert not found.counts(0)
