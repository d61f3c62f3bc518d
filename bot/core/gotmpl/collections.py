"""Functions over lists, mappings and numbers, as sprig and helmfile have them."""

from collections.abc import Callable
from functools import reduce
from typing import Any

from bot.core.gotmpl.text import strval, text, whole
from bot.core.gotmpl.values import MAX_ITEMS, MAX_NESTING, Mistake, kind, truth, type_name


def mapping(value: Any) -> dict[str, Any]:
    """An argument that has to be a mapping. Raises Mistake."""
    if not isinstance(value, dict):
        raise Mistake(f"a mapping is wanted, not a value of kind {kind(value)}")
    return value


def sequence(value: Any) -> list[Any]:
    """An argument that has to be a list. Raises Mistake."""
    if not isinstance(value, list):
        raise Mistake(f"a list is wanted, not a value of kind {kind(value)}")
    return value


def _bounded(result: list[Any]) -> list[Any]:
    if len(result) > MAX_ITEMS:
        raise Mistake("the list grows too long")
    return result


def make_dict(*values: Any) -> dict[str, Any]:
    """A mapping of keys and values by turns; a missing last value is an empty text."""
    padded = [*values, ""] if len(values) % 2 else [*values]
    return {strval(key): value for key, value in zip(padded[::2], padded[1::2], strict=True)}


def make_list(*values: Any) -> list[Any]:
    """The arguments as a list."""
    return [*values]


def put(into: Any, key: Any, value: Any) -> dict[str, Any]:
    """sprig's set: changes the mapping itself and gives it."""
    mapping(into)[text(key)] = value
    return mapping(into)


def drop(into: Any, key: Any) -> dict[str, Any]:
    """sprig's unset: takes a key out of the mapping itself."""
    mapping(into).pop(text(key), None)
    return mapping(into)


def get_key(value: Any, key: Any) -> Any:
    """sprig's own get: an empty text for a key that is not there."""
    return mapping(value).get(text(key), "")


def has_key(value: Any, key: Any) -> bool:
    """Whether the mapping has the key."""
    return text(key) in mapping(value)


def get(path: Any, *rest: Any) -> Any:
    """helmfile's `get "a.b" [default] object`. Raises Mistake where nothing is there, without a default."""
    if len(rest) not in (1, 2):
        raise Mistake("get takes a path, perhaps a default, and an object")
    *default, value = rest
    for key in text(path).split(".") if path else []:
        if isinstance(value, dict) and key in value:
            value = value[key]
        elif isinstance(value, dict) and default:
            return default[0]
        else:
            raise Mistake(f"there is no value for the key {key!r}")
    return value


def get_or_nil(path: Any, value: Any) -> Any:
    """Like get, but nil where there is nothing."""
    try:
        return get(path, value)
    except Mistake:
        return None


def set_at(path: Any, value: Any, values: Any) -> Any:
    """helmfile's setValueAtPath: changes the mapping at a dotted path that is there."""
    *way, last = text(path).split(".")
    inner = mapping(values)
    for key in way:
        inner = mapping(inner.get(key))
    inner[last] = value
    return values


def keys(*values: Any) -> list[Any]:
    """Sorted, where sprig promises no order at all."""
    return [key for value in values for key in sorted(mapping(value))]


def values_of(value: Any) -> list[Any]:
    """The values, in the order of their keys."""
    return [mapping(value)[key] for key in sorted(value)]


def pick(value: Any, *names: Any) -> dict[str, Any]:
    """The mapping with only these keys."""
    return {name: mapping(value)[name] for name in names if name in value}


def omit(value: Any, *names: Any) -> dict[str, Any]:
    """The mapping without these keys."""
    return {key: item for key, item in mapping(value).items() if key not in names}


def pluck(name: Any, *values: Any) -> list[Any]:
    """What each mapping has for this key."""
    return [value[name] for value in values if name in mapping(value)]


def merge(into: Any, *others: Any) -> dict[str, Any]:
    """sprig's merge: what is there and not empty stays; the first mapping itself is changed."""
    for other in others:
        _merge(mapping(into), mapping(other), overwrite=False, depth=0)
    return mapping(into)


def merge_overwrite(into: Any, *others: Any) -> dict[str, Any]:
    """Like merge, but what comes later wins."""
    for other in others:
        _merge(mapping(into), mapping(other), overwrite=True, depth=0)
    return mapping(into)


def _merge(into: dict[str, Any], other: dict[str, Any], *, overwrite: bool, depth: int) -> None:
    if depth > MAX_NESTING:
        raise Mistake("the values are nested too deeply to be merged")
    for key, value in other.items():
        before = into.get(key)
        if isinstance(value, dict) and isinstance(before, dict) and before:
            _merge(before, value, overwrite=overwrite, depth=depth + 1)
        elif overwrite or key not in into or (not truth(before) and value is not None):
            into[key] = value


