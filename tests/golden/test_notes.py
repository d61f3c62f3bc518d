"""The notes as people see them. `make golden` rewrites the files; read them as prose before committing."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token
from syrupy.assertion import SnapshotAssertion
from syrupy.extensions.single_file import SingleFileSnapshotExtension, WriteMode

from bot.core.notes.plan import LIMIT, Notes, PlanContext, plan_notes
from bot.core.planned import Plan
from tests.golden.more_plans import MORE
from tests.golden.plans import PLANS as FIRST

PLANS = {**FIRST, **MORE}


class _Note(SingleFileSnapshotExtension):
    _write_mode = WriteMode.TEXT
    file_extension = "md"


@pytest.fixture
def golden(snapshot: SnapshotAssertion) -> SnapshotAssertion:
    return snapshot.use_extension(_Note)


CONTEXT = PlanContext(
    head="0123456789abcdef0123456789abcdef01234567", at=datetime(2026, 11, 2, 9, 30, tzinfo=UTC), seconds=2.34
)


def notes_of(plan: Plan) -> Notes:
    return plan_notes(plan, CONTEXT)


def parsed(note: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(note)


every_plan = pytest.mark.parametrize("plan", PLANS.values(), ids=PLANS.keys())


@every_plan
def test_the_note_reads_as_before(plan: Plan, golden: SnapshotAssertion) -> None:
    parts = notes_of(plan).parts
    shown = parts[0] if len(parts) < 3 else parts[0] + f"\n({len(parts) - 1} follow-up notes)\n"
    assert shown == golden


@every_plan
def test_no_note_is_longer_than_the_limit(plan: Plan) -> None:
    assert all(len(part) <= LIMIT for part in notes_of(plan).parts)


@every_plan
def test_folds_open_and_close_in_turn(plan: Plan) -> None:
    for part in notes_of(plan).parts:
        html = "".join(t.content for t in parsed(part) if t.type == "html_block")
        inline = [
            child.content for t in parsed(part) for child in t.children or () if child.type == "html_inline"
        ]
        tags = re.findall(r"</?[a-z]+", html + "".join(inline))
        assert {tag.strip("</") for tag in tags} <= {"details", "summary", "b", "code"}
        assert tags.count("<details") == tags.count("</details")


@every_plan
def test_no_line_outside_a_fence_is_a_quick_action(plan: Plan) -> None:
    for part in notes_of(plan).parts:
        fenced = {n for t in parsed(part) if t.type == "fence" and t.map for n in range(*t.map)}
        lines = part.split("\n")
        assert not [line for n, line in enumerate(lines) if n not in fenced and line.lstrip().startswith("/")]
        assert not [lines[n] for n in fenced if lines[n].startswith("/")]


def text_of(tokens: list[Token]) -> str:
    """What GitLab's reference filters read: text outside code."""
    children = [child for token in tokens for child in token.children or ()]
    return "\n".join(child.content for child in children if child.type == "text")


@every_plan
def test_nobody_is_mentioned_and_nothing_is_referenced(plan: Plan) -> None:
    for part in notes_of(plan).parts:
        text = text_of(parsed(part))
        assert not re.search(r"[@#!~%&$][\w\"]", text)
        assert not re.search(r"https?://", text)


def test_nothing_of_a_long_plan_is_lost() -> None:
    whole = "\n".join(notes_of(PLANS["one object too long for a note"]).parts)
    assert all(f"rule {number}: allow" in whole for number in range(3000))


def test_every_release_of_a_large_plan_is_in_the_table_of_the_first_note() -> None:
    first = notes_of(PLANS["five hundred changed objects"]).parts[0]
    assert all(f"`app-{number:03}`" in first for number in range(500))


def test_control_and_bidi_characters_are_shown_not_obeyed() -> None:
    whole = "\n".join(notes_of(PLANS["text that wants to break out"]).parts)
    assert "\u202e" not in whole
    assert "\x1b" not in whole
    assert "\\u{202e}" in whole


@pytest.mark.parametrize(
    ("context", "words"),
    [
        (PlanContext(same_as="f" * 40), "what was approved still holds"),
        (PlanContext(draft=True), "is a draft"),
        (PlanContext(mode="direct"), "Purser runs `purser apply`"),
        (PlanContext(partial=True), "there is no seal"),
    ],
    ids=["the same plan as before", "a draft", "direct mode", "some releases only"],
)
def test_the_context_is_said(context: Any, words: str) -> None:
    assert words in plan_notes(PLANS["one field changes"], context).parts[0]
