"""What GitLab must find in none of our notes: something of others that does anything."""

import html
import re

from markdown_it import MarkdownIt
from markdown_it.token import Token

_TAG = re.compile(r"</?(?:details|summary|b|code)>|<!-- [a-z-]+:[^<>]* -->|<!-- purser:gate(?::end)? -->")
_REFERENCE = re.compile(r"(?<![\w])[@#!~%&$^](?=[\w\"])|\[(?:issue|vulnerability|epic|work_item):|\[\[|\[TOC")
_ADDRESS = re.compile(r"(?i)[a-z][a-z0-9+.-]*://|\bwww\.|\bmailto:|\w@\w")
_QUICK_ACTION = re.compile(r"\s*/[a-z_]", re.IGNORECASE)


def assert_harmless(note: str, own_links: tuple[str, ...] = ()) -> None:
    """`own_links` are addresses of GitLab's own pages, which may be linked."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(note)
    inside = {
        line
        for token in tokens
        if token.type in ("fence", "code_block") and token.map
        for line in range(*token.map)
    }
    for number, line in enumerate(note.split("\n")):
        assert not (number not in inside and _QUICK_ACTION.match(line)), line
        assert not (number in inside and line.startswith("/")), line
    assert not [token for token in tokens if token.type == "code_block"]
    for shown in _shown(tokens, own_links):
        assert not _REFERENCE.search(shown), shown
        assert not _ADDRESS.search(shown), shown
        assert not re.search(r"[\x00-\x09\x0b-\x1f\u202a-\u202e\u2066-\u2069\u200b]", shown), ascii(shown)


def _shown(tokens: list[Token], own_links: tuple[str, ...]) -> list[str]:
    """Text outside code, as GitLab's filters read it: entities are characters again there."""
    texts = []
    for token in tokens:
        if token.type == "html_block":
            texts.append(_without_tags(token.content))
        for child in token.children or ():
            assert child.type != "image"
            if child.type == "link_open":
                assert child.attrGet("href") in own_links
            elif child.type == "html_inline":
                assert _without_tags(child.content) == ""
            elif child.type == "text":
                texts.append(child.content)
    return texts


def _without_tags(text: str) -> str:
    left = _TAG.sub("", re.sub(r"<code>[^<]*</code>", "", text))
    assert "<" not in left, text
    return html.unescape(left)


def shape(note: str) -> dict[str, int]:
    """How many blocks of each kind the note has: text of others makes none and ends none."""
    tokens = MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(note)
    kinds = [token.type for token in tokens if token.type not in ("html_block",)]
    return {kind: kinds.count(kind) for kind in sorted(set(kinds))}
