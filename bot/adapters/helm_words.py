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
_REPEATED = re.compile(r'(template: [^:\s]+:\d+:\d+: executing "[^"]*" at <[^>]*>: error calling \w+: ){3,}')
_HINT = re.compile(r"\s*Use --debug flag to render out invalid YAML\s*$")


def failed(words: str, paths: Mapping[str, str], *, code: str, fix: str = "") -> AuthorError:
    """The author's error that Helm's `words` stand for; `paths` are absolute path -> what to say instead."""
    text = shorten(words, paths)
    found = _PLACE.search(text)
    where = None
    if found:
        line = found["line"]
        where = Where(found["file"] or found["only"], int(line) if line else None)
    return AuthorError(text, where=where, fix=fix, code=code)


def shorten(words: str, paths: Mapping[str, str]) -> str:
    """Helm's words without repetitions, without the paths of this machine, bounded."""
    text = _HINT.sub("", words.strip())
    text = text.removeprefix("Error: ")
    for path in sorted(paths, key=len, reverse=True):
        text = text.replace(path, paths[path])
    text = _REPEATED.sub(lambda found: found[1] + "… ", text)
    if len(text) > LIMIT:
        text = f"{text[: LIMIT // 2]} … {text[-LIMIT // 2 :]}"
    return text
