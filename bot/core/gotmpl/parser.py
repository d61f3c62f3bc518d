"""Parses a Go template. Functions are looked up when they are called, not here."""

from bot.core.gotmpl.lexer import Piece, Token, broken, pieces
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

MAX_DEPTH = 60
_OPENERS: dict[str, type[If | With | Range]] = {"if": If, "with": With, "range": Range}


def parse(text: str, file: str, first_line: int = 1) -> Template:
    """The template of this text; messages name `file` and lines from `first_line` on.

    Raises AuthorError (`template`).
    """
    return _Parser(list(pieces(text, file, first_line)), file).template()


class _Parser:
    """Walks over the pieces of one file."""

    def __init__(self, found: list[Piece], file: str) -> None:
        self._pieces = found
        self._file = file
        self._next = 0
        self._depth = 0
        self._loops = 0
        self._defined: dict[str, Template] = {}

    def template(self) -> Template:
        body, stop = self._body()
        if stop is not None:
            raise broken(f"`{stop.word}` stands here without what it belongs to.", self._file, stop.line)
        return Template(self._file, body, self._defined)

    def _body(self) -> tuple[Body, "_Action | None"]:
        """The nodes up to `end`, `else` or the end of the file, and what ended them."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            line = self._pieces[min(self._next, len(self._pieces) - 1)].line
            raise broken(f"This template is nested deeper than {MAX_DEPTH} levels.", self._file, line)
        nodes: list[Node] = []
        stop = None
        while stop is None and self._next < len(self._pieces):
            piece = self._pieces[self._next]
            self._next += 1
            if piece.text is not None:
                nodes.append(Text(piece.text, piece.line))
                continue
            action = _Action(piece, self._file)
            if action.word in ("end", "else"):
                stop = action
            else:
                node = self._node(action)
                nodes += [node] if node else []
        self._depth -= 1
        return tuple(nodes), stop

    def _node(self, action: "_Action") -> Node | None:
        match action.word:
            case "if" | "with" | "range":
                action.take()
                return self._branch(action, action.first)
            case "define":
                action.take()
                self._define(action.text(), action)
                return None
            case "block":
                action.take()
                name = action.text()
                pipe = action.pipe()
                self._define(name, action)
                return Call(name, pipe, action.line)
            case "template":
                action.take()
                name = action.text()
                return Call(name, None if action.done() else action.pipe(), action.line)
            case "break" | "continue":
                if not self._loops:
                    raise broken(f"`{action.word}` stands outside of a `range`.", self._file, action.line)
                return Leave(action.word == "continue")
            case _:
                return Show(action.pipe())

    def _branch(self, action: "_Action", word: str) -> Node:
        pipe = action.pipe(in_range=word == "range")
        self._loops += word == "range"
        body, stop = self._body()
        self._loops -= word == "range"
        otherwise: Body = ()
        if stop is not None and stop.word == "else":
            stop.take()
            if stop.word in ("if", "with"):
                stop.first = stop.word
                stop.take()
                self._depth += 1
                if self._depth > MAX_DEPTH:
                    raise broken("There are too many `else if` here.", self._file, stop.line)
                nested = self._branch(stop, stop.first)
                self._depth -= 1
                return _OPENERS[word](pipe, body, (nested,))
            otherwise, stop = self._body()
        if stop is None or stop.word != "end":
            raise broken(f"This `{word}` has no `end`.", self._file, action.line)
        return _OPENERS[word](pipe, body, otherwise)

    def _define(self, name: str, action: "_Action") -> None:
        loops, self._loops = self._loops, 0
        body, stop = self._body()
        self._loops = loops
        if stop is None or stop.word != "end":
            raise broken(f"The template {name!r} has no `end`.", self._file, action.line)
        if body or name not in self._defined:
            self._defined[name] = Template(self._file, body)


class _Action:
    """The tokens of one action, read from left to right."""

    def __init__(self, piece: Piece, file: str) -> None:
        self._tokens = [*piece.tokens]
        while self._tokens and self._tokens[-1].kind == "space":
            self._tokens.pop()
        self._file = file
        self._at = 0
        self.line = piece.line
        self._skip()
        self.first = self.word

    @property
    def word(self) -> str:
        """The word that stands here, or an empty text."""
        token = self._peek()
        return token.value if token and token.kind == "word" else ""

    def take(self) -> Token:
        """The next token; white space behind it is skipped."""
        token = self._raw()
        self._skip()
        return token

    def done(self) -> bool:
        return self._peek() is None

    def text(self) -> str:
        """A quoted text."""
        token = self.take()
        if token.kind != "text":
            raise self._wrong(token)
        return token.value

    def pipe(self, *, in_range: bool = False) -> Pipe:
        """A whole pipeline, up to the end of the action."""
        found = self._pipe(0, in_range)
        if not self.done():
            raise self._wrong(self.take())
        return found

    def _pipe(self, depth: int, in_range: bool = False) -> Pipe:
        if depth > MAX_DEPTH:
            raise broken("Too many parentheses stand in each other here.", self._file, self.line)
        names, declares = self._names(in_range)
        commands: list[tuple[Operand, ...]] = []
        while True:
            commands.append(self._command(depth))
            token = self._peek()
            if token is None or token.value != "|" or token.kind != "mark":
                break
            self.take()
        return Pipe(tuple(commands), self.line, names, declares)

    def _names(self, in_range: bool) -> tuple[tuple[str, ...], bool]:
        """`$a :=`, `$a =` or `$k, $v :=` at the beginning of a pipeline."""
        start, names = self._at, []
        while (token := self._peek()) and token.kind == "variable":
            names.append(self.take().value)
            token = self._peek()
            if token and token.kind == "mark" and token.value in (":=", "="):
                self.take()
                return tuple(names), token.value == ":="
            if not (in_range and token and token.kind == "mark" and token.value == "," and len(names) == 1):
                break
            self.take()
        self._at = start
        return (), True

    def _command(self, depth: int) -> tuple[Operand, ...]:
        operands: list[Operand] = []
        while (token := self._peek()) and not (token.kind == "mark" and token.value in "|)"):
            operands.append(self._operand(depth))
        if not operands:
            raise broken("Something is missing in this action.", self._file, self.line)
        return tuple(operands)

    def _operand(self, depth: int) -> Operand:
        token = self._raw()
        found: Operand
        match token.kind, token.value:
            case "field", name:
                found = Dot((name, *self._fields()))
            case "mark", ".":
                found = Dot(self._fields())
            case "variable", name:
                found = Variable(name, self._fields())
            case "text", value:
                found = Literal(value)
            case "number", value:
                found = Literal(self._number(token, value))
            case "word", ("true" | "false" | "nil") as value:
                found = Literal({"true": True, "false": False, "nil": None}[value])
            case "word", name:
                found = Function(name)
            case "mark", "(":
                self._skip()
                inner = self._pipe(depth + 1)
                if self.done() or (closing := self._raw()).value != ")" or closing.kind != "mark":
                    raise broken("A parenthesis is not closed in this action.", self._file, self.line)
                found = Group(inner, self._fields())
            case _:
                raise self._wrong(token)
        self._skip()
        return found

    def _fields(self) -> tuple[str, ...]:
        """The fields that follow without white space."""
        names = []
        while (token := self._peek()) and token.kind == "field":
            names.append(self._raw().value)
        return tuple(names)

    def _number(self, token: Token, value: str) -> int | float:
        digits = value.replace("_", "")
        try:
            if digits.lstrip("+-").isdigit():
                octal = digits.lstrip("+-").startswith("0") and len(digits.lstrip("+-")) > 1
                return int(digits, 8) if octal else int(digits)
            based = digits.lstrip("+-")[:2].lower() in ("0x", "0b", "0o")
            return int(digits, 0) if based else float(digits)
        except ValueError:
            raise self._wrong(token) from None

    def _peek(self) -> Token | None:
        return self._tokens[self._at] if self._at < len(self._tokens) else None

    def _raw(self) -> Token:
        token = self._peek()
        if token is None:
            raise broken("Something is missing in this action.", self._file, self.line)
        self._at += 1
        return token

    def _skip(self) -> None:
        while (token := self._peek()) and token.kind == "space":
            self._at += 1

    def _wrong(self, token: Token) -> Exception:
        return broken(f"`{token.value[:40]}` does not belong here.", self._file, token.line)
