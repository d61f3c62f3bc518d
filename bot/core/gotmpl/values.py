"""Values inside a template: what is true, how they are printed, and what cannot be known here."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from bot.core.errors import AuthorError, Where

MAX_TEXT: Final = 5_000_000
MAX_ITEMS: Final = 100_000
MAX_NESTING: Final = 100
_OPEN, _CLOSE = "\ue000", "\ue001"


class Mistake(Exception):
    """What a function complains about; the place is added where it was called."""


class Struct(dict[str, Any]):
    """A mapping with fixed fields, as `.Release` is one: an unknown field is an error of its own kind."""


@dataclass(frozen=True, slots=True)
class Unknown:
    """A value that this machine must not or cannot compute. `feature` names why, `where` the place."""

    number: int
    feature: str
    where: Where

    @property
    def mark(self) -> str:
        """What stands for it in text."""
        return f"{_OPEN}{self.number}{_CLOSE}"


@dataclass(slots=True)
class Unknowns:
    """All unknown values of one reading, so that marks in text lead back to them."""

    known: list[Unknown] = field(default_factory=list)

    def add(self, feature: str, where: Where) -> Unknown:
        """A new one."""
        self.known.append(Unknown(len(self.known), feature, where))
        return self.known[-1]

    def within(self, value: Any) -> Iterator[Unknown]:
        """Those that a value holds, keys of mappings included."""
        waiting = [value]
        while waiting:
            one = waiting.pop()
            if isinstance(one, Unknown):
                yield one
            elif isinstance(one, str):
                yield from self._marked(one)
            elif isinstance(one, dict):
                waiting += [*one.keys(), *one.values()]
            elif isinstance(one, list):
                waiting += one

    def revived(self, value: Any) -> Any:
        """The value with every text that holds a mark replaced by the unknown value itself."""
        if isinstance(value, str):
            return next(self._marked(value), value)
        if isinstance(value, dict):
            return {key: self.revived(item) for key, item in value.items()}
        if isinstance(value, list):
            return [self.revived(item) for item in value]
        return value

    def _marked(self, text: str) -> Iterator[Unknown]:
        start = text.find(_OPEN)
        while start >= 0:
            number = text[start + 1 : start + 10].partition(_CLOSE)[0]
            if number.isascii() and number.isdigit() and int(number) < len(self.known):
                yield self.known[int(number)]
            else:
                yield Unknown(0, "a character of the private use area", Where("helmfile"))
            start = text.find(_OPEN, start + 1)


def is_unknown(value: Any) -> bool:
    """Whether a value, or a text that was made of it, is unknown."""
    return isinstance(value, Unknown) or (isinstance(value, str) and _OPEN in value)


@dataclass(slots=True)
class Budget:
    """What all templates of one reading may cost together, so that no author can keep the service busy."""

    steps: int = 2_000_000
    text: int = 40_000_000

    def spend(self, steps: int = 1, text: int = 0) -> None:
        """Raises AuthorError (`template-limit`) when nothing is left."""
        self.steps -= steps
        self.text -= text
        if self.steps < 0 or self.text < 0:
            raise AuthorError(
                "These templates take too long or write too much.",
                fix="Look for a loop that does not end, or for a value that grows without need.",
                code="template-limit",
            )


def truth(value: Any) -> bool:
    """What Go's templates take for true: nothing that is nil, zero or empty."""
    return bool(value)


def kind(value: Any) -> str:
    """The kind as Go's reflection names it."""
    match value:
        case None:
            return "invalid"
        case bool():
            return "bool"
        case int():
            return "int"
        case float():
            return "float64"
        case str():
            return "string"
        case Struct():
            return "struct"
        case dict():
            return "map"
        case _:
            return "slice"


def type_name(value: Any) -> str:
    """The type as Go's `%T` names it."""
    match value:
        case None:
            return "<nil>"
        case dict():
            return "map[string]interface {}"
        case list():
            return "[]interface {}"
        case _:
            return kind(value)


def real(value: float) -> str:
    """A float as Go's `%v` writes it: the fewest digits, with an exponent below 1e-4 and from 1e6 on."""
    return shortest(value, 6)


def shortest(value: float, threshold: int) -> str:
    """A float in the fewest digits, with an exponent from ten to the `threshold` on."""
    if math.isnan(value) or math.isinf(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    mantissa, _, exponent = f"{value!r}".partition("e")
    sign, digits = ("-", mantissa[1:]) if mantissa.startswith("-") else ("", mantissa)
    whole, _, fraction = digits.partition(".")
    fraction = "" if fraction == "0" else fraction
    point = len(whole) + int(exponent or 0)
    significant = (whole + fraction).lstrip("0")
    point -= len(whole + fraction) - len(significant)
    significant = significant.rstrip("0")
    if not significant:
        return sign + "0"
    if not -4 <= point - 1 < threshold:
        tail = f".{significant[1:]}" if len(significant) > 1 else ""
        return f"{sign}{significant[0]}{tail}e{point - 1:+03d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{significant}"
    padded = significant.ljust(point, "0")
    return f"{sign}{padded[:point]}" + (f".{padded[point:]}" if padded[point:] else "")


def printed(
    value: Any, *, top: bool = True, spend: Callable[[int], None] | None = None, depth: int = 0
) -> str:
    """A value as Go prints it with `%v`. Raises Mistake for what is nested too deeply."""
    if depth > MAX_NESTING:
        raise Mistake("the value is nested too deeply to be printed")
    if spend:
        spend(1)
    match value:
        case Unknown():
            return value.mark
        case None:
            return "<no value>" if top and depth == 0 else "<nil>"
        case bool():
            return "true" if value else "false"
        case float():
            return real(value)
        case dict():
            inner = (f"{key}:{printed(value[key], spend=spend, depth=depth + 1)}" for key in sorted(value))
            return f"map[{' '.join(inner)}]"
        case list():
            return f"[{' '.join(printed(one, spend=spend, depth=depth + 1) for one in value)}]"
        case _:
            return str(value)


def copied(value: Any, budget: Budget, depth: int = 0) -> Any:
    """A deep copy as plain data. Raises Mistake for deep nesting, AuthorError past the budget."""
    if depth > MAX_NESTING:
        raise Mistake("the value is nested too deeply")
    budget.spend()
    if isinstance(value, dict):
        return {key: copied(item, budget, depth + 1) for key, item in value.items()}
    if isinstance(value, list):
        return [copied(item, budget, depth + 1) for item in value]
    return value
