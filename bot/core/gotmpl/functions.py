"""Which functions the templates know, and which are refused by name."""

from collections.abc import Callable
from typing import Any, Final

from bot.core.gotmpl import collections as items
from bot.core.gotmpl import text as texts
from bot.core.gotmpl.collections import folded
from bot.core.gotmpl.printf import printf
from bot.core.gotmpl.text import text
from bot.core.gotmpl.values import Mistake, kind, truth, type_name


def _default(*values: Any) -> Any:
    if len(values) > 2:
        raise Mistake("default takes one value")
    return values[1] if len(values) == 2 and truth(values[1]) else values[0]


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if truth(value)), None)


def _required(message: Any, value: Any) -> Any:
    if value is None or value == "":
        raise Mistake(text(message))
    return value


def _fail(message: Any) -> Any:
    raise Mistake(text(message))


def _comparable(value: Any) -> str:
    return {"bool": "bool", "int": "int", "float64": "float", "string": "string"}.get(kind(value), "other")


def _equal(value: Any, *others: Any) -> bool:
    if not others:
        raise Mistake("eq compares at least two values")
    return any(_same(value, other) for other in others)


def _same(one: Any, other: Any) -> bool:
    if one is None or other is None:
        return one is other
    if _comparable(one) != _comparable(other):
        raise Mistake(f"values of kind {kind(one)} and {kind(other)} cannot be compared")
    if _comparable(one) == "other":
        raise Mistake(f"values of kind {kind(one)} cannot be compared")
    return bool(one == other)


def _less(one: Any, other: Any) -> bool:
    kinds = {_comparable(one), _comparable(other)}
    if len(kinds) != 1 or not kinds <= {"int", "float", "string"}:
        raise Mistake(f"values of kind {kind(one)} and {kind(other)} have no order")
    return bool(one.encode() < other.encode() if isinstance(one, str) else one < other)


def _greater(one: Any, other: Any) -> bool:
    return not _less(one, other) and not _same(one, other)


def _number(value: Any) -> float:
    try:
        return float(value) if isinstance(value, int | float | str) else 0.0
    except ValueError:
        return 0.0


