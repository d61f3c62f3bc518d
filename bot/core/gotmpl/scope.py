"""Variables, fields and the output of a template that is being executed."""

from typing import Any, NamedTuple

from bot.core.gotmpl.values import MAX_ITEMS, Budget, Mistake, Struct, Unknown, kind


class Rendered(NamedTuple):
    """What a template wrote. `lines[n]` is the line of the template that line n (from 0) came from."""

    text: str
    lines: tuple[int, ...]

    def line(self, written: int) -> int:
        """The template's line for a line (from 1) of the text."""
        return self.lines[min(max(written, 1), len(self.lines)) - 1]


class Scope:
    """The dot, and the variables that can be seen."""

    def __init__(self, dot: Any, names: dict[str, Any], outer: "Scope | None" = None) -> None:
        self.dot = dot
        self._names = names
        self._outer = outer

    def child(self) -> "Scope":
        """A scope inside of this one."""
        return Scope(self.dot, {}, self)

    def declare(self, name: str, value: Any) -> None:
        self._names[name] = value

    def assign(self, name: str, value: Any) -> bool:
        """Changes a variable where it was declared; False if it was not."""
        found = self._holder(name)
        if found is not None:
            found._names[name] = value
        return found is not None

    def knows(self, name: str) -> bool:
        return self._holder(name) is not None

    def value(self, name: str) -> Any:
        """The value of a variable that is known."""
        found = self._holder(name)
        return found._names[name] if found is not None else None

    def _holder(self, name: str) -> "Scope | None":
        scope: Scope | None = self
        while scope is not None and name not in scope._names:
            scope = scope._outer
        return scope


class Output:
    """Collects text and remembers which line of the template each line came from."""

    def __init__(self, budget: Budget) -> None:
        self._parts: list[str] = []
        self._budget = budget
        self._lines: list[int | None] = [None]
        self._last = 1

    def text(self, text: str, line: int) -> None:
        """Text of the template itself, which begins at this line."""
        self._add(text, line, 1)

    def value(self, text: str, line: int) -> None:
        """Text that an action on this line wrote."""
        self._add(text, line, 0)

    def rendered(self) -> Rendered:
        lines, known = [], 1
        for line in self._lines:
            known = line or known
            lines.append(known)
        return Rendered("".join(self._parts), tuple(lines))

    def _add(self, text: str, line: int, step: int) -> None:
        self._budget.spend(text=len(text))
        self._parts.append(text)
        for at, part in enumerate(text.split("\n")):
            if at:
                self._lines.append(None)
            if self._lines[-1] is None and part.strip():
                self._lines[-1] = line + at * step


def field_of(value: Any, name: str) -> Any:
    """`.name` of a value. Raises Mistake as helmfile does for what is not there."""
    if isinstance(value, dict):
        if name in value:
            return value[name]
        if isinstance(value, Struct):
            raise Mistake(f"there is no field .{name} here")
        raise Mistake(f"the mapping has no entry for the key {name!r}")
    if value is None:
        raise Mistake(f".{name} is asked of nothing")
    raise Mistake(f".{name} is asked of a value of kind {kind(value)}")


def pairs(value: Any) -> list[tuple[Any, Any]]:
    """Keys and values as `range` goes through them. Raises Mistake for what it cannot go through."""
    match value:
        case None:
            return []
        case Unknown():
            return []
        case dict():
            return [(key, value[key]) for key in sorted(value)]
        case list():
            return [*enumerate(value)]
        case int() if not isinstance(value, bool):
            if value > MAX_ITEMS:
                raise Mistake("this range is too long")
            return [(at, at) for at in range(value)]
        case _:
            raise Mistake(f"range cannot go through a value of kind {kind(value)}")
