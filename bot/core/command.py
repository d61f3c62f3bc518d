"""Commands in notes.

    note     = { line }              only the writer's own lines count (core/prose.py)
    command  = "/helm" [ blank word { blank argument } ]      at the line's start, ASCII case does not matter
    word     = a name of COMMANDS; bare "/helm" means help
    argument = value | "--" name [ "=" value | blank value ]
    value    = one or more of A-Z a-z 0-9 . _ / : @ + - , not beginning with "-"
    blank    = one or more spaces or tabs

The rest of a line may be free text where the command takes a reason. There is no quoting, no escaping, no
variable and no second command in a line; nothing here ever reaches a shell. What a name may be (a release
that exists, a target of the project) is judged where it is known.
"""

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

from bot.core.nearest import nearest
from bot.core.prose import own_lines

RoleName: TypeAlias = Literal["reporter", "developer", "maintainer", "owner"]

MOST_COMMANDS = 10
"""Per note; the next line is answered with a refusal, and what follows it is not looked at."""

LONGEST_LINE = 500
LONGEST_NOTE = 100_000
"""Characters; commands stand at the beginning of notes, and the parser runs between deliveries."""


@dataclass(frozen=True, slots=True)
class Spec:
    """A command: how many arguments (`most` None: any number), which options, who may, what it does.

    `flags` take no value. `free_text` makes the arguments one text.
    """

    name: str
    usage: str
    does: str
    least_role: RoleName
    least: int = 0
    most: int | None = 0
    options: tuple[str, ...] = ("target",)
    flags: tuple[str, ...] = ()
    free_text: bool = False


COMMANDS: Mapping[str, Spec] = {
    spec.name: spec
    for spec in (
        Spec("help", "", "lists the commands that you may use", "reporter", options=()),
        Spec(
            "plan",
            "[release…] [--target T]",
            "plans again",
            "developer",
            most=None,
            options=("target", "release"),
        ),
        Spec(
            "diff",
            "RELEASE [--full] [--target T]",
            "shows the whole diff of a release",
            "developer",
            least=1,
            most=1,
            flags=("full",),
        ),
        Spec("status", "[--target T]", "says what runs now", "reporter"),
        Spec(
            "history",
            "RELEASE [--target T]",
            "says what ran before, and since when",
            "reporter",
            least=1,
            most=1,
        ),
        Spec(
            "deploy",
            "[--recover] [--target T]",
            "deploys a held, failed or not yet deployed merge; --recover: also where a crash left a release "
            "pending",
            "maintainer",
            flags=("recover",),
        ),
        Spec(
            "rollback",
            "RELEASE [REVISION] [--revert] [--recover] [--target T]",
            "shows what a rollback would do, with a code to confirm; --revert: also opens the merge request "
            "that takes the merge back in Git; --recover: also where a crash left the release pending",
            "maintainer",
            least=1,
            most=2,
            flags=("revert", "recover"),
        ),
        Spec(
            "confirm", "CODE", "does the rollback that was shown", "maintainer", least=1, most=1, options=()
        ),
        Spec("cancel", "[--target T]", "stops what is queued or waiting", "developer"),
        Spec("lock", "[--target T] [reason]", "freezes a target", "maintainer", free_text=True),
        Spec("unlock", "[--target T]", "releases a target", "maintainer"),
        Spec("drift", "[--target T]", "looks for what the cluster has and Git does not say", "developer"),
        Spec("verify", "[--target T]", "checks what was deployed", "developer"),
    )
}


@dataclass(frozen=True, slots=True)
class Command:
    """A command that is well formed. A flag that is given has the value `""`."""

    name: str
    args: tuple[str, ...] = ()
    options: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Unknown:
    """No such command: the word (printable ASCII, at most 40 characters) and the nearest that there is."""

    word: str
    hint: str | None


@dataclass(frozen=True, slots=True)
class Malformed:
    """Something of the grammar does not hold. `reason` is a sentence that quotes nothing but plain ASCII."""

    reason: str


Parsed: TypeAlias = Command | Unknown | Malformed

_VALUE = re.compile(r"[A-Za-z0-9._/:@+][A-Za-z0-9._/:@+-]*")
_SHOWN = re.compile(r"[^A-Za-z0-9._/:@+=-]")
# Letters that are drawn like those of /helm; compatibility forms are folded by NFKC before.
_LIKE_HELM = {
    ord(letter): plain
    for plain, letters in {"/": "∕⁄⧸", "h": "һհнʜη", "e": "еёєεҽ", "l": "ӏіıιǀ", "m": "мʍμ"}.items()
    for letter in letters
}
_INVISIBLE = ("Cc", "Cf", "Co", "Cs", "Zl", "Zp")


