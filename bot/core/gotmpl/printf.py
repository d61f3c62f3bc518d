"""Go's `printf` and its way of quoting."""

import re
from typing import Any, Final

from bot.core.gotmpl.values import Mistake, Struct, kind, printed, type_name

_VERB: Final = re.compile(r"%([-+# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(.)?", re.DOTALL)
_ESCAPES: Final = {
    "\a": "\\a", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v",
    '"': '\\"', "\\": "\\\\",
}  # fmt: skip
_WIDEST: Final = 1000


def quoted(text: str) -> str:
    """A text as Go's `%q` writes it."""
    return '"' + "".join(_quoted(character) for character in text) + '"'


def printf(form: Any, *values: Any) -> str:
    """Go's Sprintf for the verbs v, s, q, d, t, f, g, e, x, X, o, b, c, T. Raises Mistake for the others."""
    if not isinstance(form, str):
        raise Mistake("the first argument of printf is its format, a text")
    left = [*values]

    def one(found: re.Match[str]) -> str:
        flags, width, precision, verb = found.groups()
        if verb == "%":
            return "%"
        if verb is None or width == "*" or precision == "*":
            raise Mistake(f"the format {form!r} is not understood here")
        if not left:
            return f"%!{verb}(MISSING)"
        return _padded(_verb(verb, left.pop(0), flags, precision), flags, int(width or 0))

    text = _VERB.sub(one, form)
    if left:
        text += f"%!(EXTRA {', '.join(f'{type_name(v)}={printed(v, top=False)}' for v in left)})"
    return text


def _verb(verb: str, value: Any, flags: str, precision: str | None) -> str:
    number = isinstance(value, int) and not isinstance(value, bool)
    digits = int(precision or 0) if precision is not None else None
    if digits is not None and digits > _WIDEST:
        raise Mistake("this format is wider than it may be")
    match verb:
        case "v" if not isinstance(value, float) or digits is None:
            return _signed(printed(value, top=False), value, flags)
        case "s" if isinstance(value, str):
            return value[:digits] if digits is not None else value
        case "s" if isinstance(value, list | dict) and not isinstance(value, Struct):
            return printed(value, top=False)
        case "q" if isinstance(value, str):
            return quoted(value)
        case "t" if isinstance(value, bool):
            return printed(value)
        case "d" | "x" | "X" | "o" | "b" if number:
            return _signed(format(value, verb), value, flags)
        case "c" if number and 0 <= value < 0x110000:
            return chr(value)
        case "x" | "X" if isinstance(value, str):
            return format(value.encode().hex()) if verb == "x" else value.encode().hex().upper()
        case "f" | "F" | "e" if isinstance(value, float):
            return _signed(f"{value:.{6 if digits is None else digits}{verb}}", value, flags)
        case _:
            return _otherwise(verb, value, flags, digits)


def _otherwise(verb: str, value: Any, flags: str, digits: int | None) -> str:
    """What Go writes for a verb that does not fit its value. Raises Mistake for what is not followed."""
    if verb == "T":
        return type_name(value)
    if digits is not None or verb not in "vsqtdxXobcfFeg" or kind(value) == "struct":
        raise Mistake(f"%{verb} is not understood here")
    if verb == "g" and isinstance(value, float):
        return _signed(printed(value), value, flags)
    if value is None:
        return f"%!{verb}(<nil>)"
    return f"%!{verb}({type_name(value)}={printed(value, top=False)})"


def _signed(text: str, value: Any, flags: str) -> str:
    if "+" in flags and isinstance(value, int | float) and not isinstance(value, bool) and value >= 0:
        return f"+{text}"
    return text


def _padded(text: str, flags: str, width: int) -> str:
    if width > _WIDEST:
        raise Mistake("this format is wider than it may be")
    if "-" in flags:
        return text.ljust(width)
    if "0" in flags:
        sign = text[:1] if text[:1] in "+-" else ""
        return sign + text[len(sign) :].rjust(width - len(sign), "0")
    return text.rjust(width)


def _quoted(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    number = ord(character)
    if number < 0x80:
        return f"\\x{number:02x}"
    return f"\\u{number:04x}" if number < 0x10000 else f"\\U{number:08x}"
