"""Releases that Helm is at, or was killed at (`pending-…`), as a plan says it of them."""

from bot.core.model import Level
from bot.core.planned import Plan

CODE = "release-pending"
_WAY_OUT = " --recover in "
"""What the fix of that finding has, for a deploy as for a rollback."""


def pending_said(plan: Plan) -> tuple[str, ...]:
    """A sentence for each release that is pending, which names it, its revision and its status."""
    return tuple(finding.message for finding in plan.all_findings if finding.code == CODE)


def is_named_in(text: str) -> bool:
    """Whether the end of a log or a run says that a release was left pending."""
    return _WAY_OUT in text


def only_pending(plan: Plan) -> bool:
    """Whether nothing but releases that are pending keeps the plan from its seal."""
    errors = [finding for finding in plan.all_findings if finding.level is Level.ERROR]
    return plan.complete and bool(errors) and all(one.code == CODE for one in errors)
