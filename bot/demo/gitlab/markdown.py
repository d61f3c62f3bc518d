"""Comments as GitLab shows them: tables, fences, strikethrough, <details>, task lists, emoji; nothing
active.
"""

from __future__ import annotations

import html
import re
from collections.abc import Sequence
from html.parser import HTMLParser
from typing import Any

from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

_INLINE = {"br", "b", "strong", "i", "em", "code", "sub", "sup", "kbd", "del", "ins"}
_ALLOWED = _INLINE | {"details", "summary", "hr", "pre", "p", "blockquote", "ul", "ol", "li"}
_VOID = frozenset({"br", "hr"})
_EMOJI = {
    "white_check_mark": "✅",
    "x": "❌",
    "warning": "⚠️",
    "rocket": "🚀",
    "eyes": "👀",
    "thumbsup": "👍",
    "thumbsdown": "👎",
    "tada": "🎉",
    "hourglass": "⌛",
    "hourglass_flowing_sand": "⏳",
    "lock": "🔒",
    "package": "📦",
    "ship": "🚢",
    "robot": "🤖",
    "heart": "❤️",
    "mag": "🔍",
    "heavy_check_mark": "✔️",
    "confused": "😕",
    "smile": "😄",
}


def emoji(name: str) -> str:
    """The character of an emoji's name, the name in colons where there is none here."""
    return _EMOJI.get(name, f":{name}:")


class _Sanitizer(HTMLParser):
    """Keeps a few harmless tags without their attributes (but `open`); shows every other tag as text."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.parts: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _ALLOWED:
            is_open = tag == "details" and any(name == "open" for name, _ in attrs)
            self.parts.append(f"<{tag} open>" if is_open else f"<{tag}>")
        else:
            self.parts.append(html.escape(self.get_starttag_text() or ""))

    def handle_endtag(self, tag: str) -> None:
        if tag in _ALLOWED and tag not in _VOID:
            self.parts.append(f"</{tag}>")

    def handle_data(self, data: str) -> None:
        self.parts.append(html.escape(data))

    def handle_entityref(self, name: str) -> None:
        self.parts.append(f"&{name};")

    def handle_charref(self, name: str) -> None:
        self.parts.append(f"&#{name};")


def sanitize(source: str) -> str:
    """Harmless HTML; comments, declarations and processing instructions vanish."""
    parser = _Sanitizer()
    parser.feed(source)
    parser.close()
    return "".join(parser.parts)


def _raw_html(
    self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return sanitize(tokens[at].content)


def _fence(self: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType) -> str:
    language = tokens[at].info.strip().partition(" ")[0]
    if language == "diff":
        return f'<pre class="diff"><code>{diff_lines(tokens[at].content)}</code></pre>\n'
    return f"<pre><code>{html.escape(tokens[at].content)}</code></pre>\n"


def diff_lines(text: str) -> str:
    """A diff with each added and removed line marked for its colour."""
    kinds = {"+": "add", "-": "del", "@": "hunk", "!": "mod"}
    lines = []
    for line in text.rstrip("\n").split("\n"):
        kind = kinds.get(line[:1])
        shown = html.escape(line) or " "
        lines.append(f'<span class="{kind}">{shown}</span>' if kind else f"<span>{shown}</span>")
    return "".join(lines)


def _build() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
    rules: dict[str, Any] = {"html_block": _raw_html, "html_inline": _raw_html, "fence": _fence}
    for name, rule in rules.items():
        parser.add_render_rule(name, rule)
    return parser


_PARSER = _build()


def render(text: str) -> str:
    """HTML of a note."""
    shown: str = _PARSER.render(text)
    shown = re.sub(r"<li>\[ \] ", '<li class="task"><input type="checkbox" disabled> ', shown)
    shown = re.sub(r"<li>\[[xX]\] ", '<li class="task"><input type="checkbox" checked disabled> ', shown)
    pieces = re.split(r"(<pre.*?</pre>|<code>.*?</code>)", shown, flags=re.DOTALL)
    plain = [p if p.startswith(("<pre", "<code")) else _with_emoji(p) for p in pieces]
    return "".join(plain)


def _with_emoji(piece: str) -> str:
    return re.sub(r":([a-z_0-9]+):", lambda m: emoji(m[1]), piece)
