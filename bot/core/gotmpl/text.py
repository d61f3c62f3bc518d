"""Text functions of the templates, as sprig has them."""

import base64
import binascii
import hashlib
import zlib
from typing import Any

from bot.core.gotmpl.printf import quoted
from bot.core.gotmpl.values import MAX_TEXT, Mistake, kind, printed

_GO_SPACE = " \t\n\v\f\r\x85\xa0"


def text(value: Any) -> str:
    """An argument that has to be a text. Raises Mistake."""
    if not isinstance(value, str):
        raise Mistake(f"a text is wanted, not a value of kind {kind(value)}")
    return value


def strval(value: Any) -> str:
    """Any value as text, as sprig makes one."""
    return printed(value, top=False) if value is not None else "<nil>"


def whole(value: Any) -> int:
    """A whole number out of anything that sprig would take, 0 where it finds none."""
    match value:
        case bool():
            return int(value)
        case int():
            return value
        case float():
            return int(value) if abs(value) < 2**63 else 0
        case str():
            return _parsed(value)
        case _:
            return 0


def _parsed(value: str) -> int:
    try:
        return int(value, 0) if value.strip() == value and len(value) < 25 and "_" not in value else 0
    except ValueError:
        stripped = value.lstrip("0")
        short = stripped.isascii() and stripped.isdigit() and len(stripped) < 20
        return int(stripped) if short and value != stripped else 0


def _bounded(result: str) -> str:
    if len(result) > MAX_TEXT:
        raise Mistake("the text grows too long")
    return result


def quote(*values: Any) -> str:
    """Each value in double quotes, nil left out."""
    return " ".join(quoted(strval(value)) for value in values if value is not None)


def squote(*values: Any) -> str:
    """Each value in single quotes, nil left out."""
    return " ".join(f"'{strval(value)}'" for value in values if value is not None)


def indent(spaces: Any, value: Any) -> str:
    """Spaces before each line. Raises Mistake for what grows too long."""
    width, given = whole(spaces), text(value)
    if not 0 <= width <= 1000:
        raise Mistake("this indentation is not possible")
    if (given.count("\n") + 1) * width > MAX_TEXT:
        raise Mistake("the text grows too long")
    pad = " " * width
    return pad + given.replace("\n", f"\n{pad}")


def nindent(spaces: Any, value: Any) -> str:
    """A new line, then indent."""
    return f"\n{indent(spaces, value)}"


def replace(old: Any, new: Any, value: Any) -> str:
    """Puts another text for each occurrence. Raises Mistake for what grows too long."""
    given, put = text(value), text(new)
    if given.count(text(old)) * len(put) > MAX_TEXT:
        raise Mistake("the text grows too long")
    return given.replace(old, put)


def repeat(count: Any, value: Any) -> str:
    """The text several times. Raises Mistake for what grows too long."""
    times = whole(count)
    if times < 0 or times * len(text(value)) > MAX_TEXT:
        raise Mistake("this cannot be repeated so often")
    return text(value) * times


def trunc(length: Any, value: Any) -> str:
    """The first characters, or for a negative number the last."""
    size, given = whole(length), text(value)
    if size < 0:
        return given[size:] if len(given) + size > 0 else given
    return given[:size]


def substr(start: Any, end: Any, value: Any) -> str:
    """The characters from start to end; a negative bound is none."""
    first, last, given = whole(start), whole(end), text(value)
    if first < 0:
        return given[:last] if 0 <= last <= len(given) else given
    return given[first:] if last < 0 or last > len(given) else given[first:last]


def ternary(yes: Any, no: Any, value: Any) -> Any:
    """One of two values. Raises Mistake where no boolean decides."""
    if not isinstance(value, bool):
        raise Mistake("ternary decides by a boolean")
    return yes if value else no


def split(separator: Any, value: Any) -> dict[str, Any]:
    """The parts as a mapping with the keys `_0`, `_1` and so on."""
    return {f"_{at}": part for at, part in enumerate(split_list(separator, value))}


def split_list(separator: Any, value: Any) -> list[Any]:
    """The parts as a list."""
    if not text(separator):
        return [*text(value)]
    return [*text(value).split(separator)]


def join(separator: Any, values: Any) -> str:
    """The items as one text."""
    parts = values if isinstance(values, list) else [values] if values is not None else []
    return _bounded(text(separator).join(strval(part) for part in parts if part is not None))


def title(value: Any) -> str:
    """The first letter of each word in upper case."""
    result, start = [], True
    for character in text(value):
        result.append(character.upper() if start and len(character.upper()) == 1 else character)
        start = character in _GO_SPACE
    return "".join(result)


def encode(value: Any) -> str:
    """Base64 of the text."""
    return base64.b64encode(text(value).encode()).decode()


def decode(value: Any) -> str:
    """The text of base64. Raises Mistake."""
    try:
        return base64.b64decode(text(value).replace("\n", "").replace("\r", ""), validate=True).decode()
    except (binascii.Error, ValueError):
        raise Mistake("this is not base64 of UTF-8 text") from None


def digest(name: str, value: Any) -> str:
    """A hexadecimal checksum: sha1, sha256, sha512 or md5."""
    return hashlib.new(name, text(value).encode(), usedforsecurity=False).hexdigest()


def adler32(value: Any) -> str:
    """The Adler-32 checksum as a decimal number."""
    return str(zlib.adler32(text(value).encode()))


def cat(*values: Any) -> str:
    """The values with a space between each two, nil left out."""
    return _bounded(" ".join(strval(value) for value in values if value is not None))


def no_space(value: Any) -> str:
    """The text without white space."""
    return "".join(character for character in text(value) if character not in _GO_SPACE)


def trim(value: Any) -> str:
    """The text without white space around it."""
    return text(value).strip(_GO_SPACE)


def trim_all(characters: Any, value: Any) -> str:
    """The text without these characters around it."""
    return text(value).strip(text(characters)) if characters else text(value)


def trim_suffix(suffix: Any, value: Any) -> str:
    """The text without this end."""
    return text(value).removesuffix(text(suffix))


def trim_prefix(prefix: Any, value: Any) -> str:
    """The text without this beginning."""
    return text(value).removeprefix(text(prefix))


def show(*values: Any) -> str:
    """Go's Sprint: a space between two neighbours of which neither is a text."""
    shown = ""
    for at, value in enumerate(values):
        if at and not isinstance(value, str) and not isinstance(values[at - 1], str):
            shown += " "
        shown += printed(value, top=False)
    return _bounded(shown)


def show_line(*values: Any) -> str:
    """Go's Sprintln: spaces between all values, and a line break."""
    return _bounded(" ".join(printed(value, top=False) for value in values) + "\n")
