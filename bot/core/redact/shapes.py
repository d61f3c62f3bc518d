"""Secrets that can be told by their looks, wherever they stand in a text."""

import base64
import binascii
import itertools
import re
from collections.abc import Callable
from dataclasses import dataclass
from textwrap import dedent

from bot.core.redact.keys import REFERRING, Secrecy, could_be_secret, is_telling, secrecy

Hide = Callable[[str, bool], str]
"""Gives the mask of a value; the flag says whether to remember it, to hide it elsewhere too."""

_TOKENS = "|".join(
    (
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)",
        r"AGE-SECRET-KEY-1[0-9A-Z]{40,}",
        r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b",  # AWS access key
        r"\bAIza[\w-]{35}",  # Google API key
        r"\bya29\.[\w-]{20,}",  # Google OAuth token
        r"\bgl(?:pat|oas|dt|rt|rtr|cbt|ptt|ft|imt|agent|soat|ffct|ap)-[\w.-]{16,}",  # GitLab
        r"\bGR1348941[\w-]{20,}",  # GitLab runner registration
        r"\bgh[oprsu]_[A-Za-z0-9]{30,}",
        r"\bgithub_pat_\w{22,}",
        r"\bxox[abeoprs]-[\w-]{10,}",  # Slack
        r"\bxapp-[\w-]{10,}",
        r"(?<=hooks\.slack\.com/services/)[\w/]{16,}",
        r"\b[rs]k_(?:live|test)_\w{16,}",  # Stripe
        r"\bnpm_[A-Za-z0-9]{30,}",
        r"\bpypi-[\w-]{30,}",
        r"\bdop_v1_[0-9a-f]{40,}",
        r"\bhv[bs]\.[\w-]{20,}",  # Vault
        r"\bSG\.[\w-]{16,}\.[\w-]{16,}",
        r"\bsk-[\w-]{20,}",
        r"\$(?:2[abxy]|apr1|argon2\w*|[156y])\$[^\s\"':,]{8,}",  # crypt(3) and htpasswd
    )
)
_TOKEN = re.compile(_TOKENS, re.DOTALL)
_TOKEN_HINT = re.compile(
    r"PRIVATE KEY|SECRET-KEY|A[KS]IA|AIza|ya29|\bgl\w+-|GR13|gh[oprsu]_|_pat_|xox|xapp|slack|_live_|"
    r"_test_|npm_|pypi-|dop_|hv[bs]\.|SG\.|sk-|\$[2a156y]"
)
_BASE64_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}={0,2}")
# These run over whatever a chart renders, megabytes without a blank included: none of them may look twice at
# the same stretch. Hence the possessive repeats, the looks behind, and the bounds.
_DOTTED = re.compile(r"(?<![\w.-])[\w-]++(?:\.[\w-]*+)++")
_JWT_HEAD = re.compile(r"\beyJ(?=[\w-]{6})")
_URL = re.compile(
    r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'<>]{0,300}+:)"
    r"(?P<secret>[^\s@\"'<>]{1,1000}+(?:@[^\s/?#@\"'<>]{1,300}+(?=@))*)(?=@)"
)
_HEADER = re.compile(r"(?i)(?P<head>\b(?:bearer|basic)\s+)(?P<secret>[A-Za-z0-9+/=._~-]{12,})")
_VALUE = (
    r"\{\{.{0,500}?\}\}|\$\{[^}]{0,500}\}|\"(?:[^\"\\\n]|\\.)*+\"|'[^'\n]*+'|"
    r"(?P<escaped>\\+[\"'])[^\n]{1,2000}?(?P=escaped)|[^\s\"',;&]++"
)
_FLAG = re.compile(
    r"(?<![\w-])(?P<head>--?(?P<key>[A-Za-z][\w-]*+)\s++)(?P<secret>\"[^\"\n]*+\"|'[^'\n]*+'|[^\s\"'-]\S*+)"
)
_KEY = re.compile(r"(?<![\w.-])(?P<key>[\w.-]++)\\*[\"']?[ \t]*+(?:=>|[:=]|\s[:=]|%3[AaDd])\s*+")
_AFTER_KEY = re.compile(_VALUE)
_SCALAR = re.compile(r"[|>][+-]?\d?[+-]?[ \t]*+(?:#[^\n]*+)?\n")
_MARGIN = re.compile(r"[ \t]*+(?:-[ \t]++)*+[\"']?\Z")
_LINE = re.compile(r"(?P<margin>[ \t]*+)(?P<text>[^\n]*+)\n?")
_WIDEST = 1000
# A list of values that are no mappings, and its items; each takes whole lines and is read once.
_ITEMS = re.compile(r"(?:[ \t]*+-[ \t]++(?![\w.\"'-]{1,200}+:[ \t\n])[^\n]++(?:\n|\Z))++")
_ITEM = re.compile(r"(?P<head>^[ \t]*+-[ \t]++)(?P<value>[^\n]++)", re.MULTILINE)
_INNER_KEY = re.compile(r"[\"']?[\w.-]++[\"']?:\s")
_INNER_PAIR = re.compile(r"[\"']?[\w.-]++[\"']?:[ \t]+\S")
_ENTRY = re.compile(
    r"(?P<head>\b(?:name|key)\\*[\"']?[ \t]{0,40}[:=][ \t]{0,40}"
    r"\\*[\"']?(?P<key>[\w.-]{1,200}+)\\*[\"']?[\s,]{1,80}"
    rf"\\*[\"']?value\\*[\"']?[ \t]{{0,40}}[:=]\s{{0,80}})(?P<secret>{_VALUE})"
)
_ELEMENT = re.compile(r"(?P<head><(?P<key>[\w.:-]++)(?:\s[^<>]{0,200})?>)(?P<secret>[^<>]++)(?=</)")
_PAIR_HINT = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth")
_USER = re.compile(r"(?P<head>\s-u\s+[\w.-]+:)(?P<secret>[^\s\"']+)")
_LONGEST_KEY = 200


