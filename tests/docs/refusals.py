"""The reference of refusals, from the code: `python -m tests.docs.refusals` writes it."""

import ast
from collections.abc import Iterator, Mapping
from pathlib import Path

from tests.docs.refusal_words import EXTRA

ROOT = Path(__file__).parents[2]
FILE = ROOT / "docs" / "reference" / "refusals.md"
HEAD = (Path(__file__).parent / "refusals_head.md").read_text(encoding="utf-8")
"""What a gate says, and the head of the table of codes."""

MOST_SENTENCES = 3
_HIDDEN = ("bot/demo/",)


def _sources() -> Iterator[ast.AST]:
    for file in sorted((ROOT / "bot").rglob("*.py")):
        if not file.relative_to(ROOT).as_posix().startswith(_HIDDEN):
            yield ast.parse(file.read_text(encoding="utf-8"))


def sentence(node: ast.AST | None) -> str:
    """A literal as a person reads it, with … for what is filled in; empty where it is no literal."""
    match node:
        case ast.Constant(value=str(text)):
            return text
        case ast.JoinedStr(values=parts):
            return "".join(sentence(part) if isinstance(part, ast.Constant) else "…" for part in parts)
        case ast.BinOp(left=left, op=ast.Add(), right=right):
            return f"{sentence(left) or '…'}{sentence(right) or '…'}"
        case ast.IfExp(body=body, orelse=other):
            return sentence(body) or sentence(other)
    return ""


def _found() -> Iterator[tuple[str, str, str]]:
    """(code, what it says, what to do) of everything that is refused or warned of with a code."""
    for tree in _sources():
        for node in ast.walk(tree):
            match node:
                case ast.Call():
                    yield from _of_call(node)
                case ast.Tuple(elts=[ast.Attribute(value=ast.Name(id="Risk")), code, says]):
                    yield sentence(code), sentence(says), ""


def _of_call(call: ast.Call) -> Iterator[tuple[str, str, str]]:
    name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
    named = {it.arg: it.value for it in call.keywords if it.arg}
    first, second, third, fourth = [*(sentence(it) for it in call.args[:4]), "", "", "", ""][:4]
    match name:
        case "Finding" | "notice":
            yield second, third, fourth or sentence(named.get("fix")) or _harmless(call.args[:1])
        case "_Words":
            yield first, second, third
        case "Violation":
            yield first, third, ""
        case "error" | "warning" | "notice_of" if len(call.args) > 2:
            yield first, third, fourth
        case _ if "code" in named:
            yield sentence(named["code"]), first, sentence(named.get("fix"))
        case "AuthorError" if call.args:
            yield "invalid", first, sentence(named.get("fix"))
        case "ForgeRefused" if call.args:
            yield "refused", first, ""


def _harmless(level: list[ast.expr]) -> str:
    """What to do about what does not keep a plan from being deployed, where the source does not say."""
    match level:
        case [ast.Attribute(value=ast.Name(id="Level"), attr="INFO" | "WARNING")]:
            return "Nothing has to be done; see that it is meant."
    return ""


def codes() -> Mapping[str, list[tuple[str, str]]]:
    """What each code says, and what to do, in the order of the source; what is put in reads …."""
    found: dict[str, list[tuple[str, str]]] = {}
    for code, says, fix in _found():
        if code and code.replace("-", "").isalpha() and code.islower():
            found.setdefault(code, []).append((" ".join(says.split()), " ".join(fix.split())))
    return found


def rows() -> Iterator[tuple[str, str, str]]:
    """(code, what it says, what to do), sorted."""
    for code, pairs in sorted(codes().items()):
        means, way = EXTRA.get(code, ("", ""))
        says = [means] if means else list(dict.fromkeys(it for it, _ in pairs if it))[:MOST_SENTENCES]
        ways = [way] if way else list(dict.fromkeys(it for _, it in pairs if it))[:MOST_SENTENCES]
        yield code, " / ".join(says), " / ".join(ways)


def page() -> str:
    """The whole page."""
    table = "\n".join(f"| `{code}` | {_cell(says)} | {_cell(way)} |" for code, says, way in rows())
    return f"{HEAD}{table}\n"


def _cell(text: str) -> str:
    return text.replace("|", "¦").replace("<", "&lt;").replace("*", "\\*")


if __name__ == "__main__":
    FILE.write_text(page(), encoding="utf-8")
