"""Which lines of a note are its writer's own words: not quoted, not code, not HTML.

Follows what CommonMark and GitLab agree on, and where in doubt takes a line for quoted.
"""

import re
from collections.abc import Iterator

_LINE_END = re.compile(r"\r\n|\n|\r")
_FENCE = re.compile(r" {0,3}(`{3,}|~{3,})(.*)")
_MULTILINE_QUOTE = re.compile(r">>>[ \t]*")
_RAW_HTML = re.compile(r" {0,3}<(pre|script|style|textarea|code|details|blockquote)\b", re.IGNORECASE)
_HTML = re.compile(r" {0,3}<[/!?a-zA-Z]")
_TICKS = re.compile(r"`+")


def _skip_block(lines: list[str], start: int) -> int | None:
    """Where the block that begins in this line ends (exclusive), or None where none begins."""
    line = lines[start]
    if not line.lstrip(" ").startswith(("`", "~", ">", "<")):
        return None
    if fence := _FENCE.match(line):
        ticks = fence[1]
        if ticks[0] == "~" or "`" not in fence[2]:
            closing = re.compile(rf" {{0,3}}{re.escape(ticks[0])}{{{len(ticks)},}}[ \t]*")
            return _until(lines, start, closing)
    if _MULTILINE_QUOTE.fullmatch(line):
        return _until(lines, start, _MULTILINE_QUOTE)
    if line.lstrip(" ").startswith("<!--") and "-->" not in line:
        return _until(lines, start, re.compile(r".*-->.*"))
    if raw := _RAW_HTML.match(line):
        if re.search(rf"</{raw[1]}\s*>", line, re.IGNORECASE):
            return start + 1
        return _until(lines, start, re.compile(rf".*</{raw[1]}\s*>.*", re.IGNORECASE))
    if _HTML.match(line):
        return next((i for i in range(start, len(lines)) if not lines[i].strip()), len(lines))
    return None


def _until(lines: list[str], start: int, closing: re.Pattern[str]) -> int:
    return next((i + 1 for i in range(start + 1, len(lines)) if closing.fullmatch(lines[i])), len(lines))


def _outside_code_spans(paragraph: list[str]) -> Iterator[str]:
    """The lines of a paragraph that do not begin inside inline code."""
    runs = [(index, len(run)) for index, line in enumerate(paragraph) for run in _TICKS.findall(line)]
    # Each run knows the next one of its length: looking for it would take a second for a long note.
    following: list[int | None] = [None] * len(runs)
    nearest: dict[int, int] = {}
    for position in range(len(runs) - 1, -1, -1):
        ticks = runs[position][1]
        following[position], nearest[ticks] = nearest.get(ticks), position
    hidden: set[int] = set()
    position = 0
    while position < len(runs):
        opened, closed = runs[position][0], following[position]
        if closed is None:
            position += 1
            continue
        hidden.update(range(opened + 1, runs[closed][0] + 1))
        position = closed + 1
    return (line for index, line in enumerate(paragraph) if index not in hidden)


def own_lines(note: str) -> Iterator[str]:
    """The lines that are plain text of the writer, without those that Markdown shows as something else."""
    lines = _LINE_END.split(note)
    paragraph: list[str] = []
    index = 0
    lazy = False
    while index < len(lines):
        line = lines[index]
        end = _skip_block(lines, index)
        if end is None and line.strip():
            # A line right after a `>` line belongs to that quote (CommonMark's lazy continuation).
            lazy = line.lstrip(" ").startswith(">") or lazy
            if not lazy and not line.startswith(("    ", "\t")):
                paragraph.append(line)
            index += 1
            continue
        yield from _outside_code_spans(paragraph)
        paragraph, lazy = [], False
        index = index + 1 if end is None else end
    yield from _outside_code_spans(paragraph)