def parse(note: str) -> tuple[Parsed, ...]:
    """The commands of a note, in order; empty where it holds none."""
    found: list[Parsed] = []
    for line in own_lines(note[:LONGEST_NOTE]):
        parsed = _line(line.lstrip(" "))
        if parsed is None:
            continue
        if len(found) == MOST_COMMANDS:
            found.append(Malformed(f"more than {MOST_COMMANDS} commands in one note"))
            break
        found.append(parsed)
    return tuple(found)


def _line(line: str) -> Parsed | None:
    first = re.split(r"\s", line[:64], maxsplit=1)[0]
    if first.lower() != "/helm" or not first.isascii():
        if first.isascii() or not _looks_like_helm(first):
            return None
        return Malformed(
            "the line looks like a /helm command but is written with other letters; type it anew"
        )
    rest = line[len(first) :]
    if len(line) > LONGEST_LINE:
        return Malformed(f"the line is longer than {LONGEST_LINE} characters")
    if any(unicodedata.category(letter) in _INVISIBLE for letter in rest.replace("\t", " ")):
        return Malformed("the line holds invisible or control characters; type it anew")
    words = [word for word in re.split(r"[ \t]+", rest) if word]
    return _command(words) if words else Command("help")


def _looks_like_helm(word: str) -> bool:
    bare = "".join(letter for letter in word if unicodedata.category(letter) not in ("Cf", "Mn", "Cc"))
    return unicodedata.normalize("NFKC", bare).lower().translate(_LIKE_HELM) == "/helm"


def _command(words: list[str]) -> Parsed:
    word, arguments = words[0], words[1:]
    spec = COMMANDS.get(word.lower()) if word.isascii() else None
    if spec is None:
        shown = _shown(word)
        return Unknown(shown, nearest(shown, COMMANDS))
    if spec.free_text:
        return _free_text(spec, arguments)
    args: list[str] = []
    options: dict[str, str] = {}
    waiting = iter(arguments)
    for argument in waiting:
        if not argument.startswith("-"):
            if problem := _bad_value(argument):
                return problem
            args.append(argument)
            continue
        read = _option(spec, argument, lambda: next(waiting, None))
        if isinstance(read, Malformed):
            return read
        name, value = read
        if name in options:
            return Malformed(f"--{name} is given twice")
        options[name] = value
    return _counted(spec, args) or Command(spec.name, tuple(args), options)


def _shown(text: str) -> str:
    return _SHOWN.sub("?", text)[:40]


def _bad_value(value: str) -> Malformed | None:
    if _VALUE.fullmatch(value):
        return None
    return Malformed(f"{_shown(value)} holds characters that no argument may have")


def _option(spec: Spec, argument: str, following: Callable[[], str | None]) -> tuple[str, str] | Malformed:
    name, equals, value = argument.removeprefix("--").partition("=")
    if not argument.startswith("--") or name not in (*spec.options, *spec.flags):
        known = ", ".join(f"--{each}" for each in (*spec.options, *spec.flags)) or "none"
        shown = _shown(argument.partition("=")[0])
        return Malformed(f"{spec.name} has no option {shown}; it has {known}")
    if name in spec.flags:
        return Malformed(f"--{name} takes no value") if equals else (name, "")
    given = value if equals else following()
    if not given or given.startswith("-"):
        return Malformed(f"--{name} needs a value")
    return _bad_value(given) or (name, given)


def _counted(spec: Spec, args: list[str]) -> Malformed | None:
    usage = f"/helm {spec.name} {spec.usage}".rstrip()
    if len(args) < spec.least:
        return Malformed(f"{spec.name} needs more arguments: {usage}")
    if spec.most is not None and len(args) > spec.most:
        return Malformed(f"{spec.name} takes fewer arguments: {usage}")
    return None


def _free_text(spec: Spec, words: list[str]) -> Parsed:
    options: dict[str, str] = {}
    if words and words[0].startswith("--"):
        rest = iter(words[1:])
        read = _option(spec, words[0], lambda: next(rest, None))
        if isinstance(read, Malformed):
            return read
        options[read[0]], words = read[1], list(rest)
    return Command(spec.name, (" ".join(words),) if words else (), options)
