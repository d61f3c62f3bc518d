"""Nothing that is stored or received can run code when it is read."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted((ROOT / "bot").rglob("*.py"))
RUNS_CODE = {
    "pickle",
    "_pickle",
    "cPickle",
    "marshal",
    "shelve",
    "dill",
    "cloudpickle",
    "jsonpickle",
    "joblib",
}
UNSAFE = {
    "UnsafeLoader",
    "FullLoader",
    "Loader",
    "CLoader",
    "CFullLoader",
    "unsafe_load",
    "full_load",
    "PickleType",
}
IN_MEMORY = {"bot/adapters/cluster/recall.py", "bot/core/remembered.py"}
"""They copy plain values with marshal; what it wrote never leaves the process, and nothing else is read."""


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_imports_what_runs_code_when_it_reads(path: Path) -> None:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names} & RUNS_CODE
        elif isinstance(node, ast.ImportFrom):
            found |= {(node.module or "").partition(".")[0]} & RUNS_CODE
            found |= {alias.name for alias in node.names} & UNSAFE
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "yaml":
            found |= {node.attr} & UNSAFE
    allowed = {"marshal"} if str(path.relative_to(ROOT)) in IN_MEMORY else set()
    assert found == allowed


def test_the_engine_is_told_to_keep_json_and_not_its_default() -> None:
    text = (ROOT / "bot" / "adapters" / "engine" / "database.py").read_text(encoding="utf-8")
    [kept] = [
        value
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Dict)
        for key, value in zip(node.keys, node.values, strict=True)
        if isinstance(key, ast.Constant) and key.value == "serializer"
    ]
    assert ast.unparse(kept) == "DBOSPortableJSONSerializer()"
