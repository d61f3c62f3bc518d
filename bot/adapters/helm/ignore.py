"""Which files of a chart's directory Helm does not load (pkg/ignore of Helm 4)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

Ignored = Callable[[str, bool], bool]
"""Of a path in the chart, and whether it is a directory; one that is ignored is not looked into."""

_DEFAULT = "templates/.?*"
_TOKEN = re.compile(r"\*|\?|\[(?P<not>\^?)(?P<set>[^\]]+)\]|\\(?P<as_is>.)|(?P<char>.)", re.DOTALL)


@dataclass(frozen=True, slots=True)
class _Rule:
    matches: re.Pattern[str]
    whole_path: bool
    negated: bool
    directories: bool

    def fits(self, path: str) -> bool:
        return self.matches.fullmatch(path if self.whole_path else path.rpartition("/")[2]) is not None


def ignored(text: str) -> Ignored:
    """By the text of a .helmignore file. A negated rule ignores all that it does not name, as in Helm."""
    lines = [line.strip() for line in text.splitlines()]
    rules = [_rule(line) for line in (*lines, _DEFAULT) if line and not line.startswith("#")]

    def is_ignored(path: str, directory: bool) -> bool:
        for rule in rules:
            if rule.negated:
                if (rule.directories and not directory) or not rule.fits(path):
                    return True
            elif (directory or not rule.directories) and rule.fits(path):
                return True
        return False

    return is_ignored


def _rule(line: str) -> _Rule:
    pattern = line.removeprefix("!")
    bare = pattern.removesuffix("/")
    return _Rule(
        matches=re.compile("".join(_translated(token) for token in _TOKEN.finditer(bare.removeprefix("/")))),
        whole_path="/" in bare,
        negated=pattern != line,
        directories=bare != pattern,
    )


def _translated(token: re.Match[str]) -> str:
    """One token of Go's filepath.Match as a regular expression."""
    if token[0] in "*?":
        return "[^/]*" if token[0] == "*" else "[^/]"
    if token["set"]:
        members = token["set"].replace("[", r"\[")
        return f"[{token['not']}{members}]"
    return re.escape(token["as_is"] or token["char"])
