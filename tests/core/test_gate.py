"""The gate as a table: facts, and what it says of them."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from bot.core.gate.approvals import Approval
from bot.core.gate.decision import Deploy, GateFacts, Hold, Lock, Nothing, PlanFacts, decide, rulings
from bot.core.gate.freeze import Frozen
from bot.core.gate.rules import GateRules, OwnedPath
from bot.core.globs import touches
from bot.core.notes.gate import BEGIN, END, blocks_status, gate_section, gate_words, with_section

HEAD, SEAL = "a" * 40, "sha256:" + "1" * 64
PLAN = PlanFacts(HEAD, SEAL, complete=True, changes_something=True)
BASE = GateFacts(HEAD, from_fork=False, plan=PLAN)
AT = datetime(2026, 11, 23, 13, 5, tzinfo=UTC)


def by(name: str, level: int = 40, **more: Any) -> Approval:
    """An approval of the plan of now."""
    number = sum(name.encode())
    return Approval(name, number, level, **{"bond": "bound", "head": HEAD, "seal": SEAL, **more})


def asks(approvals: int = 0, *given: Approval, merged: bool = True, **rules: Any) -> GateFacts:
    return replace(BASE, rules=GateRules(approvals=approvals, **rules), approvals=given, merged=merged)


OWNED = (OwnedPath("values/**", ("ada", "owner")),)
VOID: dict[str, Any] = {"bond": "void", "seal": "sha256:" + "2" * 64}

HELD: dict[str, tuple[GateFacts, str]] = {
    "a fork never deploys": (replace(BASE, from_fork=True), "a fork never deploys"),
    "a merge without a plan is held": (replace(BASE, plan=None), "merged before there was a plan"),
    "a plan of another head is held": (
        replace(BASE, plan=replace(PLAN, head="b" * 40)),
        "the plan was made for bbbbbbbb, but aaaaaaaa was merged",
    ),
    "an incomplete plan is held": (replace(BASE, plan=replace(PLAN, complete=False)), "plan is incomplete"),
    "a plan with errors is held": (replace(BASE, plan=replace(PLAN, seal=None)), "its plan has errors"),
    "a plan that only a pending release keeps from its seal is held": (
        replace(BASE, plan=replace(PLAN, seal=None, pending=("Revision 2 of shop/web is pending-upgrade.",))),
        "nothing was touched. Revision 2 of shop/web is pending-upgrade.",
    ),
    "one approval is missing": (asks(1), "It has 0 of 1 approvals by maintainer."),
    "one of two approvals is missing": (asks(2, by("max")), "It has 1 of 2 approvals by maintainers."),
    "one person twice is one person": (asks(2, by("max"), by("max")), "It has 1 of 2"),
    "the author does not count": (
        asks(1, by("ada", barred="author")),
        "ada is the author, whose approval does not count.",
    ),
    "a committer does not count": (
        asks(1, by("eve", barred="committer")),
        "eve committed to it and does not count.",
    ),
    "a lesser role does not count": (asks(1, by("eve", 30)), "eve is not maintainer (any more)"),
    "who is blocked or gone does not count": (asks(1, by("eve", 0)), "eve is blocked or no member any more"),
    "where owners are asked, a maintainer does not count": (
        asks(1, by("max"), approver_role="owner"),
        "max is not owner",
    ),
    "another plan's approval is void": (
        asks(1, by("max", **VOID)),
        "max approved a plan with seal 22222222, the plan of now has 11111111: void, max must look again.",
    ),
    "an approval before there was a plan is void": (
        asks(1, by("max", bond="unplanned", seal=None)),
        "max approved before there was a plan to see: void",
    ),
    "nobody owns the changed path by approving": (
        replace(asks(paths=OWNED), changed=("values/web.yaml",)),
        "Changes below values/** need an approval of ada or owner.",
    ),
    "an owner's approval of another plan is void": (
        replace(asks(0, by("ada", 30, **VOID), paths=OWNED), changed=("values/a/b.yaml",)),
        "need an approval of ada",
    ),
    "an owner by name who is no member any more does not count": (
        replace(asks(0, by("ada", 0), paths=OWNED), changed=("values/x",)),
        "need an approval of ada",
    ),
    "a maintainer is not an owner": (
        replace(asks(0, by("max"), paths=OWNED), changed=("values/x",)),
        "need an approval of ada or owner",
    ),
    "no pipeline where one is required": (asks(pipeline=True), "Its last commit has no pipeline"),
    "a failed pipeline": (replace(asks(pipeline=True), pipeline="failed"), "is failed, it has to succeed"),
    "a running pipeline": (replace(asks(pipeline=True), pipeline="running"), "is running"),
    "an open thread": (replace(asks(threads=True), threads_resolved=False), "A thread is still open."),
    "a branch that lacked a commit": (replace(asks(undiverged=True), behind=1), "lacked 1 commit of"),
    "a branch that lacked commits": (replace(asks(undiverged=True), behind=3), "lacked 3 commits of"),
    "a freeze": (
        replace(BASE, frozen=Frozen(AT, "the fair")),
        "Nothing is deployed until 2026-11-23 13:05 UTC (the fair).",
    ),
    "a freeze without a reason": (replace(BASE, frozen=Frozen(AT)), "until 2026-11-23 13:05 UTC."),
    "a lock": (
        replace(BASE, lock=Lock("max", "database work", AT)),
        "max locked the target at 2026-11-23 13:05 UTC: database work.",
    ),
    "a lock without a reason": (replace(BASE, lock=Lock("max", "", AT)), "13:05 UTC."),
    "all reasons are said, not the first alone": (
        replace(asks(1), lock=Lock("max", "x", AT)),
        "It has 0 of 1 approvals by maintainer. max locked the target",
    ),
}


@pytest.mark.parametrize(("facts", "reason"), HELD.values(), ids=HELD.keys())
def test_it_is_held_with_its_reason_and_a_way_out(facts: GateFacts, reason: str) -> None:
    decision = decide(facts)
    assert isinstance(decision, Hold)
    assert reason in decision.reason
    assert decision.way_out.endswith(".")


def test_the_way_out_of_a_pending_release_is_to_recover_and_of_other_errors_it_is_not() -> None:
    pending = replace(BASE, plan=replace(PLAN, seal=None, pending=("Revision 2 of shop/web is pending.",)))
    for facts, named in ((pending, True), (replace(BASE, plan=replace(PLAN, seal=None)), False)):
        decision = decide(facts)
        assert isinstance(decision, Hold)
        assert ("a maintainer says /helm deploy --recover" in decision.way_out) is named


GOES: dict[str, GateFacts] = {
    "nothing is asked by default": BASE,
    "nobody needs to approve by default": replace(BASE, approvals=(by("eve", 0),)),
    "one approval is enough where one is asked": asks(1, by("max")),
    "an owner counts as a maintainer, too": asks(1, by("olga", 50)),
    "two people": asks(2, by("max"), by("zoe")),
    "a developer, where developers may": asks(1, by("eve", 30), approver_role="developer"),
    "void ones beside enough good ones": asks(1, by("max"), by("eve", 40, **VOID)),
    "an owned path that was not changed": replace(asks(paths=OWNED), changed=("README.md",)),
    "an owned path, approved by name": replace(
        asks(0, by("ada", 30), paths=OWNED), changed=("values/web.yaml",)
    ),
    "names of owners are compared without case": replace(
        asks(0, by("ADA", 30), paths=OWNED), changed=("values/web.yaml",)
    ),
    "an owned path, approved by role": replace(
        asks(0, by("o", 50), paths=OWNED), changed=("values/web.yaml",)
    ),
    "a pipeline that succeeded": replace(asks(pipeline=True), pipeline="success"),
    "a pipeline that had nothing to do": replace(asks(pipeline=True), pipeline="skipped"),
    "a failed pipeline that nobody asks about": replace(BASE, pipeline="failed"),
    "open threads that nobody asks about": replace(BASE, threads_resolved=False),
    "a diverged branch that nobody asks about": replace(BASE, behind=4),
    "a branch that is up to date": asks(undiverged=True),
}


@pytest.mark.parametrize("facts", GOES.values(), ids=GOES.keys())
def test_it_deploys_exactly_the_seal(facts: GateFacts) -> None:
    assert decide(facts) == Deploy(SEAL)


def test_a_plan_without_changes_needs_no_approval_and_does_nothing() -> None:
    nothing = replace(PLAN, changes_something=False)
    assert decide(replace(asks(2), plan=nothing, lock=Lock("max", "", AT))) == Nothing()


def test_an_approval_of_the_same_plan_at_another_head_stands_and_is_said() -> None:
    [ruling] = rulings(asks(1, by("max", head="c" * 40)))
    assert ruling.holds
    assert "max approved the same plan at cccccccc, so that approval stands." in ruling.said


def test_before_the_merge_the_way_out_is_to_approve_and_after_it_the_command() -> None:
    [before] = rulings(asks(1, merged=False))
    [after] = rulings(asks(1))
    assert before.way_out.startswith("Approve it in GitLab")
    assert "/helm deploy" in after.way_out


@pytest.mark.parametrize(
    ("facts", "blocked"),
    [
        (asks(1, required=True), True),
        (asks(1), False),
        (asks(1, by("max"), required=True), False),
        (replace(asks(0, required=True), lock=Lock("max", "", AT)), False),
        (replace(asks(0, required=True), frozen=Frozen(AT)), False),
        (asks(0, required=True, pipeline=True, threads=True), False),
        (replace(asks(1, required=True), plan=replace(PLAN, changes_something=False)), False),
    ],
    ids=[
        "missing approvals fail a required status",
        "they do not fail one that is advice",
        "approved: no failure",
        "a lock never fails it, as it may outlive the wait",
        "nor a freeze, as nobody tells of its end",
        "nor the pipeline that it is part of, nor threads",
        "nor a plan that does nothing",
    ],
)
def test_the_status_fails_for_nothing_that_could_deadlock(facts: GateFacts, blocked: bool) -> None:
    assert blocks_status(facts) is blocked


def test_the_section_is_empty_where_nothing_is_asked_and_can_be_filled_later() -> None:
    note = f"<!-- m -->\n\n### Title\n\n{gate_section(BASE, {})}\n\nthe rest\n"
    assert f"{BEGIN}{END}" in note
    filled = with_section(note, gate_section(asks(1, by("max", **VOID)), {"max": ["web: \\1 differs @all"]}))
    assert "#### Gate: waits for approvals" in filled
    assert "What is different from what max approved" in filled
    assert "@all" not in filled
    assert filled.endswith("the rest\n")
    assert with_section(filled, gate_section(BASE, {})) == note


def test_texts_of_people_cannot_end_the_section_or_run_a_quick_action() -> None:
    lock = Lock("max", f"/merge {END} @all `x` ~bug", AT)
    section = gate_section(replace(BASE, lock=lock), {})
    assert section.count(END) == 1
    assert not any(line.startswith("/") for line in section.splitlines())
    assert "@all" not in section


def test_the_words_of_the_status() -> None:
    assert gate_words(BASE) == ""
    assert gate_words(asks(1, by("max"))) == "open"
    both = replace(asks(1, threads=True), threads_resolved=False, lock=Lock("m", "", AT))
    assert gate_words(both) == "waits for approvals, open threads, an unlock"


@pytest.mark.parametrize(
    ("glob", "path", "fits"),
    [
        ("values/**", "values/a/b.yaml", True),
        ("values/*.yaml", "values/a/b.yaml", False),
        ("*.yaml", "values/a/b.yaml", True),
        ("/*.yaml", "values/a/b.yaml", False),
        ("values/**", "values/a\nb.yaml", True),
        ("values/*", "values/b.yaml", True),
        ("**/secret.yaml", "secret.yaml", True),
        ("**/secret.yaml", "a/b/secret.yaml", True),
        ("**/secret.yaml", "a/b/nosecret.yaml", False),
        ("values/", "values/a/b", True),
        ("/values/a.yaml", "values/a.yaml", True),
        ("v?lues.yaml", "values.yaml", True),
        ("v?lues.yaml", "v/lues.yaml", False),
        ("a+b.(yaml)", "a+b.(yaml)", True),
    ],
)
def test_globs_of_owned_paths(glob: str, path: str, fits: bool) -> None:
    assert touches([glob], [path]) is fits
