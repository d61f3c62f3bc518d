"""Resource quantities in their canonical form (`1000m` and `1` are one; `0.5Gi` is `512Mi`)."""

import re
from fractions import Fraction
from math import ceil

_FORM = re.compile(r"^([+-]?(?:\d+\.?\d*|\.\d+))([EPTGMk]i?|Ki|[numkMGTPE]|[eE][+-]?\d+)?$")
_BINARY = ("", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei")
_DECIMAL = ("n", "u", "m", "", "k", "M", "G", "T", "P", "E")


def canonical(text: object) -> str | None:
    """The canonical form of a quantity, or None where it is none."""
    found = _FORM.match(str(text))
    if found is None:
        return None
    number, suffix = Fraction(found[1]), found[2] or ""
    if suffix.endswith("i"):
        value = number * 1024 ** _BINARY.index(suffix)
        return _scaled(value, 1024, _BINARY) if abs(value) >= 1024 else _decimal(value)
    if suffix[:1] in ("e", "E") and suffix != "E":
        return _exponent(number * Fraction(10) ** int(suffix[1:]))
    return _decimal(number * Fraction(1000) ** (_DECIMAL.index(suffix) - 3))


def _decimal(value: Fraction) -> str:
    return _scaled(Fraction(ceil(value * 10**9)), 1000, _DECIMAL)


def _scaled(value: Fraction, step: int, suffixes: tuple[str, ...]) -> str:
    number = ceil(value)
    if number == 0:
        return "0"
    place = 0
    while number % step == 0 and place < len(suffixes) - 1:
        number //= step
        place += 1
    return f"{number}{suffixes[place]}"


def _exponent(value: Fraction) -> str:
    number, power = ceil(value * 10**9), -9
    while number and number % 1000 == 0:
        number //= 1000
        power += 3
    return f"{number}e{power}" if power and number else str(number)
