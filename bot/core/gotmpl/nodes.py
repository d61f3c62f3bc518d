"""What a parsed Go template consists of."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias, Union


@dataclass(frozen=True, slots=True)
class Literal:
    """A number, text, boolean or nil."""

    value: str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Dot:
    """`.`, or `.a.b` with the names in `fields`."""

    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Variable:
    """`$` or `$name`, with fields behind it."""

    name: str
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """A function's name."""

    name: str


@dataclass(frozen=True, slots=True)
class Group:
    """A pipeline in parentheses, with fields behind it."""

    pipe: "Pipe"
    fields: tuple[str, ...] = ()


Operand: TypeAlias = Literal | Dot | Variable | Function | Group


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands joined by `|`; each is an operand with arguments. `names` are declared or assigned."""

    commands: tuple[tuple[Operand, ...], ...]
    line: int
    names: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True, slots=True)
class Text:
    """Text that is copied."""

    text: str
    line: int


@dataclass(frozen=True, slots=True)
class Show:
    """An action that prints what its pipeline gives (nothing if that declares a variable)."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class If:
    """`if`; `otherwise` holds the `else` part, an `else if` inside of it."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body" = ()


@dataclass(frozen=True, slots=True)
class With:
    """`with`: like `if`, and the dot becomes the value."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body" = ()


@dataclass(frozen=True, slots=True)
class Range:
    """`range` over a list, a mapping or a number."""

    pipe: Pipe
    body: "Body"
    otherwise: "Body" = ()


@dataclass(frozen=True, slots=True)
class Call:
    """`template`: runs another one, without a pipeline with nil."""

    name: str
    pipe: Pipe | None
    line: int


@dataclass(frozen=True, slots=True)
class Leave:
    """`break` or `continue`."""

    goes_on: bool


Node: TypeAlias = Union[Text, Show, If, With, Range, Call, Leave]  # noqa: UP007 (it names itself below)
Body: TypeAlias = tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Template:
    """A parsed file: its own body and the templates that it defines by name."""

    file: str
    body: Body
    defined: Mapping[str, "Template"] = field(default_factory=dict)