def hide_shapes(text: str, hide: Hide) -> str:
    """The text with every secret in it masked that shows by its looks or by the key before it."""
    if len(text) < 6:
        return text
    if ".eyJ" in text:
        text = _DOTTED.sub(lambda found: _web_token(found.group(), hide), text)
    if _TOKEN_HINT.search(text):
        text = _TOKEN.sub(lambda found: hide(found.group(), True), text)
    if "LS0tLS1CRUdJTi" in text:
        text = _BASE64_PEM.sub(lambda found: _pem(found.group(), hide), text)
    if "://" in text:
        text = _URL.sub(lambda found: _replaced(found, hide), text)
    if _PAIR_HINT.search(text):
        text = _ENTRY.sub(lambda found: _by_key(found, hide), text)
        text = _pairs(text, hide)
        text = _FLAG.sub(lambda found: _by_key(found, hide), text)
        if "</" in text:
            text = _ELEMENT.sub(lambda found: _by_key(found, hide), text)
    text = _HEADER.sub(lambda found: _header(found, hide), text)
    return _USER.sub(lambda found: _replaced(found, hide), text) if " -u " in text else text


def _web_token(text: str, hide: Hide) -> str:
    """A JSON Web Token in words with dots between them: two of JSON objects, and a signature."""
    words = text.split(".")
    for index, (first, second) in enumerate(itertools.pairwise(words)):
        begins = _JWT_HEAD.search(first)
        if begins and _JWT_HEAD.match(second):
            before = ".".join([*words[:index], first[: begins.start()]])
            rest = ".".join(words[index + 3 :])
            token = ".".join([first[begins.start() :], *words[index + 1 : index + 3]])
            return before + hide(token, True) + (f".{rest}" if rest else "")
    return text


def _pairs(text: str, hide: Hide) -> str:
    """`key: value`, `key=value` and the like; what stands behind a harmless key is looked at in its turn.

    So is what stands behind a value that is a key itself, as in `auth: {clientSecret: x}`.
    """
    parts: list[str] = []
    done = 0
    heirs = _NOBODY
    for found in _KEY.finditer(text):
        if found.end() <= done:
            continue
        how = _secrecy(found["key"], escaped=text[found.start() - 1 : found.start()] == "\\")
        if how == "no" and not heirs.has(text, found):
            continue
        how = "sure" if how == "no" else how
        if hidden := _block(text, found, how, hide):
            parts += [text[done : found.end()], hidden[0]]
            done = hidden[1]
        elif how == "likely" and "\n" in found.group() and _INNER_KEY.match(text, found.end()):
            continue
        elif "\n" in found.group() and _INNER_PAIR.match(text, found.end()):
            heirs = _heirs_of(text, found) if found.start() >= heirs.end else heirs
        elif value := _AFTER_KEY.match(text, found.end()):
            parts += [text[done : found.end()], _value(value.group(), how, hide)]
            done = value.end()
    return "".join([*parts, text[done:]])


