"""A mapping of a helmfile with its place, and what was found wrong while reading."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from bot.core.composing import Path, Source
from bot.core.errors import AuthorError, Where
from bot.core.layouts.form import finding_of, shown
from bot.core.layouts.helmfile_yaml import as_written, boolean
from bot.core.model import Finding, Level
from bot.core.values import described

_TEXTS: Final = frozenset(
    "name namespace chart version condition kubeContext directory valuesPathPrefix installedTemplate "
    "conditionTemplate waitTemplate verifyTemplate missingFileHandler url username password path value file "
    "kubeVersion template mergeStrategy description forceNamespace".split()
)
_TEXT_MAPS: Final = frozenset(("labels", "commonLabels"))
_TEXT_LISTS: Final = frozenset(("needs", "bases", "selectors", "defaultInherit"))


@dataclass(slots=True)
class Report:
    """The findings of one reading, in the order in which they were met."""

    findings: list[Finding] = field(default_factory=list)

    def error(self, code: str, where: Where, message: str, fix: str = "") -> None:
        self._add(Level.ERROR, code, where, message, fix)

    def warning(self, code: str, where: Where, message: str, fix: str = "") -> None:
        self._add(Level.WARNING, code, where, message, fix)

    def info(self, code: str, where: Where, message: str, fix: str = "") -> None:
        self._add(Level.INFO, code, where, message, fix)

    def take(self, error: AuthorError) -> None:
        """Keeps an error; the same one is kept only once."""
        finding = finding_of(error)
        if finding not in self.findings:
            self.findings.append(finding)

    def _add(self, level: Level, code: str, where: Where, message: str, fix: str) -> None:
        finding = Finding(level, code, f"{where}: {message}", fix)
        if finding not in self.findings:
            self.findings.append(finding)


@dataclass(frozen=True, slots=True)
class Entry:
    """A mapping and where it stands."""

    value: Mapping[str, Any]
    source: Source
    path: Path

    def at(self, *keys: str | int) -> Where:
        """The place of what is inside, or of the nearest thing around it."""
        return self.source.at(*self.path, *keys)

    def but(self, **changed: Any) -> "Entry":
        """The same with these keys changed."""
        return replace(self, value={**self.value, **changed})

    def text(self, key: str) -> str:
        """A text, empty where there is none. Raises AuthorError (`not-a-text`)."""
        value = self.value.get(key)
        if value is None or isinstance(value, str):
            return value or ""
        raise self.wrong("not-a-text", f"`{key}` takes a text, not {described(value)}.", key)

    def flag(self, key: str) -> bool | None:
        """A boolean, None where there is none. Raises AuthorError (`not-a-boolean`)."""
        value = self.value.get(key)
        found = boolean(value)
        if value is not None and found is None:
            raise self.wrong("not-a-boolean", f"`{key}` takes true or false, not {described(value)}.", key)
        return found

    def items(self, key: str) -> list[Any]:
        """A list, empty where there is none. Raises AuthorError (`not-a-list`)."""
        value = self.value.get(key)
        if value is None or isinstance(value, list):
            return value or []
        raise self.wrong("not-a-list", f"`{key}` takes a list, not {described(value)}.", key)

    def texts(self, key: str) -> list[str]:
        """A list of texts. Raises AuthorError (`not-a-list`, `not-a-text`)."""
        for at, one in enumerate(self.items(key)):
            if not isinstance(one, str):
                raise self.wrong("not-a-text", f"A text is wanted here, not {described(one)}.", key, at)
        return self.items(key)

    def mapping(self, key: str) -> Mapping[str, Any]:
        """A mapping, empty where there is none. Raises AuthorError (`not-a-mapping`)."""
        value = self.value.get(key)
        if value is None or isinstance(value, Mapping):
            return value or {}
        raise self.wrong("not-a-mapping", f"`{key}` takes a mapping, not {described(value)}.", key)

    def entries(self, key: str) -> list["Entry"]:
        """The mappings of a list. Raises AuthorError (`not-a-list`, `not-a-mapping`)."""
        found = []
        for at, one in enumerate(self.items(key)):
            if not isinstance(one, dict):
                raise self.wrong("not-a-mapping", f"A mapping is wanted here, not {described(one)}.", key, at)
            found.append(Entry(one, self.source, (*self.path, key, at)))
        return found

    def inside(self, key: str) -> dict[str, "Entry"]:
        """The mappings of a mapping; null is an empty one. Raises AuthorError (`not-a-mapping`)."""
        found = {}
        for name, one in self.mapping(key).items():
            if one is not None and not isinstance(one, dict):
                raise self.wrong("not-a-mapping", f"A mapping is wanted, not {described(one)}.", key, name)
            found[name] = Entry(one or {}, self.source, (*self.path, key, name))
        return found

    def wrong(self, code: str, message: str, *keys: str | int, fix: str = "") -> AuthorError:
        """An error at a place inside."""
        return AuthorError(message, where=self.at(*keys), fix=fix, code=code)

    def unknown(self, known: frozenset[str], report: Report) -> None:
        """Complains about each key that helmfile does not know: it refuses the whole file then."""
        for key in self.value:
            if key not in known:
                report.error(
                    "unknown-key",
                    self.at(key),
                    f"`{shown(str(key))}` is not known here, and helmfile 1.x refuses a file with it.",
                    "Take it out, or mend its spelling.",
                )


def with_texts(value: Any, raw: Any, key: str = "") -> Any:
    """A helmfile's document with numbers as they were written, where helmfile asks for a text.

    Values of charts and environments are left as they are.
    """
    if key in ("values", "valuesTemplate"):
        return value
    if key in ("set", "setString", "setTemplate", "env") and isinstance(value, list):
        pairs = zip(value, raw if isinstance(raw, list) else value, strict=False)
        return [_set_value(one, other) for one, other in pairs]
    if isinstance(value, dict):
        other = raw if isinstance(raw, dict) else value
        return {
            name: as_written(item, other.get(name))
            if name in _TEXTS or key in _TEXT_MAPS
            else with_texts(item, other.get(name), name)
            for name, item in value.items()
        }
    if isinstance(value, list):
        others = raw if isinstance(raw, list) and len(raw) == len(value) else value
        pairs = zip(value, others, strict=True)
        return [as_written(a, b) if key in _TEXT_LISTS else with_texts(a, b) for a, b in pairs]
    return value


def _set_value(value: Any, raw: Any) -> Any:
    if not isinstance(value, dict) or not isinstance(raw, dict):
        return value
    return {
        key: as_written(item, raw.get(key)) if key in ("name", "value", "file") else item
        for key, item in value.items()
    }
