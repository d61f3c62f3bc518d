"""A job's log for the page: without GitLab's marks, with its colours."""

from __future__ import annotations

import html
import re

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z \d\d[OE]\+? ?", re.MULTILINE)
_SECTION = re.compile(r"section_(?:start|end):\d+:\w+\r\x1b\[0K")
_COLOUR = re.compile(r"\x1b\[([\d;]*)m")
_OTHER = re.compile(r"\x1b\[[\d;]*[A-Za-ln-z]")
_CLASSES = {"1": "bold", "31": "red", "32": "green", "33": "yellow", "34": "blue", "36": "cyan"}


def render(trace: bytes) -> str:
    """HTML of a log."""
    text = _SECTION.sub("", _STAMP.sub("", trace.decode(errors="replace")))
    parts, at, is_open = [], 0, False
    for match in _COLOUR.finditer(text):
        parts.append(html.escape(_OTHER.sub("", text[at : match.start()])))
        parts.append("</span>" if is_open else "")
        classes = [_CLASSES[code] for code in match[1].split(";") if code in _CLASSES]
        is_open = bool(classes)
        parts.append(f'<span class="{" ".join(classes)}">' if is_open else "")
        at = match.end()
    parts.append(html.escape(_OTHER.sub("", text[at:])) + ("</span>" if is_open else ""))
    return re.sub(r"\n{2,}", "\n", "".join(parts))