@dataclass(frozen=True, slots=True)
class _Heirs:
    """The keys right under one that says that all of them are secrets: up to `end`, at `column`."""

    end: int
    column: int | None

    def has(self, text: str, found: re.Match[str]) -> bool:
        """Whether this key is one of them."""
        inside = found.start() < self.end and found["key"] not in REFERRING
        return inside and _column(text, found.start()) == self.column


_NOBODY = _Heirs(0, None)


def _heirs_of(text: str, found: re.Match[str]) -> _Heirs:
    column = _column(text, found.start())
    if column is None:
        return _NOBODY
    return _Heirs(_deeper(text, found.end(), column), _column(text, found.end()))


def _block(text: str, found: re.Match[str], how: Secrecy, hide: Hide) -> tuple[str, int] | None:
    """YAML's literal block or list of values behind a key, hidden, and where it ends; None: there is none."""
    column = _column(text, found.start())
    if column is None:
        return None
    if scalar := _SCALAR.match(text, found.end()):
        end = _deeper(text, scalar.end(), column)
        return scalar.group() + _hidden_lines(text[scalar.end() : end], how, hide), end
    if "\n" in found.group() and (items := _ITEMS.match(text, found.end())):
        return _ITEM.sub(lambda it: it["head"] + _value(it["value"], how, hide), items.group()), items.end()
    return None


def _column(text: str, at: int) -> int | None:
    """Where in its line a key of YAML begins; None where other text stands before it."""
    begin = text.rfind("\n", max(0, at - _WIDEST), at) + 1
    if not begin and at > _WIDEST:
        return None
    before = text[begin:at]
    return len(before.rstrip("\"'")) if _MARGIN.match(before) else None


def _deeper(text: str, start: int, column: int) -> int:
    """The end of the lines from here on that are indented further than `column`, or blank."""
    at = text.rfind("\n", 0, start) + 1
    while at < len(text):
        line = _LINE.match(text, at)
        if line is None or (line["text"] and len(line["margin"]) <= column):
            break
        at = line.end()
    return at


def _hidden_lines(block: str, how: Secrecy, hide: Hide) -> str:
    secret = dedent(block).strip()
    if not could_be_secret(secret, how):
        return block
    margin = block[: len(block) - len(block.lstrip())]
    return f"{margin}{hide(secret, is_telling(secret, how))}\n"


def _secrecy(key: str, *, escaped: bool) -> Secrecy:
    """`escaped`: a backslash stands before it, so that its first letter may be a line feed's."""
    key = key[-_LONGEST_KEY:]
    how = secrecy(key)
    return secrecy(key[1:]) if how == "no" and escaped else how


def _pem(text: str, hide: Hide) -> str:
    try:
        start = base64.b64decode(text[: len(text) // 4 * 4][:200])
    except (binascii.Error, ValueError):
        return text
    return hide(text, True) if b"PRIVATE KEY" in start else text


def _replaced(found: re.Match[str], hide: Hide) -> str:
    secret = found["secret"]
    return found.group() if not could_be_secret(secret, "sure") else found["head"] + hide(secret, True)


def _header(found: re.Match[str], hide: Hide) -> str:
    secret = found["secret"]
    random = (
        any(c.isdigit() for c in secret)
        or secret.endswith("=")
        or not (secret[1:].islower() or secret.isupper())
    )
    return found["head"] + hide(secret, True) if random else found.group()


def _by_key(found: re.Match[str], hide: Hide) -> str:
    return found["head"] + _value(found["secret"], secrecy(found["key"][-_LONGEST_KEY:]), hide)


def _value(quoted: str, how: Secrecy, hide: Hide) -> str:
    """The value without its quotes hidden, if it can be a secret."""
    quote = _QUOTES.match(quoted)
    begin, end = quote.span("secret") if quote else (0, len(quoted))
    secret = quoted[begin:end]
    if not could_be_secret(secret, how):
        return quoted
    return quoted[:begin] + hide(secret, is_telling(secret, how)) + quoted[end:]


_QUOTES = re.compile(r"(?P<quote>\\*[\"'])(?P<secret>.+)(?P=quote)\Z", re.DOTALL)