def dig(*arguments: Any) -> Any:
    """The value at a path of keys, or the default before the mapping."""
    if len(arguments) < 3:
        raise Mistake("dig takes at least a key, a default and a mapping")
    *path, default, value = arguments
    for key in path:
        if text(key) not in mapping(value):
            return default
        value = value[key]
    return value


def first(values: Any) -> Any:
    """The first item, or nil."""
    return next(iter(sequence(values)), None)


def last(values: Any) -> Any:
    """The last item, or nil."""
    return sequence(values)[-1] if values else None


def append(values: Any, *more: Any) -> list[Any]:
    """A new list with more at its end."""
    return _bounded([*sequence(values), *more])


def prepend(values: Any, value: Any) -> list[Any]:
    """A new list with one more at its beginning."""
    return _bounded([value, *sequence(values)])


def concat(*lists: Any) -> list[Any]:
    """One list of all lists' items."""
    return _bounded([item for one in lists for item in sequence(one)])


def has(needle: Any, values: Any) -> bool:
    """Whether the list holds the value."""
    return values is not None and any(same(needle, one) for one in sequence(values))


def same(one: Any, other: Any) -> bool:
    """Deep equality by Go's types: 1, 1.0 and true are three things."""
    return type_name(one) == type_name(other) and bool(one == other)


def without(values: Any, *unwanted: Any) -> list[Any]:
    """The list without these values."""
    return [one for one in sequence(values) if not any(same(one, other) for other in unwanted)]


def unique(values: Any) -> list[Any]:
    """The list with each value once."""
    found: list[Any] = []
    if len(sequence(values)) > 1000:
        raise Mistake("the list is too long for this function")
    for one in values:
        if not has(one, found):
            found.append(one)
    return found


def sorted_texts(values: Any) -> list[Any]:
    """The items as texts, sorted."""
    return sorted(strval(one) for one in (values if isinstance(values, list) else [values]))


def until(end: Any) -> list[Any]:
    """The numbers from 0 up to, and without, the end."""
    last_one = whole(end)
    return until_step(0, last_one, -1 if last_one < 0 else 1)


def until_step(start: Any, end: Any, step: Any) -> list[Any]:
    """The numbers from start to end in steps."""
    if whole(step) == 0 or abs(whole(end) - whole(start)) // abs(whole(step)) > MAX_ITEMS:
        raise Mistake("the list grows too long")
    return [*range(whole(start), whole(end), whole(step))]


def index(value: Any, *path: Any) -> Any:
    """What is at this path of keys and positions. Raises Mistake outside of a list."""
    for key in path:
        if isinstance(value, dict):
            value = value.get(text(key))
        elif isinstance(value, list) and isinstance(key, int) and not isinstance(key, bool):
            if not 0 <= key < len(value):
                raise Mistake(f"there is no item {key} in this list")
            value = value[key]
        else:
            raise Mistake(f"a value of kind {kind(value)} has nothing at {key!r}")
    return value


def cut(value: Any, *bounds: Any) -> Any:
    """Go's `slice` of a list or text."""
    if (
        not isinstance(value, list | str)
        or len(bounds) > 2
        or not all(isinstance(one, int) for one in bounds)
    ):
        raise Mistake("slice takes a list or a text and one or two numbers")
    start = bounds[0] if bounds else 0
    end = bounds[1] if len(bounds) == 2 else len(value)
    if not 0 <= start <= end <= len(value):
        raise Mistake("this part is outside of the value")
    return value[start:end]


def length(value: Any) -> int:
    """The bytes of a text, or the number of items. Raises Mistake."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, dict | list):
        return len(value)
    raise Mistake(f"a value of kind {kind(value)} has no length")


def folded(step: Callable[[int, int], int]) -> Callable[..., int]:
    """A function over whole numbers, from left to right, within 64 bits as Go has them."""
    return lambda *values: reduce(lambda a, b: _in_64_bits(step(a, b)), (whole(value) for value in values))


def _in_64_bits(number: int) -> int:
    return (number + 2**63) % 2**64 - 2**63


def divided(a: int, b: int) -> int:
    """Division that cuts towards zero. Raises Mistake for zero."""
    if b == 0:
        raise Mistake("a division by zero")
    return abs(a) // abs(b) * (1 if (a < 0) == (b < 0) else -1)


def remainder(a: int, b: int) -> int:
    """What divided leaves over, with the sign of the first."""
    return a - b * divided(a, b)
