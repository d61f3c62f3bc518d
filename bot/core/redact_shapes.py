"""Secrets that can be told by their looks, wherever they stand in a text."""

import base64
import binascii
import re
from collections.abc import Callable

from bot.core.redact_keys import could_be_secret, secrecy

Hide = Callable[[str, bool], str]
"""Gives the mask of a value; the flag says whether to remember it, to hide it elsewhere too."""

_TOKENS = "|".join(
    (
        r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----.*?(?:-----END [A-Z0-9 ]*PRIVATE KEY[A-Z ]*-----|\Z)",
        r"AGE-SECRET-KEY-1[0-9A-Z]{40,}",
        r"\beyJ[\w-]{6,}\.eyJ[\w-]{6,}(?:\.[\w-]*)?",  # JSON Web Token
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
    r"PRIVATE KEY|SECRET-KEY|eyJ|A[KS]IA|AIza|ya29|\bgl\w+-|GR13|gh[oprsu]_|_pat_|xox|xapp|slack|_live_|"
    r"_test_|npm_|pypi-|dop_|hv[bs]\.|SG\.|sk-|\$[2a156y]"
)
_BASE64_PEM = re.compile(r"LS0tLS1CRUdJTi[A-Za-z0-9+/]{20,}={0,2}")
_URL = re.compile(r"(?P<head>\b[A-Za-z][A-Za-z0-9+.-]{1,20}://[^\s/:@\"'<>]*:)(?P<secret>[^\s@\"'<>]+)(?=@)")
_HEADER = re.compile(r"(?i)(?P<head>\b(?:bearer|basic)\s+)(?P<secret>[A-Za-z0-9+/=._~-]{12,})")
_FLAG = re.compile(r"(?P<head>--?(?P<key>[A-Za-z][\w-]*)\s+)(?P<secret>\"[^\"\n]*\"|'[^'\n]*'|[^\s\"'-]\S*)")
_PAIR = re.compile(
    r"(?P<head>(?P<key>[A-Za-z_][\w.-]*)[\"']?\s?[:=]\s*(?:[\"']{2}\Z)?)"
    r"(?P<secret>\{\{.*?\}\}|\$\{[^}]*\}|\"(?:[^\"\\\n]|\\.)*\"|'[^'\n]*'|[^\s\"',;&]+)"
)
_PAIR_HINT = re.compile(r"(?i)pass|pwd|secret|token|key|cred|auth")
_USER = re.compile(r"(?P<head>\s-u\s+[\w.-]+:)(?P<secret>[^\s\"']+)")


def hide_shapes(text: str, hide: Hide) -> str:
    """The text with every secret in it masked that shows by its looks or by the key before it."""
    if len(text) < 6:
        return text
    if _TOKEN_HINT.search(text):
        text = _TOKEN.sub(lambda found: hide(found.group(), True), text)
    if "LS0tLS1CRUdJTi" in text:
        text = _BASE64_PEM.sub(lambda found: _pem(found.group(), hide), text)
    if "://" in text:
        text = _URL.sub(lambda found: _replaced(found, hide), text)
    if _PAIR_HINT.search(text):
        text = _PAIR.sub(lambda found: _by_key(found, hide), text)
        text = _FLAG.sub(lambda found: _by_key(found, hide), text)
    text = _HEADER.sub(lambda found: _header(found, hide), text)
    return _USER.sub(lambda found: _replaced(found, hide), text) if " -u " in text else text


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
    how = secrecy(found["key"])
    if how == "no":
        return found.group()
    quoted = found["secret"]
    quote = quoted[0] if len(quoted) > 1 and quoted[0] in "\"'" and quoted[-1] == quoted[0] else ""
    secret = quoted[1:-1] if quote else quoted
    if not could_be_secret(secret, how):
        return found.group()
    return f"{found['head']}{quote}{hide(secret, how == 'sure')}{quote}"
