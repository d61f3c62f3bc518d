"""The gate as a section of the plan note. It can be replaced alone, as approvals come without a new plan."""

import re
from collections.abc import Mapping, Sequence

from bot.core.gate.decision import PEOPLE, Deploy, GateFacts, Hold, Nothing, decide, rulings, void
from bot.core.notes import markdown as md

BEGIN, END = "<!-- purser:gate -->", "<!-- purser:gate:end -->"
_SECTION = re.compile(f"{re.escape(BEGIN)}.*?{re.escape(END)}", re.DOTALL)
MOST_LINES = 20


def gate_section(
    facts: GateFacts,
    differences: Mapping[str, Sequence[str]],
    diffs: Mapping[str, Sequence[str]] | None = None,
) -> str:
    """The section; without a body where the gate asks for nothing.

    `differences` are, by username, what the plan of now has otherwise than the one that was approved; `diffs`
    the lines of a diff of the two plans.
    """
    found = rulings(facts)
    if not found:
        return f"{BEGIN}{END}"
    lines = [f"- {'✅' if it.holds else '⏳'} {md.text(it.said)}{_way(it.way_out)}" for it in found]
    shown = diffs or {}
    folds = [
        _difference(it.username, differences.get(it.username, ()), shown.get(it.username, ()))
        for it in void(facts)
    ]
    body = "\n\n".join([f"#### Gate: {gate_words(facts)}", "\n".join(lines), *(it for it in folds if it)])
    return f"{BEGIN}\n{body}\n\n{END}"


def _way(way_out: str) -> str:
    return f" **What to do:** {md.text(way_out)}" if way_out else ""


def _difference(username: str, lines: Sequence[str], diff: Sequence[str]) -> str:
    if not lines:
        return ""
    shown = [f"- {md.text(line)}" for line in lines[:MOST_LINES]]
    more = len(lines) - MOST_LINES
    shown += [f"- and {more} more"] if more > 0 else []
    body = "\n".join(shown)
    if diff:
        who = md.text(username)
        legend = f"The two plans, `-` as {who} approved it, `+` as it would be deployed now:"
        body += f"\n\n{legend}\n\n{md.fence(chr(10).join(diff), 'diff')}"
    return md.fold(f"What is different from what {md.html(username)} approved", body)


def gate_words(facts: GateFacts) -> str:
    """The gate in a few plain words, for titles and statuses; empty where it asks for nothing."""
    found = rulings(facts)
    if not found:
        return ""
    unmet = list(dict.fromkeys(it.rule for it in found if not it.holds))
    if unmet:
        return f"waits for {', '.join(_WORDS[rule] for rule in unmet)}"
    match decide(facts):
        case Deploy():
            return "open"
        case Nothing():
            return "open, nothing to deploy"
        case Hold():
            return "open, but the plan has no seal"


_WORDS = {
    "approvals": "approvals",
    "paths": "owners' approval",
    "pipeline": "the pipeline",
    "threads": "open threads",
    "undiverged": "a rebase",
    "freeze": "the end of a freeze",
    "lock": "an unlock",
}


def blocks_status(facts: GateFacts) -> bool:
    """Whether the commit status must fail: the gate is required, and approvals are missing."""
    if not facts.rules.required or facts.plan is None or not facts.plan.changes_something:
        return False
    return any(not it.holds and it.rule in PEOPLE for it in rulings(facts))


def with_section(note: str, section: str) -> str:
    """The note with its gate section replaced; as it was where it has none."""
    return _SECTION.sub(lambda _: section, note, count=1)
