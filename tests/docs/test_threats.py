"""Each test that the page of threats names exists."""

import ast
import re
from pathlib import Path

import pytest

TESTS = Path(__file__).parents[1]
PAGE = TESTS.parent / "docs" / "reference" / "threats.md"
_NAMED = re.compile(r"`([a-z0-9_/]+\.py)(?:::(test_[a-z0-9_]+))?`")


def named() -> list[tuple[str, str]]:
    """(file, test) of each; the test is empty where the whole file is meant."""
    return sorted(set(_NAMED.findall(PAGE.read_text(encoding="utf-8"))))


@pytest.mark.parametrize(("file", "test"), named())
def test_what_shows_that_a_threat_comes_to_nothing_is_there(file: str, test: str) -> None:
    tree = ast.parse((TESTS / file).read_text(encoding="utf-8"))
    there = {node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)}
    assert test in there if test else any(name.startswith("test_") for name in there)


def test_every_line_names_a_test() -> None:
    lines = [line for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| ")][1:]
    assert len(lines) > 20
    assert all(_NAMED.search(line) for line in lines)
