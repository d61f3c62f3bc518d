"""Loads one helmfile: its parts in order, each with its bases and the values of the environment."""

import posixpath
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.core.errors import AuthorError, Where
from bot.core.gotmpl.template import Engine
from bot.core.gotmpl.values import Struct, copied
from bot.core.layouts.files import Files
from bot.core.layouts.helmfile_entry import Entry, Report, with_texts
from bot.core.layouts.helmfile_environment import Environment
from bot.core.layouts.helmfile_functions import PlaceFunctions, helpers
from bot.core.layouts.helmfile_paths import local
from bot.core.layouts.helmfile_state import State
from bot.core.layouts.helmfile_state_values import StateValues
from bot.core.layouts.helmfile_yaml import UNSUPPORTED, read_documents

DEFAULT: Final = "default"
_MAX_FILES: Final = 500
_LOOKED_AT_LATER: Final = ("values", "environments", "helmfiles", "hooks", "templates", "releases")


@dataclass(slots=True)
class Loading:
    """One reading of a checkout. `name` is the environment that was chosen."""

    files: Files
    name: str
    variables: Mapping[str, str]
    engine: Engine
    report: Report = field(default_factory=Report)
    _left: int = _MAX_FILES

    def load(
        self, path: str, inherited: Environment | None = None, override: Environment | None = None
    ) -> State | None:
        """The helmfile at this path, or None where it does not know the environment: helmfile skips it then.

        Raises AuthorError where the file as a whole cannot be read.
        """
        return self._load(path, posixpath.dirname(path) or ".", inherited, override, is_base=False)

    def render(self, text: str, file: str, base: str, data: Mapping[str, Any], first_line: int = 1) -> Any:
        """A template of the directory `base`, rendered with these data; see Engine.render."""
        functions = PlaceFunctions(self.files, base, self.variables, self.engine.unknowns)
        engine = replace(self.engine, functions=functions)
        own = Struct({key: copied(value, engine.budget) for key, value in data.items()})
        return engine.render(text, own, file, first_line=first_line, helpers=helpers(self.files, base))

    def _load(
        self, path: str, base: str, env: Environment | None, override: Environment | None, *, is_base: bool
    ) -> State | None:
        text = self._text(path)
        has_values = env is not None or override is not None
        final: State | None = None
        for part, first_line in _parts(text):
            seen = env.over(override) if env else override
            for document in self._documents(part, path, base, first_line, seen):
                state = self._part(document, path, base, seen, is_base)
                final = state if final is None else final.then(state)
                env = final.environment
            if final is not None and final.environments and not is_base and self._is_undefined(final):
                return None
        if final is None:
            raise AuthorError("This helmfile is empty.", where=Where(path), code="empty")
        if not final.environments and not is_base and not has_values and self.name != DEFAULT:
            return None
        return final

    def _is_undefined(self, state: State) -> bool:
        name = state.environment.name
        return name != DEFAULT and name not in state.environments

    def _text(self, path: str) -> str:
        self._left -= 1
        if self._left < 0:
            raise AuthorError(
                f"More than {_MAX_FILES} helmfiles are named.", where=Where(path), code="template-limit"
            )
        text = self.files.text(path)
        if text is None:
            raise AuthorError("There is no such file.", where=Where(path), code="helmfile-missing")
        return text.replace("\r\n", "\n")

    def _documents(
        self, part: str, path: str, base: str, first_line: int, seen: Environment | None
    ) -> Iterator[Entry]:
        """The YAML documents of a part; one that holds nothing is an empty mapping."""
        found = list(self._read(part, path, base, first_line, seen))
        if not found:
            found = [Entry({}, next(read_documents("{}", path)).source, ())]
        yield found[0]
        yield from found[1:]

    def _read(
        self, part: str, path: str, base: str, first_line: int, seen: Environment | None
    ) -> Iterator[Entry]:
        wanted = path.endswith(".gotmpl") or self.variables.get("HELMFILE_RENDER_YAML") == "true"
        if not wanted:
            try:
                yield from self._entries(part, path, lambda line: line + first_line - 1)
                return
            except AuthorError as error:
                if error.code != "yaml" or "{{" not in part:
                    raise
            self.report.warning(
                "helmfile-template",
                Where(path),
                "This file is a template, as helmfile 0.x takes it; helmfile 1.x renders only *.gotmpl.",
                "Name it .gotmpl, or set HELMFILE_RENDER_YAML to true.",
            )
        env = seen or Environment(self.name)
        values = self.engine.unknowns.revived(env.merged)
        data = {"Environment": env.shown, "Namespace": "", "Values": values, "StateValues": values}
        rendered = self.render(part, path, base, data, first_line)
        yield from self._entries(rendered.text, path, rendered.line)

    def _entries(self, text: str, path: str, line_of: Any) -> Iterator[Entry]:
        for document in read_documents(text, path, line_of):
            value = document.source.value
            if value is None:
                continue
            if not isinstance(value, dict):
                self._refuse_unknown(value, document.source.at())
                raise AuthorError(
                    "A helmfile holds a mapping, with `releases` for instance.",
                    where=document.source.at(),
                    code="not-a-mapping",
                )
            own = with_texts(value, document.raw)
            self._refuse_unknown(own, document.source.at())
            yield Entry(own, document.source, ())

    def _refuse_unknown(self, value: Any, where: Where) -> None:
        """Nothing outside of a release could be left out alone; values stay, as unknown ones."""
        if isinstance(value, dict):
            value = {key: item for key, item in value.items() if key not in _LOOKED_AT_LATER}
        unknown = next(self.engine.unknowns.within(value), None)
        if unknown is not None:
            raise AuthorError(
                f"What stands here cannot be known: {unknown.feature}.", where=unknown.where, code=UNSUPPORTED
            )

    def _part(self, top: Entry, path: str, base: str, seen: Environment | None, is_base: bool) -> State:
        state = State.of(top, path, base, seen or Environment(self.name), self.report)
        named = top.texts("bases")
        if named and is_base:
            raise top.wrong("nested-base", "A base cannot have bases itself; helmfile refuses it.", "bases")
        layers = [self._base(top, at, one, base, seen) for at, one in enumerate(named)]
        whole: State | None = None
        for layer in [*layers, state]:
            whole = layer if whole is None else layer.above(whole)
        whole = whole or state
        whole.file, whole.base = path, base
        values = StateValues(self.files, self.report, self.engine.unknowns, self.render)
        whole.environment = values.environment(whole, self.name, seen)
        return whole

    def _base(self, top: Entry, at: int, name: str, base: str, seen: Environment | None) -> State:
        path = local(name, base, top.at("bases", at), "This base")
        found = self._load(path, base, seen, None, is_base=True)
        if found is None:
            raise top.wrong("helmfile-missing", "This base holds nothing.", "bases", at)
        return found


def _parts(text: str) -> Iterator[tuple[str, int]]:
    """The parts between lines of `---`, each with the line that it begins on."""
    line = 1
    for part in text.split("\n---\n"):
        yield part, line
        line += part.count("\n") + 2
