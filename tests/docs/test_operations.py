"""The page for operators explains each warning and error of the log, and each sentence of a failed deploy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from bot.core.deploy import words as deploy_words
from bot.core.deploy.release_report import RunReport
from bot.core.verify import words as verify_words

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "operations.md"
LEVELS = {"warning", "error", "exception", "critical"}


def events() -> Iterator[str]:
    """The names of what modules with a logger of structlog say aloud."""
    for path in (ROOT / "bot").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=ast.Name(id="log" | "_log"), attr=level),
                    args=[ast.Constant(value=str(name)), *_],
                ) if level in LEVELS:
                    yield name


def explained() -> set[str]:
    """The events that the page has a row for."""
    table = PAGE.read_text(encoding="utf-8").partition("## What the log says")[2]
    return set(re.findall(r"^\| `([a-z_.]+)` \|", table, re.MULTILINE))


def test_each_warning_and_error_of_the_log_is_explained() -> None:
    found = set(events())
    assert len(found) > 15
    assert found - explained() == set()
    assert explained() - found == set(), "no line of the log is called so any more"


def test_each_reason_of_a_failed_deploy_is_explained() -> None:
    page = PAGE.read_text(encoding="utf-8")
    reasons = [deploy_words.pipeline_ended(status, None) for status in ("canceled", "skipped", "failed")]
    reasons += [deploy_words.run_ended(RunReport(result)) for result in ("stopped", "failed")]
    reasons += [verify_words.NOT_AS_PLANNED, verify_words.UNREAD, deploy_words.REFUSED]
    assert [said for said in reasons if said not in page] == []
