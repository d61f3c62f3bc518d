"""Every kind of note, with text that wants to break out of it in each field that others fill."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.app.commands.request import no_release
from bot.core.gate.decision import GateFacts, Lock
from bot.core.notes import markdown as md
from bot.core.notes.deploy import DeployReport, deploy_note
from bot.core.notes.drift_issue import drift_answer, drift_issue
from bot.core.notes.gate import gate_section
from bot.core.notes.plan import PlanContext, plan_notes, sentence_note, untouched_note
from bot.core.notes.rollback import preview, stale
from tests.fuzz.harmless import assert_harmless, shape
from tests.fuzz.hostile import soiled, texts
from tests.golden.more_plans import MORE
from tests.golden.plans import PLANS as FIRST
from tests.golden.rollbacks import BACK, PREVIEWS, REPORTS
from tests.golden.test_drift_issue import EVERY
from tests.golden.verifications import VERIFICATIONS

AT = datetime(2026, 11, 2, 9, 30, tzinfo=UTC)
PLANS = {
    name: plan
    for name, plan in {**FIRST, **MORE}.items()
    if sum(len(release.objects) for release in plan.releases) < 20 and "long" not in name
}
DEPLOYS: dict[str, DeployReport] = {**REPORTS, **VERIFICATIONS}
OWN = tuple(url for report in DEPLOYS.values() for _, url in report.links)


def _plan(name: str, given: list[str]) -> str:
    context = soiled(PlanContext(head="a" * 40, at=AT, same_as="b", trace="t"), given)
    return "\n\n".join(plan_notes(soiled(PLANS[name], given), context).parts)


def _deploy(name: str, given: list[str]) -> str:
    return deploy_note(soiled(DEPLOYS[name], given))


def _preview(name: str, given: list[str]) -> str:
    return preview(soiled(PREVIEWS[name], given), "code", revert=True)


def _drift(name: str, given: list[str]) -> str:
    report = soiled(EVERY, given)
    return drift_issue(report, given[0], AT) if name == "issue" else drift_answer(report, given[0], None)


def _said(name: str, given: list[str]) -> str:
    locked = GateFacts(given[0], from_fork=False, plan=None, lock=Lock(given[0], given[-1], AT))
    return {
        "a sentence": sentence_note("<!-- purser:x -->", given[0], given),
        "untouched": untouched_note("<!-- purser:x -->", given[0], given[-1], given),
        "no such release": no_release(given[0], given),
        "a stale code": stale(given[0], soiled(BACK, given), given),
        "a locked target": gate_section(locked, {given[0]: given}, {given[0]: given}),
    }[name]


SAID = ("a sentence", "untouched", "no such release", "a stale code", "a locked target")
KINDS = [
    *((_plan, name) for name in PLANS),
    *((_deploy, name) for name in DEPLOYS),
    *((_preview, name) for name in PREVIEWS),
    *((_drift, name) for name in ("issue", "answer")),
    *((_said, name) for name in SAID),
]
# Its look-alike for each of our texts that is one: what others write cannot stand in for it.
given_texts = st.lists(texts, min_size=1, max_size=4)


@pytest.mark.parametrize(("write", "name"), KINDS, ids=[f"{w.__name__[1:]}: {n}" for w, n in KINDS])
def test_nothing_that_others_wrote_does_anything_in_a_note(
    write: Callable[[str, list[str]], str], name: str
) -> None:
    @settings(max_examples=8, deadline=None, derandomize=True, database=None)
    @given(given_texts)
    def holds(given: list[str]) -> None:
        assert_harmless(write(name, given), OWN)

    holds()
    assert write(name, ["word"])


@pytest.mark.parametrize(
    "write",
    [
        lambda text: f"before {md.text(text)} after",
        lambda text: f"before {md.code(text)} after",
        lambda text: f"- {md.text(text)}\n- {md.code(text)}",
        lambda text: md.table(("a", "b"), [(md.text(text), md.code(text)), ("c", "d")]),
        lambda text: md.fold(f"<b>{md.html(text)}</b>", f"before\n\n{md.fence(text, 'diff')}\n\nafter"),
    ],
    ids=["text", "code", "list", "table", "fold and fence"],
)
def test_text_of_others_makes_no_block_and_ends_none(write: Callable[[str], str]) -> None:
    usual = shape(write("word"))

    @settings(max_examples=150, deadline=None, derandomize=True, database=None)
    @given(texts)
    def holds(text: str) -> None:
        note = write(text)
        assert_harmless(note)
        assert shape(note) == usual

    holds()
    assert usual