PURE: Final[dict[str, tuple[Callable[..., Any], int, int | None]]] = {
    "not": (lambda value: not truth(value), 1, 1),
    "eq": (_equal, 1, None),
    "ne": (lambda one, other: not _same(one, other), 2, 2),
    "lt": (_less, 2, 2),
    "le": (lambda one, other: not _greater(one, other), 2, 2),
    "gt": (_greater, 2, 2),
    "ge": (lambda one, other: not _less(one, other), 2, 2),
    "len": (items.length, 1, 1),
    "index": (items.index, 1, None),
    "slice": (items.cut, 1, 3),
    "print": (texts.show, 0, None),
    "println": (texts.show_line, 0, None),
    "printf": (printf, 1, None),
    "default": (_default, 1, 2),
    "coalesce": (_coalesce, 0, None),
    "empty": (lambda value: not truth(value), 1, 1),
    "ternary": (texts.ternary, 3, 3),
    "required": (_required, 2, 2),
    "fail": (_fail, 1, 1),
    "all": (lambda *values: all(map(truth, values)), 0, None),
    "any": (lambda *values: any(map(truth, values)), 0, None),
    "kindOf": (kind, 1, 1),
    "kindIs": (lambda name, value: name == kind(value), 2, 2),
    "typeOf": (type_name, 1, 1),
    "typeIs": (lambda name, value: name == type_name(value), 2, 2),
    "quote": (texts.quote, 0, None),
    "squote": (texts.squote, 0, None),
    "indent": (texts.indent, 2, 2),
    "nindent": (texts.nindent, 2, 2),
    "trim": (texts.trim, 1, 1),
    "trimAll": (texts.trim_all, 2, 2),
    "trimSuffix": (texts.trim_suffix, 2, 2),
    "trimPrefix": (texts.trim_prefix, 2, 2),
    "upper": (lambda value: text(value).upper(), 1, 1),
    "lower": (lambda value: text(value).lower(), 1, 1),
    "title": (texts.title, 1, 1),
    "nospace": (texts.no_space, 1, 1),
    "replace": (texts.replace, 3, 3),
    "repeat": (texts.repeat, 2, 2),
    "trunc": (texts.trunc, 2, 2),
    "substr": (texts.substr, 3, 3),
    "contains": (lambda part, value: text(part) in text(value), 2, 2),
    "hasPrefix": (lambda part, value: text(value).startswith(text(part)), 2, 2),
    "hasSuffix": (lambda part, value: text(value).endswith(text(part)), 2, 2),
    "cat": (texts.cat, 0, None),
    "join": (texts.join, 2, 2),
    "split": (texts.split, 2, 2),
    "splitList": (texts.split_list, 2, 2),
    "toString": (texts.strval, 1, 1),
    "b64enc": (texts.encode, 1, 1),
    "b64dec": (texts.decode, 1, 1),
    "sha1sum": (lambda value: texts.digest("sha1", value), 1, 1),
    "sha256sum": (lambda value: texts.digest("sha256", value), 1, 1),
    "sha512sum": (lambda value: texts.digest("sha512", value), 1, 1),
    "adler32sum": (texts.adler32, 1, 1),
    "int": (texts.whole, 1, 1),
    "int64": (texts.whole, 1, 1),
    "atoi": (lambda value: texts.whole(text(value)), 1, 1),
    "float64": (_number, 1, 1),
    "add": (folded(lambda a, b: a + b), 1, None),
    "add1": (lambda value: texts.whole(value) + 1, 1, 1),
    "sub": (folded(lambda a, b: a - b), 2, 2),
    "mul": (folded(lambda a, b: a * b), 1, None),
    "div": (folded(items.divided), 2, 2),
    "mod": (folded(items.remainder), 2, 2),
    "max": (folded(max), 1, None),
    "min": (folded(min), 1, None),
    "list": (items.make_list, 0, None),
    "tuple": (items.make_list, 0, None),
    "dict": (items.make_dict, 0, None),
    "set": (items.put, 3, 3),
    "unset": (items.drop, 2, 2),
    "sprigGet": (items.get_key, 2, 2),
    "get": (items.get, 2, 3),
    "getOrNil": (items.get_or_nil, 2, 2),
    "setValueAtPath": (items.set_at, 3, 3),
    "hasKey": (items.has_key, 2, 2),
    "keys": (items.keys, 1, None),
    "values": (items.values_of, 1, 1),
    "pick": (items.pick, 1, None),
    "omit": (items.omit, 1, None),
    "pluck": (items.pluck, 1, None),
    "merge": (items.merge, 1, None),
    "mergeOverwrite": (items.merge_overwrite, 1, None),
    "dig": (items.dig, 3, None),
    "first": (items.first, 1, 1),
    "last": (items.last, 1, 1),
    "rest": (lambda values: items.sequence(values)[1:], 1, 1),
    "initial": (lambda values: items.sequence(values)[:-1], 1, 1),
    "append": (items.append, 2, 2),
    "push": (items.append, 2, 2),
    "prepend": (items.prepend, 2, 2),
    "concat": (items.concat, 0, None),
    "reverse": (lambda values: items.sequence(values)[::-1], 1, 1),
    "has": (items.has, 2, 2),
    "without": (items.without, 1, None),
    "uniq": (items.unique, 1, 1),
    "compact": (lambda values: [one for one in items.sequence(values) if truth(one)], 1, 1),
    "sortAlpha": (items.sorted_texts, 1, 1),
    "until": (items.until, 1, 1),
    "untilStep": (items.until_step, 3, 3),
    "base": (lambda value: text(value).rstrip("/").rpartition("/")[2] or ("/" if value else "."), 1, 1),
}
"""Functions of their arguments alone: the function, and how many arguments it takes at least and at most."""

KEEPS_MARKS: Final = frozenset({"indent", "nindent", "trim", "toYaml", "include", "tpl"})
"""Functions that leave the rest of a text readable when one value in it is unknown."""

REFUSED: Final[dict[str, str]] = {
    **dict.fromkeys(("exec", "envExec"), "it runs a program"),
    **dict.fromkeys(("fetchSecretValue", "expandSecretRefs"), "it asks a store of secrets"),
    **dict.fromkeys(
        ("now", "ago", "date", "dateInZone", "htmlDate", "htmlDateInZone", "unixEpoch"),
        "its result depends on the time",
    ),
    **dict.fromkeys(
        (
            "randAlphaNum", "randAlpha", "randAscii", "randNumeric", "randBytes", "randInt", "shuffle",
            "uuidv4", "genPrivateKey", "genCA", "genCAWithKey", "genSelfSignedCert",
            "genSelfSignedCertWithKey", "genSignedCert", "genSignedCertWithKey", "htpasswd", "bcrypt",
            "encryptAES",
        ),
        "its result differs each time",
    ),
    "getHostByName": "it asks the network",
    "expandenv": "it reads the environment of the machine",
    "osExt": "this reader does not know it",
}  # fmt: skip
"""Functions that are never run here, and why."""
