"""Which keys say that their value is a secret, and which only seem to.

A key is taken apart into words (`DB_PASSWORD`, `apiKey`, `x/auth-token`). `sure` keys hide any value,
`likely` ones only values that could be secrets: no paths, no words such as true, nothing very short.
"""

import re
from functools import lru_cache
from typing import Literal

Secrecy = Literal["sure", "likely", "no"]

_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


_PASSWORDS = ("password", "passwords", "passwd", "passphrase", "pwd")
_REFERENCE = _words(
    "age annotation annotations class count enabled env expiration expiry field file files format generator "
    "hash header id ids keyref length lifetime location mode name names namespace path policy ref refs regex "
    "required rotation selector size source store ttl type url uri version"
)
"""A key that ends so tells about a secret without being one."""

_KEYS_OF = _words(
    "access account admin api app application auth encryption hmac license licence master private secret "
    "service session shared signing ssh storage webhook"
)
_SECRETS_OF = _words(
    "api app application auth client consumer cookie hmac jwt master oauth session shared signing token "
    "webhook"
)
_LIKELY = _words("token tokens credential credentials apikey apikeys privatekey accesskey accountkey")
_HEADERS = _words("auth authorization")


REFERRING = frozenset(
    {"name", "key", "namespace", "optional", "valueFrom", "secretKeyRef", "configMapKeyRef"}
)
"""Fields that say where a secret is, and hold none."""


@lru_cache(maxsize=4096)
def secrecy(key: str) -> Secrecy:
    """How surely a string under this key is a secret."""
    words = [word.lower() for word in _WORDS.findall(key.rpartition("/")[2])]
    if not words or words[-1] in _REFERENCE:
        return "no"
    last, before = words[-1], words[-2] if len(words) > 1 else ""
    if last == "pass" or any(word.endswith(_PASSWORDS) for word in words):
        return "no" if last in {"key", "secret", "secrets"} else "sure"
    if last == "key":
        return "likely" if before in _KEYS_OF else "no"
    if last in {"secret", "secrets"}:
        named = len(words) == 1 or before in _SECRETS_OF or key.isupper()
        return "likely" if named and before not in {"existing", "pull"} else "no"
    if last in _HEADERS:
        return "likely" if len(words) == 1 else "no"
    return "likely" if last in _LIKELY else "no"


_WORD = re.compile(r"(?i)(?:true|false|yes|no|on|off|none|null|auto|basic|bearer|default|enabled|disabled)\Z")
_REFERENCES = re.compile(
    r"\s*(?:\$\(\w+\)|\$\{?\w+\}?|\{\{.*\}\}|%\w+%|<[^<>]*>|\*+|x+|\|-?|>-?)\s*\Z", re.DOTALL
)


def could_be_secret(value: str, how: Secrecy) -> bool:
    """Whether such a value under such a key is to be hidden."""
    if how == "no" or not value.strip() or _REFERENCES.match(value):
        return False
    if how == "sure":
        return value not in {"true", "false", "null"}
    plain = len(value) >= 6 and not value.isdigit() and not _WORD.match(value)
    return plain and not value.startswith(("/", "./")) and "(" not in value


def is_telling(value: str, how: Secrecy) -> bool:
    """Whether a value is to be hidden wherever else it turns up.

    What is only likely a secret must look like one (letters and digits, eight or more): a plain word that
    stands under such a key would take that word out of every other text.
    """
    mixed = len(value) >= 8 and any(c.isdigit() for c in value) and any(c.isalpha() for c in value)
    return how == "sure" or (how == "likely" and mixed)
