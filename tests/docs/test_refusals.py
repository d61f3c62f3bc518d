"""Each refusal of the source stands in the reference, with what it means and what to do."""

import ast

import pytest

from tests.docs.refusals import FILE, HEAD, ROOT, codes, rows, sentence

ROWS = list(rows())


def holds() -> list[str]:
    """The reasons that a gate gives, as far as they are literals."""
    tree = ast.parse((ROOT / "bot/core/gate/decision.py").read_text(encoding="utf-8"))
    calls = [it for it in ast.walk(tree) if isinstance(it, ast.Call) and isinstance(it.func, ast.Name)]
    reasons = [sentence(it.args[0]) for it in calls if it.func.id == "Hold"]  # type: ignore[attr-defined]
    return [it for it in reasons if it]


def test_the_reference_has_each_code_of_the_source() -> None:
    written = FILE.read_text(encoding="utf-8").partition("## Codes")[2]
    listed = [line.split("`")[1] for line in written.splitlines() if line.startswith("| `")]
    assert sorted(set(codes()) - set(listed)) == [], "run python -m tests.docs.refusals"
    assert FILE.read_text(encoding="utf-8").startswith(HEAD), "run python -m tests.docs.refusals"


@pytest.mark.parametrize(("code", "says", "way"), ROWS, ids=[row[0] for row in ROWS])
def test_each_code_has_a_meaning_and_a_way_out(code: str, says: str, way: str) -> None:
    assert says, f"tests/docs/refusal_words.py: say what {code} means"
    assert way, f"tests/docs/refusal_words.py: say what to do about {code}"


def test_each_reason_to_hold_stands_in_the_table() -> None:
    assert len(holds()) >= 5
    assert [it for it in holds() if f"| {it} |" not in HEAD] == []


def test_each_rule_of_the_gate_stands_in_the_table() -> None:
    rules = ["approvals", "paths", "pipeline", "threads", "undiverged", "freeze", "lock"]
    source = (ROOT / "bot/core/gate/decision.py").read_text(encoding="utf-8")
    named = {node.args[0].value for node in ast.walk(ast.parse(source)) if _is_ruling(node)}  # type: ignore[attr-defined]
    assert named == set(rules)
    assert [it for it in rules if it not in HEAD] == []


def _is_ruling(node: ast.AST) -> bool:
    match node:
        case ast.Call(func=ast.Name(id="Ruling"), args=[ast.Constant(), *_]):
            return True
    return False
