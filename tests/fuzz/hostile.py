# ruff: noqa: E501 (pieces of Markdown, a line each)
"""Every foreign text in a report exchanged for one that wants to break out of the note."""

import itertools
from collections.abc import Iterator
from dataclasses import fields, is_dataclass, replace
from enum import Enum
from typing import Any, get_type_hints

from hypothesis import strategies as st

OURS = frozenset({"target", "state", "kind", "result", "action", "op", "mode", "at", "gate", "rule"})
"""Fields with words of our own, which decide what is written, and the name in our own configuration."""

PIECES = (
    "```", "````", "~~~", "`", "``", "\n", "\r", "\r\n", "\n\n", "\u2028", "\x85", "/merge", "/approve\n", "\n/close", "@all",
    "@group/team", "#1", "!2", "&3", "%4", '~"label"', "$5", "[issue:6]", "[vulnerability:7]", "^alert#8", "GL-1", "a/b#9", "a/b@0123abcd",
    "<script>alert(1)</script>", "<img src=x onerror=y>", "</details>", "</summary>", "<!--", "-->", "<!-- purser:gate:end -->", "<b>", "<",
    "![x](https://evil.example/x.png)", "[x](https://evil.example)", "[x][y]", "[y]: https://evil.example", "<https://evil.example>",
    "https://evil.example", "HTTP://evil.example", "www.evil.example", "mailto:a@evil.example", "ftp://evil.example", "ssh://evil.example",
    "irc://evil.example", "a@evil.example", "xmpp:a@b", "|", " | x | ", "\\", "\\|", "\\`", "&#64;all", "&lt;", "&", "*", "**", "_", "__", "~~",
    "# x", "- x", "1. x", "> x", ">>>", "---", "===", "    x", "\t", "[^1]", "[[_TOC_]]", "[TOC]", "::include{file=x}", "$`x`$", "{+ x +}",
    "%{x}", ":+1:", "\u202e", "\u200b", "\x1b[31m", "\0", "word", " ", "é",
)  # fmt: skip

texts = st.lists(st.sampled_from(PIECES) | st.text(max_size=3), min_size=1, max_size=6).map(
    lambda parts: "x" + "".join(parts)
) | st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join).filter(
    lambda text: bool(text.strip())
)


def soiled(value: Any, given: list[str]) -> Any:
    """The same report with these texts, in turn, in place of every text of others."""
    return _soiled(value, itertools.cycle(given))


def _soiled(value: Any, given: Iterator[str]) -> Any:
    if isinstance(value, str) and not isinstance(value, Enum):
        return next(given) if value else value
    if isinstance(value, tuple | list | frozenset):
        return type(value)(_soiled(one, given) for one in value)
    if isinstance(value, dict):
        return {_soiled(key, given): _soiled(one, given) for key, one in value.items()}
    if is_dataclass(value) and not isinstance(value, type):
        hints = get_type_hints(type(value))
        changed = {
            one.name: _soiled(getattr(value, one.name), given)
            for one in fields(value)
            if one.init and one.name not in OURS and "Literal" not in str(hints[one.name])
        }
        return replace(value, **changed)
    return value
