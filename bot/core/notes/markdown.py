"""Foreign text in GitLab-flavoured Markdown, so that it is shown as text and does nothing.

GitLab parses our notes with our rights: a mention notifies, a reference leaves a trace elsewhere, a line that
starts with a quick action is executed. Sources: GitLab's documentation of quick actions and of its Markdown.
"""

import re
import unicodedata
from collections.abc import Sequence

# Entities keep Markdown from reading a character as markup. GitLab looks for references in the text that
# comes out of Markdown, where entities are characters again: a word joiner behind the sign breaks those.
_ENTITY = {c: f"&#{ord(c)};" for c in "@#!~%&$^[]:<>\"'`*_|\\"}
_JOINER = "&#8288;"
_REFERENCE = re.compile(r"(?<=[@#!~%&$^\[])(?=[\w\"'*\[])")
_LINK = re.compile(r"(?i)(?<=:)(?=//)|(?<=\b[mwx])(?=ailto:|ww\.|mpp:)")
"""GitLab makes a link of any scheme before `://`."""

_LINE_BREAK = re.compile(r"[\r\n\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")


def visible(text: str) -> str:
    """The text with control, format and bidirectional characters written as `\\u{hex}`; line feeds stay."""
    if text.isascii() and text.replace("\n", "").isprintable():
        return text
    return "".join(c if c == "\n" or not _hidden(c) else f"\\u{{{ord(c):x}}}" for c in text)


def _hidden(character: str) -> bool:
    return unicodedata.category(character) in ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def _in_one_line(value: str) -> str:
    if _LINE_BREAK.search(value) is None:
        return value
    return " ".join(part for line in _LINE_BREAK.split(value) if (part := line.strip()))


def text(value: str) -> str:
    """One line of plain text: no markup, no reference, no quick action, usable in a table cell."""
    line = visible(_in_one_line(value)).strip()
    broken = _LINK.sub("\0", _REFERENCE.sub("\0", line))
    escaped = "".join(_JOINER if c == "\0" else _ENTITY.get(c, c) for c in broken)
    escaped = re.sub(r"&#58;(?= |$)", ":", escaped)
    if escaped[:1] in ("/", "-", "+", "=", "(") or re.match(r"\d+[.)]", escaped):
        return f"&#{ord(escaped[0])};{escaped[1:]}"
    return escaped


def code(value: str) -> str:
    """Inline code, whatever is inside; usable in a table cell (a pipe is shown as its look-alike ¦)."""
    line = visible(_in_one_line(value)).strip().replace("|", "¦") or " "
    ticks = "`" * (_longest_run(line, "`") + 1)
    pad = " " if line.startswith("`") or line.endswith("`") else ""
    return f"{ticks}{pad}{line}{pad}{ticks}"


def fence(value: str, language: str = "") -> str:
    """A fenced block that nothing inside can end: its fence is longer than any run inside.

    Every line must start with a diff sign or a space, so that none can be a quick action or a closing fence;
    lines that do not are indented by one space.
    """
    lines = [line if line[:1] in ("+", "-", " ", "@") else f" {line}" for line in visible(value).split("\n")]
    body = "\n".join(lines)
    ticks = "`" * max(3, _longest_run(body, "`") + 1)
    return f"{ticks}{language}\n{body}\n{ticks}"


def table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table of cells that are Markdown already (from `text` and `code`)."""
    lines = [f"| {' | '.join(header)} |", f"|{'|'.join(' --- ' for _ in header)}|"]
    lines += [f"| {' | '.join(cells)} |" for cells in rows]
    return "\n".join(lines)


def fold(summary: str, body: str) -> str:
    """A section that opens on a click. `summary` is Markdown that is already safe; it is put in HTML."""
    return f"<details><summary>{summary}</summary>\n\n{body}\n\n</details>"


def html(value: str) -> str:
    """One line of plain text inside an HTML element such as a summary."""
    return text(value)


def _longest_run(value: str, character: str) -> int:
    return max((len(run) for run in re.findall(re.escape(character) + "+", value)), default=0)
