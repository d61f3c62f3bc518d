"""The conditions of `rules: if`, and `only`/`except`: when a job is part of a pipeline."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_TOKEN = re.compile(
    r"\s*(?:(?P<op>&&|\|\||==|!=|=~|!~|\(|\))|\$(?P<var>\w+)|\"(?P<dq>[^\"]*)\"|'(?P<sq>[^']*)'"
    r"|/(?P<re>(?:\\/|[^/])*)/(?P<flags>[a-z]*)|(?P<null>null))"
)


class CiError(Exception):
    """The CI file says something that GitLab, or this look-alike, does not take. The text is for people."""


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str


@dataclass(slots=True)
class _Reader:
    """A recursive descent over: or-terms, and-terms, comparisons, values."""

    tokens: list[_Token]
    variables: Mapping[str, str]

    def either(self) -> bool:
        value = self.both()
        while self._take("||"):
            value = self.both() or value
        return value

    def both(self) -> bool:
        value = self.comparison()
        while self._take("&&"):
            value = self.comparison() and value
        return value

    def comparison(self) -> bool:
        if self._take("("):
            inner = self.either()
            if not self._take(")"):
                raise CiError("a bracket is not closed")
            return inner
        left = self._value()
        for operator in ("==", "!=", "=~", "!~"):
            if self._take(operator):
                return _compare(operator, left, self._value())
        return bool(left.text) if left.kind != "null" else False

    def _take(self, operator: str) -> bool:
        if self.tokens and self.tokens[0] == _Token("op", operator):
            self.tokens.pop(0)
            return True
        return False

    def _value(self) -> _Token:
        if not self.tokens or self.tokens[0].kind == "op":
            raise CiError("a value is missing")
        token = self.tokens.pop(0)
        if token.kind != "var":
            return token
        return (
            _Token("text", self.variables[token.text]) if token.text in self.variables else _Token("null", "")
        )


def _compare(operator: str, left: _Token, right: _Token) -> bool:
    if operator in ("==", "!="):
        same = left.text == right.text and (left.kind == "null") == (right.kind == "null")
        return same == (operator == "==")
    pattern = right.text.strip("/") if right.kind == "text" else right.text
    return bool(re.search(pattern, left.text)) == (operator == "=~")


def holds(expression: str, variables: Mapping[str, str]) -> bool:
    """Whether an `if:` is true. CiError where it cannot be read."""
    tokens, at = [], 0
    text = expression.strip()
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise CiError(f"invalid expression syntax: {expression}")
        kind = next(k for k in ("op", "var", "dq", "sq", "re", "null") if match[k] is not None)
        if kind == "re":
            flags = f"(?{match['flags']})" if match["flags"] else ""
            tokens.append(_Token("re", flags + match["re"].replace("\\/", "/")))
        else:
            text_of = "" if kind == "null" else match[kind]
            tokens.append(_Token({"dq": "text", "sq": "text"}.get(kind, kind), text_of))
        at = match.end()
    reader = _Reader(tokens, variables)
    value = reader.either()
    if reader.tokens:
        raise CiError(f"invalid expression syntax: {expression}")
    return value


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a job takes part; `when` never leaves it out."""

    when: str
    allow_failure: bool | None = None
    variables: Mapping[str, str] | None = None


def decide(job: Mapping[str, Any], variables: Mapping[str, str]) -> Verdict:
    """What `rules`, or `only` and `except`, say about a job in a pipeline with these variables."""
    when = str(job.get("when", "on_success"))
    if "rules" in job:
        return first_rule(job["rules"], variables, when)
    source, ref = variables.get("CI_PIPELINE_SOURCE", ""), variables.get("CI_COMMIT_REF_NAME", "")
    if "only" not in job and "except" not in job:
        return Verdict("never" if source == "merge_request_event" else when)
    chosen = "only" not in job or _names(job["only"], source, ref)
    left_out = "except" in job and _names(job["except"], source, ref)
    return Verdict(when if chosen and not left_out else "never")


def first_rule(rules: Any, variables: Mapping[str, str], when: str) -> Verdict:
    """The first rule whose condition holds; without one the job (or pipeline) is left out."""
    for rule in rules if isinstance(rules, list) else []:
        if unknown := set(rule) - {"if", "when", "allow_failure", "variables"}:
            raise CiError(f"rules: this look-alike does not know {', '.join(sorted(unknown))}")
        if "if" not in rule or holds(str(rule["if"]), variables):
            more = {str(k): str(v) for k, v in (rule.get("variables") or {}).items()}
            return Verdict(str(rule.get("when", when)), rule.get("allow_failure"), more)
    return Verdict("never")


def _names(chosen: Any, source: str, ref: str) -> bool:
    refs = chosen.get("refs", []) if isinstance(chosen, dict) else chosen
    for name in [refs] if isinstance(refs, str) else refs:
        words = {
            "branches": source != "merge_request_event",
            "merge_requests": source == "merge_request_event",
        }
        words |= {"pushes": source == "push", "web": source == "web", "api": source == "api"}
        pattern = re.fullmatch(r"/(.*)/", name)
        if words.get(name, ref == name) or (pattern and re.search(pattern[1], ref)):
            return True
    return False
