"""Executes a parsed template."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final, NoReturn, Protocol

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.functions import KEEPS_MARKS, PURE, REFUSED
from bot.core.gotmpl.nodes import (
    Body,
    Call,
    Dot,
    Function,
    Group,
    If,
    Leave,
    Literal,
    Node,
    Operand,
    Pipe,
    Range,
    Show,
    Template,
    Text,
    Variable,
    With,
)
from bot.core.gotmpl.parser import parse
from bot.core.gotmpl.scope import Output, Scope, field_of, pairs
from bot.core.gotmpl.values import MAX_TEXT, Budget, Mistake, Unknown, Unknowns, is_unknown, printed, truth
from bot.core.gotmpl.yaml import to_json, to_yaml

_MAX_CALLS: Final = 100


class Functions(Protocol):
    """The functions that depend on where a template stands (`readFile`, `env`, …), by their names."""

    def named(self, name: str, where: Where) -> Callable[..., Any] | None:
        """The function, or None where there is none of that name. It may raise Mistake or AuthorError."""
        ...


@dataclass(frozen=True, slots=True)
class Means:
    """What the templates of one reading share."""

    functions: Functions
    unknowns: Unknowns = field(default_factory=Unknowns)
    budget: Budget = field(default_factory=Budget)
    unsupported: str = "helmfile-unsupported"


class _Leave(Exception):
    """Leaves the innermost range."""

    def __init__(self, goes_on: bool) -> None:
        super().__init__()
        self.goes_on = goes_on


class Run:
    """One execution; `defined` are the templates that can be called by name."""

    def __init__(self, means: Means, defined: dict[str, Template], calls: int = 0) -> None:
        self._means = means
        self._defined = defined
        self._calls = calls

    def body(self, template: Template, body: Body, scope: Scope, out: Output) -> None:
        """Writes what these nodes write."""
        for node in body:
            self._means.budget.spend()
            self._node(template, node, scope, out)

    def _node(self, template: Template, node: Node, scope: Scope, out: Output) -> None:
        match node:
            case Text(text, line):
                out.text(text, line)
            case Show(pipe):
                value = self._pipe(template, pipe, scope)
                if not pipe.names:
                    out.value(self._shown(value), pipe.line)
            case If(pipe, body, otherwise) | With(pipe, body, otherwise):
                inner = scope.child()
                value = self._pipe(template, pipe, inner)
                chosen = self._decided(value, template, pipe.line)
                if chosen and isinstance(node, With):
                    inner.dot = value
                self.body(template, body if chosen else otherwise, inner, out)
            case Range():
                self._range(template, node, scope, out)
            case Call(name, pipe, line):
                value = self._pipe(template, pipe, scope) if pipe else None
                self._call(name, value, out, Where(template.file, line))
            case Leave(goes_on):
                raise _Leave(goes_on)

    def _range(self, template: Template, node: Range, scope: Scope, out: Output) -> None:
        line, names = node.pipe.line, node.pipe.names
        outer = scope.child()
        value = self._pipe(template, Pipe(node.pipe.commands, line), outer)
        self._decided(value, template, line)
        try:
            found = pairs(value)
        except Mistake as mistake:
            self._wrong(str(mistake), template, line)
        for key, item in found:
            self._means.budget.spend()
            inner = outer.child()
            inner.dot = item
            for name, one in zip(reversed(names), (item, key), strict=False):
                inner.declare(name, one) if node.pipe.declares else inner.assign(name, one)
            try:
                self.body(template, node.body, inner, out)
            except _Leave as leave:
                if not leave.goes_on:
                    break
        if not found:
            self.body(template, node.otherwise, outer, out)

    def _call(self, name: str, value: Any, out: Output, where: Where) -> None:
        template = self._defined.get(name)
        if template is None:
            raise AuthorError(f"There is no template {name!r}.", where=where, code="template")
        self._calls += 1
        if self._calls > _MAX_CALLS:
            raise AuthorError("Templates call each other too deeply.", where=where, code="template-limit")
        self.body(template, template.body, Scope(value, {"$": value}), out)
        self._calls -= 1

    def _pipe(self, template: Template, pipe: Pipe, scope: Scope) -> Any:
        value: Any = None
        for at, command in enumerate(pipe.commands):
            self._means.budget.spend()
            try:
                value = self._command(template, command, scope, pipe.line, [value] if at else [])
            except Mistake as mistake:
                self._wrong(str(mistake), template, pipe.line)
            except RecursionError:
                self._wrong("the value is nested too deeply", template, pipe.line)
        for name in pipe.names:
            if pipe.declares:
                scope.declare(name, value)
            elif not scope.assign(name, value):
                self._wrong(f"the variable {name} is not declared", template, pipe.line)
        return value

    def _command(
        self, template: Template, command: tuple[Operand, ...], scope: Scope, line: int, piped: list[Any]
    ) -> Any:
        first, *rest = command
        if not isinstance(first, Function):
            if rest or piped:
                raise Mistake("a value that is no function is given arguments")
            return self._operand(template, first, scope, line)
        if first.name in ("and", "or"):
            return self._joined(template, first.name, rest, scope, line, piped)
        arguments = [self._operand(template, one, scope, line) for one in rest]
        return self._function(first.name, arguments + piped, template, line)

    def _joined(
        self, template: Template, name: str, rest: list[Operand], scope: Scope, line: int, piped: list[Any]
    ) -> Any:
        """`and` and `or`, which stop at the first value that decides."""
        value: Any = None
        for at in range(len(rest) + len(piped)):
            value = self._operand(template, rest[at], scope, line) if at < len(rest) else piped[0]
            if is_unknown(value) or truth(value) == (name == "or"):
                return value
        return value

    def _operand(self, template: Template, operand: Operand, scope: Scope, line: int) -> Any:
        match operand:
            case Literal(value):
                return value
            case Dot(fields):
                return self._fields(scope.dot, fields)
            case Variable(name, fields):
                if not scope.knows(name):
                    raise Mistake(f"the variable {name} is not declared")
                return self._fields(scope.value(name), fields)
            case Group(pipe, fields):
                return self._fields(self._pipe(template, pipe, scope.child()), fields)
            case Function(name):
                return self._function(name, [], template, line)

    def _fields(self, value: Any, fields: tuple[str, ...]) -> Any:
        for name in fields:
            if isinstance(value, Unknown):
                return value
            value = field_of(value, name)
        return value

    def _function(self, name: str, arguments: list[Any], template: Template, line: int) -> Any:
        where = Where(template.file, line)
        unknown = next((one for one in arguments if is_unknown(one)), None)
        if (
            unknown is not None
            and (name not in KEEPS_MARKS or isinstance(unknown, Unknown))
            and name != "toYaml"
        ):
            return self._means.unknowns.revived(unknown)
        if name in REFUSED:
            return self._means.unknowns.add(f"`{name}` is not run: {REFUSED[name]}", where)
        result = self._called(name, arguments, where)
        if isinstance(result, str):
            if len(result) > MAX_TEXT:
                raise Mistake("the text grows too long")
            self._means.budget.spend(text=len(result))
            return result if name in KEEPS_MARKS else self._means.unknowns.revived(result)
        if isinstance(result, list):
            self._means.budget.spend(len(result))
        return result

    def _called(self, name: str, arguments: list[Any], where: Where) -> Any:
        match name, arguments:
            case "include", [str() as wanted, value]:
                inner = Output(self._means.budget)
                self._call(wanted, value, inner, where)
                return inner.rendered().text
            case "tpl", [str() as text, value]:
                return self._tpl(text, value, where)
            case "toYaml", [value]:
                return to_yaml(value, self._means.budget)
            case (("toJson" | "mustToJson" | "toPrettyJson" | "toRawJson"), [value]):
                pretty, escape = name == "toPrettyJson", name != "toRawJson"
                return to_json(value, self._means.budget, pretty=pretty, escape=escape)
        known = PURE.get(name)
        if known is None:
            own = self._means.functions.named(name, where)
            if own is None:
                return self._means.unknowns.add(f"the function `{name}` is not known to this reader", where)
            return own(*arguments)
        call, least, most = known
        if len(arguments) < least or (most is not None and len(arguments) > most):
            raise Mistake(f"{name} is given {len(arguments)} arguments")
        return call(*arguments)

    def _tpl(self, text: str, value: Any, where: Where) -> str:
        """Renders a text as a template of its own."""
        self._calls += 1
        if self._calls > _MAX_CALLS:
            raise AuthorError("Templates call each other too deeply.", where=where, code="template-limit")
        inner, out = parse(text, where.file, where.line or 1), Output(self._means.budget)
        own = Run(self._means, {**self._defined, **inner.defined}, self._calls)
        own.body(inner, inner.body, Scope(value, {"$": value}), out)
        self._calls -= 1
        return out.rendered().text

    def _shown(self, value: Any) -> str:
        try:
            return printed(value, spend=self._means.budget.spend)
        except Mistake as mistake:
            raise AuthorError(str(mistake), code="template") from None

    def _decided(self, value: Any, template: Template, line: int) -> bool:
        if is_unknown(value):
            unknown = next(self._means.unknowns.within(value))
            raise AuthorError(
                f"What is written here depends on what cannot be known: {unknown.feature} ({unknown.where}).",
                where=Where(template.file, line),
                code=self._means.unsupported,
            )
        return truth(value)

    def _wrong(self, what: str, template: Template, line: int) -> NoReturn:
        raise AuthorError(
            f"The template cannot be executed: {what}.", where=Where(template.file, line), code="template"
        )
