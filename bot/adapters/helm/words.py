"""Helm's error texts for people: the place taken out, chains shortened, paths of this machine removed."""

import re
from collections.abc import Mapping

from bot.core.errors import AuthorError, Where

LIMIT = 1200
"""Characters of Helm's words that are kept; templates can make them endless."""

_PLACE = re.compile(
    r"(?P<file>[\w.+@-]+(?:/[\w.+@ -]+)*/[\w.+@ -]+\.[A-Za-z]{2,5}):(?P<line>\d+)(?::\d+)?|"
    r"parse error on (?P<only>\S+?\.[A-Za-z]{2,5}):"
)
_STEP = r'template: [^:\s]+:\d+:\d+: executing "[^"]*" at <[^>]*>: error calling \w+: '
_REPEATED = re.compile(rf"({_STEP})(?:{_STEP}){{2,}}")
_FRAMES = (
    (re.compile(r"\s*Use --debug flag to render out invalid YAML\s*\Z"), ""),
    (re.compile(r"\A(?:Error: |INSTALLATION FAILED: )+"), ""),
    (re.compile(r"\Aexecution error at \([^)\n]*\): "), ""),
    (re.compile(r"\Aparse error at \([^)\n]*\): "), "parse error: "),
    (re.compile(r"\A[^\s:]+:\d+:\d+\n\s+(?=executing )"), ""),
    (re.compile(r"\A(?:an error occurred while checking for chart dependencies\.[^:]*: )"), ""),
    (re.compile(r"parse error on \S+: error converting YAML to JSON: yaml: "), "parse error: "),
    (re.compile(r"parse error on \S+: error unmarshaling JSON: while decoding JSON: "), "parse error: "),
)
_FIXES = (
    ("missing in charts/", "Run `helm dependency build`, or bring the charts/ directory along."),
    ("requires kubeVersion", "Use a version of the chart that supports this cluster."),
    ("specifications of the schema", "Correct the values that are named."),
)


def failed(words: str, paths: Mapping[str, str], *, code: str) -> AuthorError:
    """The author's error that Helm's `words` stand for; `paths` are absolute path -> what to say instead."""
    text = _without(words, paths)
    found = _PLACE.search(text)
    where = None
    if found:
        line = found["line"]
        where = Where(found["file"] or found["only"], int(line) if line else None)
    fix = next((advice for sign, advice in _FIXES if sign in text), "")
    return AuthorError(shorten(text, {}), where=where, fix=fix, code=code)


def shorten(words: str, paths: Mapping[str, str]) -> str:
    """Helm's words without frames and repetitions and without the paths of this machine, bounded."""
    text = _without(words, paths).strip()
    for frame, instead in _FRAMES:
        text = frame.sub(instead, text)
    text = _REPEATED.sub(r"\1… ", text)
    if len(text) > LIMIT:
        text = f"{text[: LIMIT // 2]} … {text[-LIMIT // 2 :]}"
    return text


def _without(words: str, paths: Mapping[str, str]) -> str:
    for path in sorted(paths, key=len, reverse=True):
        words = words.replace(path, paths[path])
    return words
