"""The habits of the house that no linter checks: sizes, and names that say nothing."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
MOST_LINES, MOST_LINES_OF_A_FUNCTION = 300, 40
EMPTY_NAMES = {"util", "utils", "common", "helper", "helpers", "manager", "misc"}


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", SOURCES, ids=name_of)
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MOST_LINES
    functions = [
        node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    ]
    long = [f.name for f in functions if (f.end_lineno or 0) - f.lineno + 1 > MOST_LINES_OF_A_FUNCTION]
    assert long == []


def test_no_file_is_named_after_nothing() -> None:
    assert [name_of(path) for path in SOURCES if path.stem in EMPTY_NAMES] == []
