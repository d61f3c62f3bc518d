"""Functions of templates that depend on the place: the target's variables and files of the checkout."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.values import Mistake, Unknown, Unknowns
from bot.core.layouts.files import Files, joined
from bot.core.layouts.helmfile_yaml import read_documents


@dataclass(frozen=True, slots=True)
class PlaceFunctions:
    """What a template in the directory `base` may call."""

    files: Files
    base: str
    variables: Mapping[str, str]
    unknowns: Unknowns

    def named(self, name: str, where: Where) -> Callable[..., Any] | None:
        """See the protocol Functions."""
        functions: dict[str, Callable[..., Any]] = {
            "env": lambda key: self._variable(key, where),
            "requiredEnv": lambda key: self._required(key, where),
            "readFile": lambda path: self._text(path, where),
            "isFile": lambda path: self._is_file(path, where),
            "isDir": lambda path: bool(self.files.names(joined(self.base, path, where=where))),
            "readDir": lambda path: self._directory(path, where),
            "fromYaml": lambda text: self._value(text, where),
            "fromJson": lambda text: self._value(text, where),
        }
        function = functions.get(name)
        return _checked(function) if function else None

    def _variable(self, key: str, where: Where) -> str | Unknown:
        value = self.variables.get(key)
        if value is None:
            return self.unknowns.add(f"the variable {key} is not among the target's `variables`", where)
        return value

    def _required(self, key: str, where: Where) -> str | Unknown:
        value = self._variable(key, where)
        if value == "":
            raise Mistake(f"the variable {key} is required, and it is empty")
        return value

    def _text(self, path: str, where: Where) -> str:
        text = self.files.text(joined(self.base, path, where=where))
        if text is None:
            raise Mistake(f"there is no file {path!r} to read")
        return text

    def _is_file(self, path: str, where: Where) -> bool:
        whole = joined(self.base, path, where=where)
        return not self.files.names(whole) and self.files.text(whole) is not None

    def _directory(self, path: str, where: Where) -> list[str]:
        whole = joined(self.base, path, where=where)
        names = self.files.names(whole)
        return [f"{path.rstrip('/')}/{name}" for name in names if not self.files.names(f"{whole}/{name}")]

    def _value(self, text: str, where: Where) -> Any:
        try:
            document = next(read_documents(text, where.file), None)
        except AuthorError as error:
            raise Mistake(f"the text is no YAML ({error.what.rstrip('.')})") from None
        return self.unknowns.revived(document.source.value) if document else None


def _checked(function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*arguments: Any) -> Any:
        if len(arguments) != 1 or not isinstance(arguments[0], str):
            raise Mistake("this function takes one text")
        return function(*arguments)

    return call


def helpers(files: Files, base: str) -> dict[str, str]:
    """The helper templates (`_*.tpl`) beside a file, by path."""
    found = {}
    for name in files.names(base):
        if name.startswith("_") and name.endswith(".tpl"):
            path = joined(base, name)
            found[path] = files.text(path) or ""
    return found
