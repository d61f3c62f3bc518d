"""What a YAML scalar means to Kubernetes, by sigs.k8s.io/yaml: YAML 1.1 as Go reads it, then JSON."""

import base64
import binascii
import math
import re
from typing import Any, Final

_WORDS: Final[dict[str, bool | None]] = {
    "": None,
    "~": None,
    **dict.fromkeys(("null", "Null", "NULL"), None),
    **dict.fromkeys(("y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
}
_NUMERIC_START: Final = frozenset("0123456789+-.")
_INTEGER: Final = re.compile(r"([-+]?)(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0[oO]?([0-7]+)|(0|[1-9][0-9]*))")
_FLOAT: Final = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE: Final = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_WIDEST_INT: Final = 1 << 64
_JSON_PLAIN: Final = 1e21
"""Go writes whole floats below this as integers into JSON, so that they are integers to every reader."""


def plain(text: str) -> Any:
    """The value of an unquoted scalar. Raises ValueError for infinities and NaN, which JSON cannot hold."""
    if text in _WORDS:
        return _WORDS[text]
    if text[0] not in _NUMERIC_START:
        return text
    if _NOT_FINITE.fullmatch(text):
        raise ValueError(f"{text} cannot be written as JSON; quote it if it is meant as text.")
    digits = text.replace("_", "")
    number = _integer(digits)
    if number is not None:
        return number
    if not _FLOAT.fullmatch(digits):
        return text
    real = float(digits)
    if math.isinf(real):
        return text
    return int(real) if real.is_integer() and abs(real) < _JSON_PLAIN else real


def tagged(text: str, tag: str | None, *, plain: bool) -> Any:
    """The value of a scalar with an explicit tag, or with none (`plain` says that it was not quoted).

    Raises ValueError, in words for the author, where text and tag do not fit together.
    """
    if tag is None or tag == "!":
        return _plain(text) if plain else text
    name = tag.removeprefix("tag:yaml.org,2002:")
    if name == "binary":
        return _decoded(text)
    wanted = _TYPES.get(name)
    if wanted is None:
        return text
    value = _plain(text)
    if name == "float" and isinstance(value, int) and not isinstance(value, bool):
        return value
    if not isinstance(value, wanted) or (isinstance(value, bool) and name != "bool"):
        raise ValueError(f"The tag !!{name} does not fit this value.")
    return value


_plain = plain
_TYPES: Final[dict[str, type]] = {"int": int, "float": float, "bool": bool, "null": type(None)}


def _integer(digits: str) -> int | None:
    found = _INTEGER.fullmatch(digits)
    if not found:
        return None
    sign, hexadecimal, binary, octal, decimal = found.groups()
    for text, base in ((hexadecimal, 16), (binary, 2), (octal, 8), (decimal, 10)):
        if text and len(text) <= 64:
            number = int(text, base)
            if number < _WIDEST_INT and (sign != "-" or number <= _WIDEST_INT >> 1):
                return -number if sign == "-" else number
    return None


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise ValueError("!!binary wants base64 of UTF-8 text.") from None
