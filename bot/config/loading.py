"""From a YAML file to a Config, or to every problem that it has."""

import difflib
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, TypeVar, Union, get_args, get_origin

import yaml
from pydantic import BaseModel, ValidationError

from bot.config.charts import CredentialsFile, as_credentials
from bot.config.models import Config
from bot.core.chart_credential import ChartCredential
from bot.core.errors import AuthorError

Location: TypeAlias = tuple[str | int, ...]

_LIMIT = 1024 * 1024
_Root = TypeVar("_Root", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing to mend: where (`projects[0].targets[1].name`), the line (from 1), what, and a hint."""

    path: str
    line: int | None
    message: str
    hint: str = ""

    def __str__(self) -> str:
        place = "" if self.line is None else f"line {self.line}: "
        hint = f" ({self.hint})" if self.hint else ""
        return f"{place}{self.path}: {self.message}{hint}" if self.path else f"{place}{self.message}{hint}"


class ConfigInvalid(AuthorError):
    """The configuration cannot be used; `problems` are all of them, in the file's order."""

    def __init__(self, file: str, problems: tuple[Problem, ...]) -> None:
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        lines = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"{file} has {count}:\n{lines}", code="config-invalid")
        self.file = file
        self.problems = problems


class _Loader(yaml.CSafeLoader):
    """Plain YAML 1.1 scalars; what it adds is that nodes are walked for their lines."""


@dataclass(frozen=True, slots=True)
class _Document:
    data: Any
    lines: Mapping[Location, int]
    problems: tuple[Problem, ...]

    def line(self, location: Location) -> int | None:
        """The line of this place, or of the nearest one around it."""
        while location and location not in self.lines:
            location = location[:-1]
        return self.lines.get(location)


def _written(location: Location) -> str:
    path = ""
    for part in location:
        path += f"[{part}]" if isinstance(part, int) else f".{part}" if path else part
    return path


def _walk(node: yaml.Node, at: Location = (), within: tuple[int, ...] = ()) -> Iterator[tuple[Location, int]]:
    """Each place with its line (from 1); a mapping's value has the line of its key."""
    if id(node) in within:
        return
    within = (*within, id(node))
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if isinstance(key, yaml.ScalarNode):
                yield (*at, key.value), key.start_mark.line + 1
                yield from _walk(value, (*at, key.value), within)
    elif isinstance(node, yaml.SequenceNode):
        for index, value in enumerate(node.value):
            yield (*at, index), value.start_mark.line + 1
            yield from _walk(value, (*at, index), within)


def _read(text: str) -> _Document:
    loader = _Loader(text)
    try:
        node = loader.get_single_node()
        if node is None:
            return _Document(None, {}, ())
        lines: dict[Location, int] = {}
        problems = []
        for location, line in _walk(node):
            if location in lines and isinstance(location[-1], str):
                problems.append(
                    Problem(_written(location), line, f"stands twice, first in line {lines[location]}")
                )
            lines[location] = line
        return _Document(loader.construct_document(node), lines, tuple(problems))
    finally:
        loader.dispose()


def _model_at(root: type[BaseModel], location: Location) -> type[BaseModel] | None:
    """The model whose fields may stand at this place of the file."""
    current: Any = root
    for part in location:
        while get_origin(current) in (Union, types.UnionType):
            current = next((kind for kind in get_args(current) if kind is not types.NoneType), None)
        if isinstance(part, int):
            current = next(iter(get_args(current)), None)
        elif isinstance(current, type) and issubclass(current, BaseModel) and part in current.model_fields:
            current = current.model_fields[part].annotation
        else:
            return None
    return current if isinstance(current, type) and issubclass(current, BaseModel) else None


def _nearest(root: type[BaseModel], location: Location) -> str:
    model = _model_at(root, location[:-1])
    known = list(model.model_fields) if model else []
    near = difflib.get_close_matches(str(location[-1]), known, n=1, cutoff=0.5)
    return f"did you mean {near[0]}?" if near else f"known here: {', '.join(known)}" if known else ""


