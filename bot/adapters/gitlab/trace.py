"""A job's log as GitLab keeps it, to what a person would read."""

import re

_STAMP = re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z [0-9a-f]{2}[OE](\+| |$)")
"""What runners write before each line (17.1; the default since 19): time, number and kind of the stream, and
`+` where the line goes on with the one before it."""

_SECTION = re.compile(r"section_(?:start|end):\d+:[\w.:-]+(?:\[[^\]]*\])?\r?")
_ESCAPE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\)?|[@-Z\\^_])")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def readable(raw: bytes) -> str:
    """Without time stamps, section marks, colours, control characters, and what a progress bar overwrote."""
    lines: list[str] = []
    for line in raw.decode("utf-8", "replace").split("\n"):
        stamp = _STAMP.match(line)
        text = line[stamp.end() :] if stamp else line
        if stamp and stamp.group(1) == "+" and lines:
            lines[-1] += text
        else:
            lines.append(text)
    marks_only = [_shown(line) if line.strip() else "" for line in lines]
    return "\n".join(line for line in marks_only if line is not None).strip("\n")


def _shown(line: str) -> str | None:
    """One line; None where it held nothing but marks."""
    text = _ESCAPE.sub("", _SECTION.sub("", line)).rstrip("\r").rpartition("\r")[2]
    text = _CONTROL.sub("", text).rstrip()
    return text or None
