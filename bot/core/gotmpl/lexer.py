"""Cuts a Go template into text and the tokens of its actions, by the rules of Go's text/template."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal, TypeAlias

from bot.core.errors import AuthorError, Where

Kind: TypeAlias = Literal["field", "variable", "word", "text", "number", "mark", "space"]

_SPACES: Final = " \t\r\n"
_TOKEN: Final = re.compile(
    r"""(?P<space>[ \t\r\n]+)
      | (?P<raw>`[^`]*`)
      | (?P<string>"(?:\\.|[^"\\\n])*")
      | (?P<char>'(?:\\[^\n]{1,10}?|[^'\\\n])')
      | (?P<number>[+-]?(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+
                     |(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?))
      | (?P<field>\.[^\W\d]\w*)
      | (?P<variable>\$\w*)
      | (?P<word>[^\W\d]\w*)
      | (?P<mark>:=|[=|(),.])""",
    re.VERBOSE,
)
_ESCAPE: Final = re.compile(
    r"\\(?:([abfnrtv\\'\"])|x([0-9a-fA-F]{2})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8})|([0-7]{3})|(.))"
)
_NAMED: Final = {"a": "\a", "b": "\b", "f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"}


@dataclass(frozen=True, slots=True)
class Token:
    """A token of an action. `value` is a literal's text with its escapes undone."""

    kind: Kind
    value: str
    line: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Either literal text, or the tokens of one action (`text` is then None)."""

    text: str | None
    tokens: tuple[Token, ...]
    line: int


def broken(what: str, file: str, line: int) -> AuthorError:
    """An error about a template itself."""
    return AuthorError(what, where=Where(file, line), code="template")


def pieces(text: str, file: str, first_line: int = 1) -> Iterator[Piece]:
    """The template in order, with white space already taken by trim markers and comments left out.

    Raises AuthorError (`template`).
    """
    position, line, trim_next = 0, first_line, False
    while True:
        start = text.find("{{", position)
        literal = text[position:] if start < 0 else text[position:start]
        newlines = literal.count("\n")
        trims = start >= 0 and text.startswith("-", start + 2) and text[start + 3 : start + 4] in _SPACES
        trims = trims and start + 3 < len(text)
        shown, skipped = _trimmed(literal, trim_next, trims)
        if shown:
            yield Piece(shown, (), line + skipped)
        if start < 0:
            return
        line += newlines
        begin = start + (3 if trims else 2)
        end, trim_next, tokens = _action(text, begin, file, line)
        if tokens is not None:
            yield Piece(None, tokens, line)
        line += text.count("\n", start, end)
        position = end


def _trimmed(literal: str, left: bool, right: bool) -> tuple[str, int]:
    """The text without what trim markers take, and how many lines were taken before it."""
    shown = literal.lstrip(_SPACES) if left else literal
    skipped = literal[: len(literal) - len(shown)].count("\n")
    return (shown.rstrip(_SPACES) if right else shown), skipped


def _action(text: str, begin: int, file: str, line: int) -> tuple[int, bool, tuple[Token, ...] | None]:
    """Where the action ends, whether it trims what follows, and its tokens (None for a comment)."""
    after = begin + len(text[begin : begin + 8]) - len(text[begin : begin + 8].lstrip(_SPACES))
    if text.startswith("/*", begin) or (text.startswith("/*", after) and text[begin - 1] == "-"):
        end = text.find("*/", begin)
        found = re.compile(r"[ \t\r\n]+-\}\}|\}\}").match(text, end + 2) if end >= 0 else None
        if found is None:
            raise broken("This comment of the template is not closed.", file, line)
        return found.end(), found.group().endswith("-}}"), None
    tokens: list[Token] = []
    position = begin
    while True:
        if text.startswith("}}", position):
            return position + 2, False, tuple(tokens)
        if text.startswith("-}}", position) and text[position - 1] in _SPACES:
            return position + 3, True, tuple(tokens)
        found = _TOKEN.match(text, position)
        if found is None:
            rest = text[position : position + 10].partition("\n")[0]
            what = f"`{rest}` is not understood here" if rest else "It is not closed"
            raise broken(f"This action of the template cannot be read: {what}.", file, line)
        token = _token(found, file, line)
        line += found.group().count("\n")
        tokens.append(token)
        position = found.end()


def _token(found: re.Match[str], file: str, line: int) -> Token:
    value = found.group()
    match found.lastgroup:
        case "raw":
            return Token("text", value[1:-1], line)
        case "string":
            return Token("text", _unescaped(value[1:-1], file, line), line)
        case "char":
            return Token("number", str(ord(_unescaped(value[1:-1], file, line)[:1] or "\0")), line)
        case "field":
            return Token("field", value[1:], line)
        case "space":
            return Token("space", "", line)
        case "number":
            return Token("number", value, line)
        case "variable":
            return Token("variable", value, line)
        case "word":
            return Token("word", value, line)
        case _:
            return Token("mark", value, line)


def _unescaped(text: str, file: str, line: int) -> str:
    def one(found: re.Match[str]) -> str:
        named, short, middle, long, octal, unknown = found.groups()
        if named:
            return _NAMED.get(named, named)
        if unknown is not None:
            raise broken(f"`\\{unknown}` is no escape that Go knows.", file, line)
        number = int(octal, 8) if octal else int(short or middle or long, 16)
        if number > 0x10FFFF or 0xD800 <= number <= 0xDFFF:
            raise broken("This escape names no character.", file, line)
        return chr(number)

    return _ESCAPE.sub(one, text)