def _problems_of(error: ValidationError, document: _Document, root: type[BaseModel]) -> Iterator[Problem]:
    every = error.errors(include_url=False, include_input=False, include_context=False)
    broken = {found["loc"][:length] for found in every for length in range(len(found["loc"]))}
    for found in every:
        location: Location = found["loc"]
        if found["type"] == "too_short" and location in broken:
            continue  # its items are counted as missing because they have problems of their own
        path, line = _written(location), document.line(location)
        match found["type"]:
            case "extra_forbidden":
                yield Problem(path, line, "unknown key", _nearest(root, location))
            case "missing":
                yield Problem(path, line, "is missing")
            case _:
                message = found["msg"]
                yield Problem(path, line, message[:1].lower() + message[1:])


def _named_twice(document: _Document) -> Iterator[Problem]:
    """Projects and targets are named once; looked for in the raw data, so that no other mistake hides it."""
    match document.data:
        case {"projects": [*projects]}:
            yield from _repeated(document, ("projects",), projects, "path")
            for index, project in enumerate(projects):
                match project:
                    case {"targets": [*targets]}:
                        yield from _repeated(document, ("projects", index, "targets"), targets, "name")


def _repeated(document: _Document, at: Location, items: list[Any], name: str) -> Iterator[Problem]:
    seen: dict[str, int] = {}
    for index, item in enumerate(items):
        value = item.get(name) if isinstance(item, dict) else None
        if isinstance(value, str):
            if value in seen:
                where = (*at, index, name)
                first = _written((*at, seen[value]))
                yield Problem(_written(where), document.line(where), f"the same as that of {first}")
            seen.setdefault(value, index)


def _authenticated(document: _Document) -> Iterator[Problem]:
    match document.data:
        case {"webhook": {**webhook}} if not webhook.get("token") and not webhook.get("signing_tokens"):
            yield Problem("webhook", document.line(("webhook",)), "needs token or signing_tokens, or both")


def _parse(text: str) -> _Document:
    try:
        return _read(text)
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        what = getattr(error, "problem", None) or "cannot be read as YAML"
        line = mark.line + 1 if mark else None
    except (RecursionError, ValueError) as error:
        what, line = str(error) or "cannot be read as YAML", None
    hint = "indent with spaces, not tabs" if "\t" in text else ""
    return _Document(None, {}, (Problem("", line, what, hint),))


def load(path: str | Path, environ: Mapping[str, str]) -> Config:
    """The configuration in this file; secrets come from `environ` or files beside it.

    Raises ConfigInvalid with every problem at once.
    """
    return _load(Config, path, environ, "version: 1")


def load_credentials(path: str | Path, environ: Mapping[str, str]) -> tuple[ChartCredential, ...]:
    """The credentials of a file that holds nothing else, under the same rules. Raises ConfigInvalid."""
    return as_credentials(_load(CredentialsFile, path, environ, "credentials:").credentials)


def _load(root: type[_Root], path: str | Path, environ: Mapping[str, str], first: str) -> _Root:
    path = Path(path)

    def refuse(*problems: Problem) -> ConfigInvalid:
        return ConfigInvalid(str(path), tuple(sorted(problems, key=lambda each: each.line or 0)))

    try:
        if path.stat().st_size > _LIMIT:
            raise refuse(Problem("", None, f"the file is larger than {_LIMIT} bytes"))
        text = path.read_text(encoding="utf-8")
    except OSError as error:
        raise refuse(Problem("", None, f"cannot be read: {error.strerror}")) from None
    except UnicodeDecodeError:
        raise refuse(Problem("", None, "is not UTF-8 text")) from None
    document = _parse(text)
    if document.problems and document.data is None:
        raise refuse(*document.problems)
    if not isinstance(document.data, dict):
        raise refuse(Problem("", 1, f"expected a mapping that begins with {first}"))
    found = [*document.problems, *_named_twice(document), *_authenticated(document)]
    try:
        made = root.model_validate(document.data, context={"environ": environ, "root": path.parent})
    except ValidationError as error:
        raise refuse(*found, *_problems_of(error, document, root)) from None
    if found:
        raise refuse(*found)
    return made


def schema() -> dict[str, Any]:
    """The JSON schema (2020-12) of the file, made from the same models."""
    made = Config.model_json_schema(mode="validation")
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", **made}
